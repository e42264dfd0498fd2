/**
 * Which version of OCPP a CALL from a charger is written in, by what only one of them has: some stacks agree on one version at the
 * handshake and speak another (https://github.com/lbbrhzn/ocpp/issues/2008).
 */
export type PayloadVersion = '1.6' | '2.x'

/** Actions of charging stations that only one version has. Those of the 1.6 security extension are in both. */
const only: Readonly<Record<PayloadVersion, ReadonlySet<string>>> = {
  '1.6': new Set([
    'StartTransaction',
    'StopTransaction',
    'DiagnosticsStatusNotification',
    'SignedFirmwareStatusNotification',
  ]),
  '2.x': new Set([
    // OCPP 2.0.1
    'ClearedChargingLimit',
    'Get15118EVCertificate',
    'GetCertificateStatus',
    'NotifyChargingLimit',
    'NotifyCustomerInformation',
    'NotifyDisplayMessages',
    'NotifyEVChargingNeeds',
    'NotifyEVChargingSchedule',
    'NotifyEvent',
    'NotifyMonitoringReport',
    'NotifyReport',
    'PublishFirmwareStatusNotification',
    'ReportChargingProfiles',
    'ReservationStatusUpdate',
    'TransactionEvent',
    // OCPP 2.1
    'BatterySwap',
    'ClosePeriodicEventStream',
    'GetCertificateChainStatus',
    'NotifyDERAlarm',
    'NotifyDERStartStop',
    'NotifyPeriodicEventStream',
    'NotifyPriorityCharging',
    'NotifySettlement',
    'NotifyWebPaymentStarted',
    'OpenPeriodicEventStream',
    'PullDynamicScheduleUpdate',
    'ReportDERControl',
    'VatNumberValidation',
  ]),
}

/** Fields that only one version has, of the actions that both have. Heartbeat, DataTransfer and the like are alike in both. */
const fields: ReadonlyMap<string, Readonly<Record<PayloadVersion, readonly string[]>>> = new Map([
  [
    'BootNotification',
    {
      '1.6': ['chargePointVendor', 'chargePointModel', 'chargePointSerialNumber', 'chargeBoxSerialNumber'],
      '2.x': ['chargingStation', 'reason'],
    },
  ],
  ['StatusNotification', { '1.6': ['status', 'errorCode', 'vendorErrorCode'], '2.x': ['connectorStatus', 'evseId'] }],
  ['Authorize', { '1.6': ['idTag'], '2.x': ['idToken'] }],
  ['MeterValues', { '1.6': ['connectorId', 'transactionId'], '2.x': ['evseId'] }],
])

/**
 * Never throws, whatever the payload.
 * @returns undefined when it may be of either, or has something of both
 */
export const payloadVersion = (action: string, payload: unknown): PayloadVersion | undefined => {
  for (const version of ['1.6', '2.x'] as const) if (only[version].has(action)) return version
  const told = fields.get(action)
  if (told === undefined || typeof payload !== 'object' || payload === null) return undefined
  // the case of names is no sign of a version
  const names = new Set(Object.keys(payload).map((name) => name.toLowerCase()))
  const has = (version: PayloadVersion): boolean => told[version].some((name) => names.has(name.toLowerCase()))
  if (has('1.6') === has('2.x')) return undefined
  return has('1.6') ? '1.6' : '2.x'
}
