import type { ChargerCommand, ChargerCommandReply, ChargerCommandRequest } from '@voltrail/contracts/charger-commands'
import type { ChargerEvent, DeviceEvent } from '@voltrail/contracts/events/registry'
import { CommandId, type ChargerId, type TenantId } from '@voltrail/contracts/ids'
import type { Recorded } from '@voltrail/domain/decider'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import type { DutyDeps } from './duty.ts'
import { commandOwn } from './own-name.ts'

/**
 * What a duty asks of one charger: one command at a time, each under a name of its own that is the same after a restart, because
 * it is made of what stands in the log.
 */
export interface Asking {
  /** the revision of the charger's newest connection */
  connection: number
  /** how many commands of the duty the log has of this connection */
  count: number
  pending: { readonly commandId: string; readonly until: number } | undefined
  /** answered, and what came of it is not seen in the device's stream yet; `until`: how long that is waited for, from the first look on */
  unapplied:
    | { readonly commandId: string; readonly revision: number; readonly forMs: number; until?: number }
    | undefined
  /** not before then, ms since 1970 */
  quietUntil: number
  /** how many were not answered, one after the other */
  silent: number
}

export const nothingAsked = (): Asking => ({
  connection: -1,
  count: 0,
  pending: undefined,
  unapplied: undefined,
  quietUntil: 0,
  silent: 0,
})

const minute = 60_000
const longestSilence = 60 * minute
/** after a command had no end in the log for so long, it is taken for lost */
const lostMs = minute
/** how long the outcome of a command may take from the charger's stream to the device's; there may be none of it to tell */
const outcomeMs = 2_000
/** where there is one for sure */
const sureOutcomeMs = 30_000
const lookAgainMs = 250
const offlineMs = 5_000

export type Heard =
  | { readonly kind: 'answered'; readonly what: string; readonly event: Recorded<Settled> }
  | { readonly kind: 'silent' | 'offline'; readonly what: string }
type Settled = Extract<ChargerEvent, { type: 'CommandSettled' }>

/** Takes the next event of the charger. @returns what became of a command of the duty, if the event says so */
export const hearOf = (
  asking: Asking,
  prefix: string,
  event: Recorded<ChargerEvent>,
  now: number,
  sureOutcome: (what: string) => boolean = () => false,
): Heard | undefined => {
  if (event.type === 'ChargerConnected') {
    Object.assign(asking, { connection: event.revision, count: 0, quietUntil: 0 })
    return undefined
  }
  if (
    event.type !== 'CommandRequested' &&
    event.type !== 'CommandSettled' &&
    event.type !== 'CommandOffline' &&
    event.type !== 'CommandOutcomeUnknown'
  )
    return undefined
  const { commandId } = event.data
  if (!commandId.startsWith(prefix)) return undefined
  const what = commandId.slice(commandId.lastIndexOf('-') + 1)
  if (event.type === 'CommandRequested') {
    asking.count += 1
    asking.pending = { commandId, until: Date.parse(event.data.deadline) + lostMs }
    return undefined
  }
  const ours = asking.pending?.commandId === commandId
  if (event.type === 'CommandSettled') {
    asking.silent = 0
    if (ours) asking.pending = undefined
    asking.unapplied = { commandId, revision: event.revision, forMs: sureOutcome(what) ? sureOutcomeMs : outcomeMs }
    return { kind: 'answered', what, event }
  }
  if (ours) asking.pending = undefined
  if (event.type === 'CommandOffline') {
    asking.quietUntil = now + offlineMs
    return { kind: 'offline', what }
  }
  asking.silent += 1
  asking.quietUntil =
    Date.parse(event.metadata.receivedAt) + Math.min(minute * 2 ** (asking.silent - 1), longestSilence)
  return { kind: 'silent', what }
}

/** Takes the next event of the device: what came of a command is known then. */
export const hearOutcome = (asking: Asking, { data }: Recorded<DeviceEvent>): void => {
  if (!('commandId' in data)) return
  if (data.commandId === asking.pending?.commandId) asking.pending = undefined
  if (data.commandId === asking.unapplied?.commandId) asking.unapplied = undefined
}

/** Whether an answer has still to become part of the device's state. @returns when to look again; undefined: it has */
export const waitsForOutcome = (asking: Asking, state: DeviceState, now: number): number | undefined => {
  const { unapplied } = asking
  if (unapplied === undefined) return undefined
  unapplied.until ??= now + unapplied.forMs
  if ((state.outcomesTo ?? -1) < unapplied.revision && now < unapplied.until)
    return Math.min(now + lookAgainMs, unapplied.until)
  asking.unapplied = undefined
  return undefined
}

/** How many commands a duty has under way over all chargers, so that a change for many is no storm. */
export interface Pace {
  underWay: number
}
const most = 32
export const paceMs = 1_000
/** Whether nothing more may be sent for now: then nothing needs to be read for it either. */
export const isFull = ({ underWay }: Pace): boolean => underWay >= most

/**
 * Sends a command and lets the log say what came of it.
 * @returns when to look again; undefined: an event of the log will say so
 */
export const ask = (
  {
    deps,
    pace,
    asking,
    ...to
  }: {
    readonly deps: DutyDeps
    readonly pace: Pace
    readonly asking: Asking
    readonly tenant: TenantId
    readonly chargerId: ChargerId
  },
  name: { readonly prefix: string; readonly what: string },
  command: ChargerCommand,
  more: Pick<ChargerCommandRequest, 'timeoutMs'> & Pick<Partial<ChargerCommandRequest>, 'listed'>,
  onRefused?: (reply: Extract<ChargerCommandReply, { outcome: 'refused' }>) => void,
): number => {
  const now = deps.now()
  if (isFull(pace)) return now + paceMs
  const commandId = CommandId.parse(`${name.prefix}${asking.connection}-${asking.count}-${name.what}`)
  const until = now + more.timeoutMs + lostMs
  asking.pending = { commandId, until }
  pace.underWay += 1
  const unsent = (reason: unknown) => {
    if (asking.pending?.commandId === commandId) asking.pending = { commandId, until: deps.now() + minute }
    deps.log.warn({ chargerId: to.chargerId, reason, commandId }, 'a command could not be sent')
  }
  commandOwn(deps, to.tenant, { commandId, chargerId: to.chargerId, command, ...more })
    .then((reply) => {
      if (reply.outcome === 'unavailable') unsent(reply)
      if (reply.outcome !== 'refused') return
      unsent(reply)
      onRefused?.(reply)
    }, unsent)
    .finally(() => {
      pace.underWay -= 1
    })
  return until
}
