import { longestIdTag } from './id-token.ts'
import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.11, §6.33. */
export const remoteStartTransaction: OutboundMessage<'RemoteStart'> = {
  action: 'RemoteStartTransaction',
  write: ({ idToken, evseId }) => {
    const length = [...idToken.value].length
    if (length === 0)
      return { unsupported: 'a remote start of an OCPP 1.6 charger needs an id token that is not empty' }
    if (length > longestIdTag) {
      return {
        unsupported: `an OCPP 1.6 charger takes id tokens of at most ${longestIdTag} characters, this one has ${length}; use a shorter token of the same contract`,
      }
    }
    return { payload: { idTag: idToken.value, ...(evseId !== undefined && { connectorId: evseId }) } }
  },
}
