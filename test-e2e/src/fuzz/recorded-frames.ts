/** Frames as chargers send them, one of each kind; what the byte mutator begins with. `#` stands for an id of its own. */
export const recordedFrames: readonly string[] = [
  '[2,"#","BootNotification",{"chargePointVendor":"Acme","chargePointModel":"One","chargePointSerialNumber":"S-1","firmwareVersion":"1.4.2"}]',
  '[2,"#","Heartbeat",{}]',
  '[2,"#","Authorize",{"idTag":"04A1B2C3"}]',
  '[2,"#","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging","timestamp":"2026-01-31T12:00:00Z"}]',
  '[2,"#","StatusNotification",{"connectorId":1,"errorCode":"GroundFailure","status":"Faulted","info":"relay","vendorId":"Acme","vendorErrorCode":"E17"}]',
  '[2,"#","StartTransaction",{"connectorId":1,"idTag":"04A1B2C3","meterStart":1000,"timestamp":"2026-01-31T12:00:00Z"}]',
  '[2,"#","MeterValues",{"connectorId":1,"transactionId":7,"meterValue":[{"timestamp":"2026-01-31T12:10:00Z","sampledValue":[{"value":"1500","measurand":"Energy.Active.Import.Register","unit":"Wh"},{"value":"7360.5","measurand":"Power.Active.Import","unit":"W","phase":"L1"}]}]}]',
  '[2,"#","StopTransaction",{"transactionId":7,"idTag":"04A1B2C3","meterStop":12000,"timestamp":"2026-01-31T13:00:00Z","reason":"Local"}]',
  '[2,"#","DataTransfer",{"vendorId":"com.acme","messageId":"door","data":"{\\"open\\":true}"}]',
  '[2,"#","DiagnosticsStatusNotification",{"status":"Uploaded"}]',
  '[2,"#","FirmwareStatusNotification",{"status":"Downloading"}]',
  '[2,"#","SecurityEventNotification",{"type":"InvalidMessages","timestamp":"2026-01-31T12:00:00Z","techInfo":"port 9"}]',
  '[2,"#","LogStatusNotification",{"status":"Uploading","requestId":3}]',
  '[3,"#",{"status":"Accepted"}]',
  '[4,"#","NotSupported","no such thing here",{}]',
]
