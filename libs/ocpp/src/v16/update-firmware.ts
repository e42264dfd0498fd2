import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import { readInstant, writeTimestamp } from '../timestamp.ts'
import type { Fields } from './inbound-message.ts'
import type { OutboundMessage } from './outbound-message.ts'

type UpdateFirmware = Extract<ChargerCommand, { type: 'UpdateFirmware' }>
const isSigned = ({ signature, signingCertificate }: UpdateFirmware): boolean =>
  signature !== undefined || signingCertificate !== undefined

/** OCPP 1.6 §5.19, §6.55; signed: security white paper §5.20, whose answer alone has a status. */
export const updateFirmware: OutboundMessage<'UpdateFirmware'> = {
  action: (command) => (isSigned(command) ? 'SignedUpdateFirmware' : 'UpdateFirmware'),
  actions: ['UpdateFirmware', 'SignedUpdateFirmware'],
  write: (command) => {
    const { requestId, location, retrieveAt, installAt, retries, retryIntervalSeconds, signature, signingCertificate } =
      command
    const again = {
      ...(retries !== undefined && { retries }),
      ...(retryIntervalSeconds !== undefined && { retryInterval: retryIntervalSeconds }),
    }
    if (!isSigned(command)) return { payload: { location, retrieveDate: writeTimestamp(retrieveAt), ...again } }
    if (signature === undefined || signingCertificate === undefined)
      return {
        unsupported: 'a signed firmware update has both a signature and the certificate that it is checked with',
      }
    return {
      payload: {
        requestId,
        firmware: {
          location,
          retrieveDateTime: writeTimestamp(retrieveAt),
          ...(installAt !== undefined && { installDateTime: writeTimestamp(installAt) }),
          signingCertificate,
          signature,
        },
        ...again,
      },
    }
  },
  statusless: true,
  read: (payload, { action, requestId }) => {
    const again = { retries: payload['retries'], retryIntervalSeconds: payload['retryInterval'] }
    if (action === 'UpdateFirmware')
      return { requestId, location: payload['location'], retrieveAt: readInstant(payload['retrieveDate']), ...again }
    const { location, retrieveDateTime, installDateTime, signature, signingCertificate } = payload['firmware'] as Fields
    return {
      requestId: payload['requestId'],
      location,
      retrieveAt: readInstant(retrieveDateTime),
      installAt: readInstant(installDateTime),
      signature,
      signingCertificate,
      ...again,
    }
  },
}
