import type { TokenRef } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import type { AuthorizationStatus, StoredIdToken } from '@voltrail/contracts/personal'
import type { TenantSettings } from '@voltrail/contracts/admin-commands'
import type { EventNamed, IdTokenEvent } from '@voltrail/contracts/events/registry'
import { accept, type Aggregate, type Decision, type Recorded } from './decider.ts'

/** One id token: `token-<tenant>.<hmac>`. What it may do; its value is ciphertext here as everywhere in the log. */

export type TokenTerms = EventNamed<'IdTokenChanged'>['data']

export interface IdTokenState {
  readonly idToken?: StoredIdToken
  readonly terms?: TokenTerms
}

const evolve = (state: IdTokenState, event: Recorded<IdTokenEvent>): IdTokenState => {
  switch (event.type) {
    case 'IdTokenIssued': {
      const { idToken, ...terms } = event.data
      return { idToken, terms }
    }
    case 'IdTokenChanged':
      return { ...state, terms: event.data }
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
  a.label?.digest === b.label?.digest

/** Issues a token or changes its terms; the same terms again make nothing. */
export const putIdToken = (command: PutIdToken, state: IdTokenState): Decision<IdTokenEvent> => {
  if (state.idToken === undefined)
    return accept<IdTokenEvent>({ type: 'IdTokenIssued', data: { idToken: command.idToken, ...command.terms } })
  if (state.terms !== undefined && sameTerms(state.terms, command.terms)) return accept()
  return accept<IdTokenEvent>({ type: 'IdTokenChanged', data: command.terms })
}

export interface Verdict {
  readonly status: AuthorizationStatus
  readonly reason: string
  readonly expiresAt?: Instant
  readonly groupRef?: TokenRef
}

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
  if (terms === undefined) return { status: settings.unknownTokens, reason: 'unknown token' }
  const more = {
    ...(terms.expiresAt === undefined ? {} : { expiresAt: terms.expiresAt }),
    ...(terms.group === undefined ? {} : { groupRef: terms.group.ref }),
  }
  if (terms.status === 'Accepted' && terms.expiresAt !== undefined && terms.expiresAt <= now)
    return { status: 'Expired', reason: 'its expiry date has passed', ...more }
  return { status: terms.status, reason: 'as issued', ...more }
}
