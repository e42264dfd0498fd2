import type { TokenStatus } from '@voltrail/contracts/admin-commands'
import type { ListAssessment, ListStanding } from '@voltrail/contracts/events/device'
import type { TokenRef } from '@voltrail/contracts/ids'
import { type ListedToken, type LocalListPolicy, mostListEntries } from '@voltrail/contracts/local-list'
import type { Instant } from '@voltrail/contracts/quantities'
import type { DeviceState } from './device-state.ts'
import { isSameKey } from './key-name.ts'
import { listedEntry } from './local-list.ts'

/** What a list needs of a token's terms. */
export interface ListedTerms {
  readonly status: TokenStatus
  readonly expiresAt?: Instant | undefined
  readonly groupRef?: TokenRef | undefined
}

/**
 * Whom a list shall hold at `now`, those of most priority first: tokens named themselves, then those of named groups, then the
 * others. Only who may charge is on it; `until` is when the first of them expires (ms since 1970).
 */
export const wantedTokens = (
  policy: LocalListPolicy,
  tokens: ReadonlyMap<TokenRef, ListedTerms>,
  now: Instant,
): { readonly entries: readonly ListedToken[]; readonly until: number | undefined } => {
  const named = new Set(policy.tokens)
  const groups = new Set(policy.groups)
  const byPriority: [ListedToken[], ListedToken[], ListedToken[]] = [[], [], []]
  let until: number | undefined
  for (const [tokenRef, { status, expiresAt, groupRef }] of policy.mode === 'none' ? [] : tokens) {
    if (status !== 'Accepted' || (expiresAt !== undefined && expiresAt <= now)) continue
    const priority = named.has(tokenRef) ? 0 : groupRef !== undefined && groups.has(groupRef) ? 1 : 2
    if (priority === 2 && policy.mode !== 'all') continue
    if (expiresAt !== undefined) until = Math.min(until ?? Infinity, Date.parse(expiresAt))
    const told = { ...(expiresAt === undefined ? {} : { expiresAt }), ...(groupRef === undefined ? {} : { groupRef }) }
    byPriority[priority].push({ tokenRef, authorization: { status, ...told } })
  }
  const inOrder = byPriority.map((of) => of.sort((a, b) => (a.tokenRef < b.tokenRef ? -1 : 1)))
  return { entries: inOrder.flat(), until }
}

/** What the charger shows of its limits (OCPP 1.6 §9.3); absent where it shows nothing. */
export interface ListLimits {
  readonly enabled?: boolean
  /** LocalAuthListMaxLength: entries that it keeps */
  readonly maxLength?: number
  /** SendLocalListMaxLength: entries in one message */
  readonly partLength?: number
}
export const listLimitKeys = ['LocalAuthListEnabled', 'LocalAuthListMaxLength', 'SendLocalListMaxLength'] as const

/** What a charger shows of one of its keys; makes write their names in any case. */
export const shownValue = ({ configuration }: DeviceState, name: string): string | undefined =>
  configuration?.keys.find(({ key }) => isSameKey(key, name))?.value?.trim()

export const listLimits = (state: DeviceState): ListLimits => {
  const [enabled, longest, part] = listLimitKeys.map((name) => shownValue(state, name))
  const [maxLength, partLength] = [Number(longest), Number(part)]
  return {
    ...(enabled === undefined || enabled === '' ? {} : { enabled: enabled.toLowerCase() === 'true' }),
    ...(longest !== '' && Number.isSafeInteger(maxLength) && maxLength >= 0 ? { maxLength } : {}),
    ...(Number.isSafeInteger(partLength) && partLength > 0 ? { partLength } : {}),
  }
}

export interface ListUpdate {
  readonly listVersion: number
  readonly updateType: 'Full' | 'Differential'
  readonly listed: readonly ListedToken[]
}

/** What there is to do about a list. `at`: not before then, in ms since 1970. */
export interface ListStep {
  readonly assessment: ListAssessment
  readonly update?: ListUpdate & { readonly at: number }
}

/** for a charger that does not say how many it takes at once */
const usualPart = 100
/** more makes a frame that small stacks have no memory for */
const longestPart = 500
/** numbers of lists are below 2^31; near the end they begin anew, with a whole list */
const lastNumber = 2_147_000_000

