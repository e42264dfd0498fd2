import type { ChargerId, CommandId, SessionId, TenantId, TransactionId } from '@voltrail/contracts/ids'
import type { TenantSettings } from '@voltrail/contracts/admin-commands'
import type { Instant } from '@voltrail/contracts/quantities'
import type { RemoteStartAsked } from '@voltrail/domain/charger/remote-start'
import { availabilityShows, standsInTheWay } from '@voltrail/domain/charger/followed-commands'
import type { ChargerWatch, OpenWatch, SessionWatch } from './watch.ts'

/** What happens when nobody says anything until `dueAt` (ms since 1970). */
export type TimeOut = { readonly tenant: TenantId; readonly dueAt: number } & (
  | {
      readonly kind: 'connector-available'
      readonly chargerId: ChargerId
      readonly transactionId: TransactionId
      /** of the charger's stream: what this rests on */
      readonly revision: number
    }
  | { readonly kind: 'charger-silent'; readonly chargerId: ChargerId; readonly transactionId: TransactionId }
  | { readonly kind: 'half-done'; readonly chargerId: ChargerId; readonly transactionId: TransactionId }
  | { readonly kind: 'command-overdue'; readonly chargerId: ChargerId; readonly commandId: CommandId }
  | {
      readonly kind: 'remote-start-unused'
      readonly chargerId: ChargerId
      readonly commandId: CommandId
      readonly asked: RemoteStartAsked
      readonly requestedAt: Instant
    }
  | {
      readonly kind: 'remote-stop-unheeded'
      readonly chargerId: ChargerId
      readonly commandId: CommandId
      readonly transactionId: TransactionId
    }
  | {
      readonly kind: 'availability-reached' | 'availability-unheeded' | 'reset-unheeded'
      readonly chargerId: ChargerId
      readonly commandId: CommandId
    }
  | { readonly kind: 'session-settled'; readonly sessionId: SessionId; readonly corrections: number }
)
export type TimeOutKind = TimeOut['kind']
export type InferenceSettings = Pick<TenantSettings, 'inferAvailableMinutes' | 'inferSilentHours' | 'settleAfterHours'>

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** Between the two steps of a start or a stop its process died; after so long no retry of the charger mends it. */
const halfDoneMs = hourMs
/** Who sent a command records its outcome at the deadline; after so much more nobody does. */
const commandGraceMs = 10_000
/** From an accepted remote start to its transaction: chargers wait up to ConnectionTimeOut (OCPP 1.6 §9.1.8) for the cable. */
const remoteStartMs = 120_000
/** From an accepted remote stop to the stop itself: the charger sends it once the power is off. */
const remoteStopMs = 120_000
/** From the end of the transaction that it waited for to the status: the driver may have to take the cable out first. */
const availabilityMs = 5 * minuteMs
/** From an accepted reset to the new connection: it may end transactions first, and large chargers take minutes to start. */
const resetMs = 10 * minuteMs

/** Everything that this charger waits for. */
export const dueOfCharger = (
  watch: ChargerWatch,
  sessionOf: (transactionId: TransactionId) => SessionWatch | undefined,
  settings: InferenceSettings,
): readonly TimeOut[] => {
  const { tenant, chargerId } = watch
  const due: TimeOut[] = []
  for (const [transactionId, open] of watch.open) {
    const of = { tenant, chargerId, transactionId }
    const session = sessionOf(transactionId)
    if (session?.started !== true) {
      due.push({ ...of, kind: 'half-done', dueAt: open.openedAt + halfDoneMs })
      continue
    }
    if (session.stop !== undefined) {
      // an end of ours has nobody else to finish it
      due.push({ ...of, kind: 'half-done', dueAt: session.stop.at + (session.stop.inferred ? 0 : halfDoneMs) })
      continue
    }
    due.push({ ...of, kind: 'charger-silent', dueAt: watch.heardAt + settings.inferSilentHours * hourMs })
    const free = freeSince(watch, open)
    if (free === undefined) continue
    // a register that grows says that the status is wrong
    const since = Math.max(free, open.openedAt, session.grewAt)
    const dueAt = since + settings.inferAvailableMinutes * minuteMs
    due.push({ ...of, kind: 'connector-available', revision: watch.revision, dueAt })
  }
  for (const [commandId, { deadline, lost }] of watch.pending)
    if (!lost) due.push({ tenant, chargerId, kind: 'command-overdue', commandId, dueAt: deadline + commandGraceMs })
  for (const [commandId, { asked, acceptedAt }] of watch.accepted) {
    const { requestedAt, ...what } = asked
    const dueAt = acceptedAt + remoteStartMs
    due.push({ tenant, chargerId, kind: 'remote-start-unused', commandId, asked: what, requestedAt, dueAt })
  }
  for (const [commandId, { transactionId, acceptedAt }] of watch.stops)
    if (acceptedAt !== undefined)
      due.push({
        tenant,
        chargerId,
        kind: 'remote-stop-unheeded',
        commandId,
        transactionId,
        dueAt: acceptedAt + remoteStopMs,
      })
  return [...due, ...dueOfFollowed(watch)]
}

/** What the charger agreed to and has not shown; a change of availability that it shows is due at once. */
const dueOfFollowed = (watch: ChargerWatch): readonly TimeOut[] => {
  const { tenant, chargerId } = watch
  const openOn = [...watch.open.values()].map(({ evseId }) => evseId)
  return watch.followed.flatMap(({ commandId, asked, agreedAt, unheeded }): readonly TimeOut[] => {
    if (agreedAt === undefined) return []
    const of = { tenant, chargerId, commandId }
    const agreed = Date.parse(agreedAt)
    if (asked.type === 'Reset') return [{ ...of, kind: 'reset-unheeded', dueAt: agreed + resetMs }]
    if (availabilityShows(asked, watch.connectors, openOn))
      return [{ ...of, kind: 'availability-reached', dueAt: Math.max(agreed, watch.changedAt) }]
    if (unheeded === true || standsInTheWay(asked, openOn)) return []
    return [{ ...of, kind: 'availability-unheeded', dueAt: Math.max(agreed, watch.closedAt) + availabilityMs }]
  })
}

/**
 * Since when the transaction's EVSE is Available again: told while it was open, or after it had begun. A charger that never left
 * Available says nothing by it.
 */
const freeSince = (watch: ChargerWatch, open: OpenWatch): number | undefined => {
  const free = watch.available.find((one) => one.evseId === open.evseId)
  const at = free === undefined ? -Infinity : Date.parse(free.at)
  return at > open.openedAt || at > open.startedAt ? at : undefined
}

/** When this session is settled, once it has ended. */
export const dueOfSession = (
  tenant: TenantId,
  sessionId: SessionId,
  watch: SessionWatch,
  settings: InferenceSettings,
): readonly TimeOut[] =>
  watch.stop === undefined || watch.settled || watch.suspect
    ? []
    : [
        {
          kind: 'session-settled',
          tenant,
          sessionId,
          corrections: watch.corrections,
          dueAt: watch.newestAt + settings.settleAfterHours * hourMs,
        },
      ]
