/** Every message of OCPP 1.6 edition 2 and of its security extension (white paper, edition 3), in each direction that it has. */
export interface ConformanceMessage {
  readonly profile: string
  readonly action: string
  readonly from: 'charger' | 'us'
  /** its test beside its source, in `v16` */
  readonly test: string
}

const messagesOf = (profile: string, rows: readonly (readonly [string, 'charger' | 'us', string])[]) =>
  rows.map(([action, from, test]): ConformanceMessage => ({ profile, action, from, test: `${test}.test.ts` }))

export const conformanceMessages: readonly ConformanceMessage[] = [
  ...messagesOf('Core', [
    ['Authorize', 'charger', 'authorize'],
    ['BootNotification', 'charger', 'boot-notification'],
    ['DataTransfer', 'charger', 'data-transfer'],
    ['Heartbeat', 'charger', 'heartbeat'],
    ['MeterValues', 'charger', 'meter-values'],
    ['StartTransaction', 'charger', 'start-transaction'],
    ['StatusNotification', 'charger', 'status-notification'],
    ['StopTransaction', 'charger', 'stop-transaction'],
    ['ChangeAvailability', 'us', 'change-availability'],
    ['ChangeConfiguration', 'us', 'change-configuration'],
    ['ClearCache', 'us', 'clear-cache'],
    ['DataTransfer', 'us', 'data-transfer-out'],
    ['GetConfiguration', 'us', 'get-configuration'],
    ['RemoteStartTransaction', 'us', 'remote-start-transaction'],
    ['RemoteStopTransaction', 'us', 'remote-stop-transaction'],
    ['Reset', 'us', 'reset'],
    ['UnlockConnector', 'us', 'unlock-connector'],
  ]),
  ...messagesOf('Firmware management', [
    ['DiagnosticsStatusNotification', 'charger', 'log-status-notification'],
    ['FirmwareStatusNotification', 'charger', 'firmware-status-notification'],
    ['GetDiagnostics', 'us', 'get-log'],
    ['UpdateFirmware', 'us', 'update-firmware'],
  ]),
  ...messagesOf('Local list', [
    ['GetLocalListVersion', 'us', 'get-local-list-version'],
    ['SendLocalList', 'us', 'send-local-list'],
  ]),
  ...messagesOf('Reservation', [
    ['CancelReservation', 'us', 'cancel-reservation'],
    ['ReserveNow', 'us', 'reserve-now'],
  ]),
  ...messagesOf('Smart charging', [
    ['ClearChargingProfile', 'us', 'clear-charging-profile'],
    ['GetCompositeSchedule', 'us', 'get-composite-schedule'],
    ['SetChargingProfile', 'us', 'set-charging-profile'],
  ]),
  ...messagesOf('Remote trigger', [['TriggerMessage', 'us', 'trigger-message']]),
  ...messagesOf('Security', [
    ['LogStatusNotification', 'charger', 'log-status-notification'],
    ['SecurityEventNotification', 'charger', 'security-event-notification'],
    ['SignCertificate', 'charger', 'sign-certificate'],
    ['SignedFirmwareStatusNotification', 'charger', 'firmware-status-notification'],
    ['CertificateSigned', 'us', 'certificate-signed'],
    ['DeleteCertificate', 'us', 'delete-certificate'],
    ['ExtendedTriggerMessage', 'us', 'trigger-message'],
    ['GetInstalledCertificateIds', 'us', 'get-installed-certificate-ids'],
    ['GetLog', 'us', 'get-log'],
    ['InstallCertificate', 'us', 'install-certificate'],
    ['SignedUpdateFirmware', 'us', 'update-firmware'],
  ]),
]
