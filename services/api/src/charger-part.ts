import { sessionParts } from '@voltrail/contracts/streams'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { SessionId, TokenRef } from '@voltrail/contracts/ids'
import type { LogEvent } from '@voltrail/event-store/event-log'

/** How long before the start an authorisation or a remote start still belongs to the session, in milliseconds. */
const beforeMs = 5 * 60_000
/** How long after the end a command's outcome may still come. */
const afterMs = 2 * 60_000

export type SessionFacts = {
  readonly sessionId: SessionId
  readonly evseId: number
  readonly tokenRef: TokenRef
  /** our clocks, epoch milliseconds; `endedAt` absent while it goes on */
  readonly startedAt: number
  readonly endedAt?: number
}

/** From when to when something can concern it, epoch milliseconds. */
const windowOf = ({ startedAt, endedAt }: SessionFacts): [number, number] => [
  startedAt - beforeMs,
  (endedAt ?? Number.POSITIVE_INFINITY) + afterMs,
]

/** A driver is gone, or has nothing to do here any more: what the connector says after it is of the next one. */
const isOver = new Set(['Available', 'Finishing'])

/** What its connector said, from when the last driver was done until it was free again, within the window of the session. */
const statusesOf = (session: SessionFacts, events: readonly LogEvent[]): ReadonlySet<LogEvent> => {
  const [from, until] = windowOf(session)
  const ours = new Set<LogEvent>()
  for (const recorded of events) {
    const event = recorded as unknown as ChargerEvent
    if (event.type !== 'ConnectorStatusChanged' && event.type !== 'ConnectorStatusToldLate') continue
    const at = Date.parse(recorded.metadata.receivedAt)
    if (event.data.evseId !== session.evseId || at < from || at > until) continue
    ours.add(recorded)
    if (event.type !== 'ConnectorStatusChanged') continue
    if (at < session.startedAt && isOver.has(event.data.status)) ours.clear()
    if (at >= (session.endedAt ?? Infinity) && event.data.status === 'Available') break
  }
  return ours
}

/**
 * What of a charger's stream concerns one session: the authorisation and remote start that led to it, its transaction's opening and
 * closing, frames parked for it, remote stops with their outcomes, and what its connector and its connection did meanwhile.
 * @param events those around the session, in order
 */
export function chargerPart(session: SessionFacts, events: readonly LogEvent[]): LogEvent[] {
  const statuses = statusesOf(session, events)
  const concerns = concerning(session)
  return events.filter((event) => statuses.has(event) || concerns(event))
}

/** Asked of the events that are no statuses, in order: the outcome of a command is known by its request. */
function concerning(session: SessionFacts): (event: LogEvent) => boolean {
  const { transactionId } = sessionParts(session.sessionId)
  const commands = new Set<string>()
  const [from, until] = windowOf(session)

  return (recorded) => {
    const event = recorded as unknown as ChargerEvent
    const at = Date.parse(recorded.metadata.receivedAt)
    const leadsTo = at >= from && at <= session.startedAt + afterMs
    const meanwhile = at >= session.startedAt && at <= (session.endedAt ?? until)
    switch (event.type) {
      case 'TransactionOpened':
      case 'TransactionClosed':
        return event.data.transactionId === transactionId
      case 'FrameParked':
        return event.data.transactionId === transactionId
      case 'AuthorizationDecided':
        return event.data.idToken.ref === session.tokenRef && at >= from && at <= until
      case 'CommandRequested': {
        const { command, commandId } = event.data
        const ours =
          (command.type === 'RemoteStop' && command.transactionId === transactionId) ||
          (command.type === 'RemoteStart' && command.idToken.ref === session.tokenRef && leadsTo) ||
          (command.type === 'UnlockConnector' &&
            command.evseId === session.evseId &&
            at >= session.startedAt &&
            at <= until)
        if (ours) commands.add(commandId)
        return ours
      }
      case 'CommandSettled':
      case 'CommandOutcomeUnknown':
      case 'CommandOffline':
      case 'RemoteStartUnused':
      case 'RemoteStopUnheeded':
        return commands.has(event.data.commandId)
      case 'ChargerConnected':
      case 'ChargerDisconnected':
      case 'ChargerBooted':
        return meanwhile
      default:
        return false
    }
  }
}

/** Whether an event lies so far behind the session that no later one can concern it. */
export const isPast = (session: SessionFacts, event: LogEvent): boolean =>
  Date.parse(event.metadata.receivedAt) > windowOf(session)[1]
/** Whether an event lies so far before the session that no earlier one can concern it. */
export const isBefore = (session: SessionFacts, event: LogEvent): boolean =>
  Date.parse(event.metadata.receivedAt) < windowOf(session)[0]
