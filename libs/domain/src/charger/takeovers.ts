import type { Instant } from '@voltrail/contracts/quantities'
import type { ChargerState } from './charger.ts'

/** One identity, two boxes (a cloned configuration): each takes the other's connection over, again and again. */

const windowMs = 600_000
/** as many as a moving charger may need; one more is a contest */
const allowed = 5

type Takeover = { readonly at: Instant; readonly remoteAddress: string }

/** Whether this connection would take over a living one from elsewhere. A reconnect from the same address never does. */
const takesOver = ({ connection }: ChargerState, remoteAddress: string): boolean =>
  connection?.open === true && connection.remoteAddress !== undefined && connection.remoteAddress !== remoteAddress

const within = (at: Instant, now: Instant): boolean => Date.parse(now) - Date.parse(at) < windowMs

export const takeoversWith = (state: ChargerState, next: Takeover): Takeover[] =>
  takesOver(state, next.remoteAddress)
    ? [...(state.takeovers ?? []).filter(({ at }) => within(at, next.at)), next].slice(-2 * allowed)
    : (state.takeovers ?? [])

/** `due`: nobody was told of it for a while. `undefined`: the identity is not contested. */
export const contest = (
  state: ChargerState,
  { at, remoteAddress }: Takeover,
): { takeovers: number; incumbentAddress: string; due: boolean } | undefined => {
  if (!takesOver(state, remoteAddress)) return undefined
  const takeovers = (state.takeovers ?? []).filter((one) => within(one.at, at)).length + 1
  if (takeovers <= allowed) return undefined
  const due = state.contestedAt === undefined || !within(state.contestedAt, at)
  return { takeovers, incumbentAddress: state.connection?.remoteAddress ?? '', due }
}
