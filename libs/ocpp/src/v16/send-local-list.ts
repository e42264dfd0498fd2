import { idTagInfo, longestIdTag } from './id-token.ts'
import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.15, §6.41. An entry without authorization takes its token off the list (differential updates only). */
export const sendLocalList: OutboundMessage<'SendLocalList'> = {
  action: 'SendLocalList',
  write: ({ listVersion, updateType, entries }) => {
    const unfit = entries.filter(
      ({ idToken }) => idToken.value === '' || [...idToken.value].length > longestIdTag,
    ).length
    if (unfit > 0)
      return {
        unsupported: `an OCPP 1.6 local list takes id tokens of 1 to ${longestIdTag} characters; ${unfit} do not fit`,
      }
    if (updateType === 'Full' && entries.some(({ authorization }) => authorization === undefined))
      return { unsupported: 'a full local list says of every token what it may do' }
    return {
      payload: {
        listVersion,
        updateType,
        localAuthorizationList: entries.map(({ idToken, authorization }) => ({
          idTag: idToken.value,
          ...(authorization !== undefined && { idTagInfo: idTagInfo(authorization) }),
        })),
      },
    }
  },
}
