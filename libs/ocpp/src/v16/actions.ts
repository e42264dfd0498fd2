import type { ChargerCommandType } from '@voltrail/contracts/charger-commands'
import { authorize } from './authorize.ts'
import { bootNotification } from './boot-notification.ts'
import { cancelReservation } from './cancel-reservation.ts'
import { certificateSigned } from './certificate-signed.ts'
import { changeAvailability } from './change-availability.ts'
import { changeConfiguration } from './change-configuration.ts'
import { clearCache } from './clear-cache.ts'
import { clearChargingProfile } from './clear-charging-profile.ts'
import { dataTransferOut } from './data-transfer-out.ts'
import { dataTransfer } from './data-transfer.ts'
import { deleteCertificate } from './delete-certificate.ts'
import { firmwareStatusNotification, signedFirmwareStatusNotification } from './firmware-status-notification.ts'
import { getCompositeSchedule } from './get-composite-schedule.ts'
import { getConfiguration } from './get-configuration.ts'
import { getInstalledCertificateIds } from './get-installed-certificate-ids.ts'
import { getLocalListVersion } from './get-local-list-version.ts'
import { getLog } from './get-log.ts'
import type { InboundMessage } from './inbound-message.ts'
import { installCertificate } from './install-certificate.ts'
import { diagnosticsStatusNotification, logStatusNotification } from './log-status-notification.ts'
import { meterValues } from './meter-values.ts'
import type { OutboundMessage } from './outbound-message.ts'
import { rawCall } from './raw-call.ts'
import { remoteStartTransaction } from './remote-start-transaction.ts'
import { remoteStopTransaction } from './remote-stop-transaction.ts'
import { reserveNow } from './reserve-now.ts'
import { reset } from './reset.ts'
import { securityEventNotification } from './security-event-notification.ts'
import { sendLocalList } from './send-local-list.ts'
import { setChargingProfile } from './set-charging-profile.ts'
import { signCertificate } from './sign-certificate.ts'
import { startTransaction } from './start-transaction.ts'
import { statusNotification } from './status-notification.ts'
import { stopTransaction } from './stop-transaction.ts'
import { triggerMessage } from './trigger-message.ts'
import { unlockConnector } from './unlock-connector.ts'
import { updateFirmware } from './update-firmware.ts'

/** All OCPP 1.6 that is spoken here. Heartbeat is the one message beside it: `heartbeat.ts`. */

/** from chargers, by action */
export const inbound16: ReadonlyMap<string, InboundMessage> = new Map(
  [
    authorize,
    bootNotification,
    dataTransfer,
    diagnosticsStatusNotification,
    firmwareStatusNotification,
    logStatusNotification,
    meterValues,
    securityEventNotification,
    signCertificate,
    signedFirmwareStatusNotification,
    startTransaction,
    statusNotification,
    stopTransaction,
  ].map((message) => [message.action, message]),
)

/** to chargers, by command */
export const outbound16: { readonly [T in ChargerCommandType]: OutboundMessage<T> } = {
  RemoteStart: remoteStartTransaction,
  RemoteStop: remoteStopTransaction,
  Reset: reset,
  UnlockConnector: unlockConnector,
  ChangeConfiguration: changeConfiguration,
  GetConfiguration: getConfiguration,
  ChangeAvailability: changeAvailability,
  ClearCache: clearCache,
  TriggerMessage: triggerMessage,
  DataTransfer: dataTransferOut,
  ReserveNow: reserveNow,
  CancelReservation: cancelReservation,
  SendLocalList: sendLocalList,
  GetLocalListVersion: getLocalListVersion,
  SetChargingProfile: setChargingProfile,
  ClearChargingProfile: clearChargingProfile,
  GetCompositeSchedule: getCompositeSchedule,
  UpdateFirmware: updateFirmware,
  GetLog: getLog,
  InstallCertificate: installCertificate,
  DeleteCertificate: deleteCertificate,
  GetInstalledCertificateIds: getInstalledCertificateIds,
  CertificateSigned: certificateSigned,
  RawCall: rawCall,
}
