import type { TokenRef } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { type AuthorizationStatus, normalForm, type StoredIdToken } from '@voltrail/contracts/personal'
import type { TenantSettings } from '@voltrail/contracts/admin-commands'
import type { EventNamed, IdTokenEvent } from '@voltrail/contracts/events/registry'
import { accept, reject, type Aggregate, type Decision, type Recorded } from './decider.ts'

/** One id token: `token-<tenant>.<hmac>`. What it may do; its value is ciphertext here as everywhere in the log. */

/** What every protocol takes (OCPP 1.6 §7.18 CiString20Type); OCPI uids and eMAIDs have up to 36 characters. */
const longestEverywhere = 20
export const needsAlias = (value: string): boolean => [...normalForm(value)].length > longestEverywhere

/**
 * The alias of a token, from 16 or more hex digits that only we can make of it. No card has one that begins so: card numbers
 * are hex.
 */
export const aliasFrom = (digits: string): string => `VT${digits.slice(0, longestEverywhere - 2).toUpperCase()}`

export type TokenTerms = EventNamed<'IdTokenChanged'>['data']

export interface IdTokenState {
  readonly idToken?: StoredIdToken
  readonly terms?: TokenTerms
  /** it is nobody's own: whoever shows it means that one */
  readonly aliasOf?: TokenRef
}

const evolve = (state: IdTokenState, event: Recorded<IdTokenEvent>): IdTokenState => {
  switch (event.type) {
    case 'IdTokenIssued': {
      const { idToken, ...terms } = event.data
      return { idToken, terms }
    }
    case 'IdTokenChanged':
      return { ...state, terms: event.data }
    case 'IdTokenAliasGiven':
      return { ...state, aliasOf: event.data.aliasOf }
    default:
      return event satisfies never
  }
}

/** Every event carries all terms; only the token itself stands in event 0. */
export const idToken: Aggregate<IdTokenState, IdTokenEvent> = { initialState: {}, evolve }

export interface PutIdToken {
  readonly idToken: StoredIdToken
  readonly terms: TokenTerms
}

const sameTerms = (a: TokenTerms, b: TokenTerms): boolean =>
  a.status === b.status &&
  a.expiresAt === b.expiresAt &&
  a.group?.ref === b.group?.ref &&
  a.group?.alias?.ref === b.group?.alias?.ref &&
  a.label?.digest === b.label?.digest &&
  a.alias?.ref === b.alias?.ref

/** Issues a token or changes its terms; the same terms again make nothing. What stands for another token has no terms of its own. */
export const putIdToken = (
  command: PutIdToken,
  state: IdTokenState,
): Decision<IdTokenEvent, { readonly kind: 'is-an-alias'; readonly detail: string }> => {
  if (state.aliasOf !== undefined)
    return reject({
      kind: 'is-an-alias',
      detail: 'this text stands for a longer id token, which it is the alias of: change that one',
    })
  if (state.idToken === undefined)
    return accept<IdTokenEvent>({ type: 'IdTokenIssued', data: { idToken: command.idToken, ...command.terms } })
  if (state.terms !== undefined && sameTerms(state.terms, command.terms)) return accept()
  return accept<IdTokenEvent>({ type: 'IdTokenChanged', data: command.terms })
}

/** Makes a token that is nobody's the alias of another, for ever; `taken` where it is somebody's. */
export const giveAlias = (
  command: { readonly aliasOf: TokenRef },
  state: IdTokenState,
): Decision<IdTokenEvent, { readonly kind: 'taken' }> => {
  if (state.aliasOf === command.aliasOf) return accept()
  if (state.aliasOf !== undefined || state.idToken !== undefined) return reject({ kind: 'taken' })
  return accept<IdTokenEvent>({ type: 'IdTokenAliasGiven', data: command })
}

export interface Verdict {
  readonly status: AuthorizationStatus
  readonly reason: string
  readonly expiresAt?: Instant
  readonly groupRef?: TokenRef
}

/** The reason of the verdict on a token that is not known here. */
export const nobodyIssued = 'unknown token'

/**
 * What an id token is allowed at `now` (OCPP 1.6 §7.2 AuthorizationStatus). `ConcurrentTx` is never judged here: only the
 * answer to a start may say it.
 */
export const authorise = (
  token: IdTokenState,
  settings: Pick<TenantSettings, 'unknownTokens'>,
  now: Instant,
): Verdict => {
  const terms = token.terms
  if (terms === undefined) return { status: settings.unknownTokens, reason: nobodyIssued }
  const more = {
    ...(terms.expiresAt === undefined ? {} : { expiresAt: terms.expiresAt }),
    ...(terms.group === undefined ? {} : { groupRef: terms.group.ref }),
  }
  if (terms.status === 'Accepted' && terms.expiresAt !== undefined && terms.expiresAt <= now)
    return { status: 'Expired', reason: 'its expiry date has passed', ...more }
  return { status: terms.status, reason: 'as issued', ...more }
}
