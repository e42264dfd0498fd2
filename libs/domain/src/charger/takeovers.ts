import type { Instant } from '@voltrail/contracts/quantities'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { Recorded } from '../decider.ts'
import type { ChargerState } from './charger-state.ts'

/**
 * One identity, two boxes (a cloned configuration): each takes the other's connection over, again and again. They are told
 * apart by their addresses or, behind a balancer, where these are equal, by the serial numbers that they boot with.
 */

const windowMs = 600_000
/** as many as a moving charger may need; one more is a contest */
const allowed = 5
const keptSerials = 4

type Attempt = { readonly at: Instant; readonly remoteAddress: string }

const within = (at: Instant, now: Instant): boolean => Date.parse(now) - Date.parse(at) < windowMs

/** Whether this connection would take over one that lives, as far as is known. */
const takesOver = ({ connection }: ChargerState): boolean =>
  connection?.open === true && connection.remoteAddress !== undefined

export const takeoversWith = (state: ChargerState, { at, remoteAddress }: Attempt): ChargerState['takeovers'] => {
  if (!takesOver(state)) return state.takeovers ?? []
  const same = state.connection?.remoteAddress === remoteAddress
  const recent = (state.takeovers ?? []).filter((one) => within(one.at, at))
  // those from the same address must not push the others out
  const alike = recent.filter((one) => (one.sameAddress ?? false) === same).slice(1 - 2 * allowed)
  const others = recent.filter((one) => (one.sameAddress ?? false) !== same)
  return [...others, ...alike, { at, remoteAddress, ...(same ? { sameAddress: true } : {}) }]
}

/** The state after a boot: which serial number was seen when. */
export const bootedSerialsWith = (
  { bootedSerials = [] }: ChargerState,
  { data, metadata }: Recorded<EventNamed<'ChargerBooted'>>,
): ChargerState['bootedSerials'] => {
  const serialNumber = data.serialNumber?.trim()
  if (serialNumber === undefined || serialNumber === '') return bootedSerials
  const others = bootedSerials.filter((one) => one.serialNumber !== serialNumber)
  return [...others.slice(1 - keptSerials), { serialNumber, at: metadata.receivedAt }]
}

export interface Contest {
  readonly takeovers: number
  readonly incumbentAddress: string
  readonly serialNumbers?: string[]
  /** nobody was told of it for a while */
  readonly due: boolean
}

/**
 * Whether a connection that would take over a living one is one too many: `undefined` when the identity is not contested. From
 * the incumbent's own address it is only so if boxes with different serial numbers booted within the window: then nobody can
 * tell which of them comes, and the living connection stays until it ends.
 */
export const contest = (state: ChargerState, { at, remoteAddress }: Attempt): Contest | undefined => {
  if (!takesOver(state)) return undefined
  const incumbentAddress = state.connection?.remoteAddress ?? ''
  const serialNumbers = (state.bootedSerials ?? [])
    .filter((one) => within(one.at, at))
    .map(({ serialNumber }) => serialNumber)
  const differing = serialNumbers.length > 1
  if (!differing && incumbentAddress === remoteAddress) return undefined
  const counted = (state.takeovers ?? []).filter((one) => within(one.at, at) && (differing || !one.sameAddress))
  const takeovers = counted.length + 1
  if (takeovers <= allowed) return undefined
  return {
    takeovers,
    incumbentAddress,
    ...(differing ? { serialNumbers } : {}),
    due: state.contestedAt === undefined || !within(state.contestedAt, at),
  }
}

/** The state after an operator has dealt with the contest: what came of it before counts no more. */
export const contestSettled = (state: ChargerState): ChargerState => {
  const { takeovers: _, bootedSerials: __, contestedAt: ___, contestedRevision: ____, ...rest } = state
  return rest
}
