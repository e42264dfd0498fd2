import { readInstant } from '../timestamp.ts'
import { defined } from './fields.ts'
import { fits, idTagInfo, idToken, longestIdTag } from './id-token.ts'
import type { Fields } from './inbound-message.ts'
import type { OutboundMessage } from './outbound-message.ts'

/** A token that is too long is named by its alias, where it has one. */
const written = ({ idToken: token, alias }: { idToken: { value: string }; alias?: string | undefined }): string =>
  fits(token.value) ? token.value : (alias ?? token.value)

/** OCPP 1.6 §5.15, §6.41. An entry without authorization takes its token off the list (differential updates only). */
export const sendLocalList: OutboundMessage<'SendLocalList'> = {
  action: 'SendLocalList',
  write: ({ listVersion, updateType, entries }) => {
    const unfit = entries.map(written).filter((idTag) => idTag === '' || !fits(idTag)).length
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
        localAuthorizationList: entries.map((entry) => ({
          idTag: written(entry),
          ...(entry.authorization !== undefined && { idTagInfo: idTagInfo(entry.authorization) }),
        })),
      },
    }
  },
  read: ({ listVersion, updateType, localAuthorizationList }) => ({
    listVersion,
    updateType,
    entries: ((localAuthorizationList ?? []) as readonly { idTag: string; idTagInfo?: Fields }[]).map(
      ({ idTag, idTagInfo: info }) => ({
        idToken: idToken(idTag),
        ...(info !== undefined && {
          authorization: defined({
            status: info['status'],
            expiresAt: readInstant(info['expiryDate']),
            groupToken: info['parentIdTag'],
          }),
        }),
      }),
    ),
  }),
}