/**
 * What brings the charger's list to what it shall be: nothing, or one message. A list that is too long for one goes in parts, the
 * first of them whole, the others as differences from what the charger took; so it goes on by itself, wherever it was broken off.
 * Whoever may no longer charge leaves first.
 */
export const listStep = (state: DeviceState, wanted: readonly ListedToken[], policy: LocalListPolicy): ListStep => {
  const { listCare: care = {}, localList } = state
  const limits = listLimits(state)
  const content = localList?.content
  const room = Math.min(limits.maxLength ?? Infinity, mostListEntries)
  const tooLong = wanted.length > room
  const had = new Map((content ?? []).map((entry) => [entry.slice(0, 32), entry]))
  const fitting = !tooLong
    ? wanted
    : policy.whenTooLong === 'shorten'
      ? wanted.slice(0, room)
      : wanted.filter(({ tokenRef }) => had.has(tokenRef))
  const kept = new Set<string>(fitting.map(({ tokenRef }) => tokenRef))
  const removed = [...had.keys()].filter((ref) => !kept.has(ref)) as TokenRef[]
  const changed = fitting.filter((one) => had.has(one.tokenRef) && had.get(one.tokenRef) !== listedEntry(one))
  const added = fitting.filter(({ tokenRef }) => !had.has(tokenRef))
  const full = content === undefined
  const last = Math.max(care.lastVersion ?? 0, localList?.version ?? 0)

  const assess = (standing: ListStanding, version: number, detail?: string): ListAssessment => ({
    standing,
    ...(detail === undefined ? {} : { detail }),
    version,
    entries: wanted.length,
    leftOut: wanted.length - fitting.length,
    full,
    added: added.length,
    changed: changed.length,
    removed: removed.length,
  })
  const known = localList?.version ?? 0
  if (care.refused?.status === 'NotSupported')
    return { assessment: assess('Unsupported', known, 'the charger says that it does not support local lists') }
  if (limits.enabled === false)
    return { assessment: assess('Disabled', known, 'LocalAuthListEnabled is false: let it be true to have a list') }
  if (care.seen?.version === -1 && localList === undefined && limits.enabled === undefined)
    return { assessment: assess('Unsupported', known, 'the charger shows the list version -1: it has no local list') }

  const longer = tooLong ? lackOfRoom(wanted.length, room, limits.maxLength, policy) : undefined
  // an unknown list is not made shorter by a whole one that nobody wants
  const nothing = full
    ? (fitting.length === 0 && emptyAlready(care)) || (tooLong && policy.whenTooLong === 'refuse')
    : removed.length + changed.length + added.length === 0
  if (nothing)
    return { assessment: assess(tooLong && policy.whenTooLong === 'refuse' ? 'TooLong' : 'InSync', known, longer) }

  const part = Math.min(limits.partLength ?? usualPart, longestPart)
  const whole = full || last >= lastNumber
  const all: readonly ListedToken[] = whole
    ? fitting
    : [...removed.map((tokenRef) => ({ tokenRef })), ...changed, ...added]
  const base = last >= lastNumber ? 0 : last
  const at = care.refused?.retryAt === undefined ? 0 : Date.parse(care.refused.retryAt)
  return {
    assessment: assess('Pending', base + Math.max(1, Math.ceil(all.length / part)), longer),
    update: {
      listVersion: base + 1,
      updateType: whole ? 'Full' : 'Differential',
      listed: all.slice(0, part),
      at,
    },
  }
}

const emptyAlready = ({ seen }: NonNullable<DeviceState['listCare']>): boolean =>
  seen !== undefined && seen.version <= 0

const lackOfRoom = (
  wanted: number,
  room: number,
  maxLength: number | undefined,
  { whenTooLong }: LocalListPolicy,
): string => {
  const limit =
    room === maxLength ? `LocalAuthListMaxLength of the charger is ${room}` : `no list is kept with more than ${room}`
  return whenTooLong === 'shorten'
    ? `${limit} and the list would have ${wanted}: tokens named themselves come first, then those of named groups, then others`
    : `${limit} and the list would have ${wanted}: nobody is added until fewer are chosen, or whenTooLong is shorten`
}
