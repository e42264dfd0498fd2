import type { Authorization } from '@voltrail/contracts/facts'
import type { ClearIdToken } from '@voltrail/contracts/personal'
import { writeTimestamp } from '../timestamp.ts'

/** CiString20Type, OCPP 1.6 §7.18 */
export const longestIdTag = 20

export const fits = (idTag: string): boolean => [...idTag].length <= longestIdTag

/** 1.6 does not say what kind of token it has; the empty one is a start in free mode. */
export const idToken = (idTag: string): ClearIdToken => ({
  value: idTag,
  type: idTag === '' ? 'NoAuthorization' : 'Unknown',
})

/** OCPP 1.6 §7.20 IdTagInfo. A group id that does not fit is told by its alias, or left out: the answer itself must reach the charger. */
export const idTagInfo = ({ status, expiresAt, groupToken, groupAlias }: Authorization): object => {
  const group = [groupToken, groupAlias].find((text) => text !== undefined && text !== '' && fits(text))
  return {
    status,
    ...(expiresAt !== undefined && { expiryDate: writeTimestamp(expiresAt) }),
    ...(group !== undefined && { parentIdTag: group }),
  }
}
