import type { ChargerCommandType } from '@voltrail/contracts/charger-commands'
import { authorize } from './authorize.ts'
import { bootNotification } from './boot-notification.ts'
import { changeAvailability } from './change-availability.ts'
import { changeConfiguration } from './change-configuration.ts'
import { clearCache } from './clear-cache.ts'
import { dataTransferOut } from './data-transfer-out.ts'
import { dataTransfer } from './data-transfer.ts'
import { getConfiguration } from './get-configuration.ts'
import type { InboundMessage } from './inbound-message.ts'
import { meterValues } from './meter-values.ts'
import type { OutboundMessage } from './outbound-message.ts'
import { remoteStartTransaction } from './remote-start-transaction.ts'
import { remoteStopTransaction } from './remote-stop-transaction.ts'
import { reset } from './reset.ts'
import { startTransaction } from './start-transaction.ts'
import { statusNotification } from './status-notification.ts'
import { stopTransaction } from './stop-transaction.ts'
import { triggerMessage } from './trigger-message.ts'
import { unlockConnector } from './unlock-connector.ts'

/** All OCPP 1.6 that is spoken here. Heartbeat is the one message beside it: `heartbeat.ts`. */

/** from chargers, by action */
export const inbound16: ReadonlyMap<string, InboundMessage> = new Map(
  [authorize, bootNotification, dataTransfer, meterValues, startTransaction, statusNotification, stopTransaction].map(
    (message) => [message.action, message],
  ),
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
}
