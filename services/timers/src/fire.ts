import type { Lookup, MetadataInput } from '@voltrail/contracts/envelope'
import type { ChargerId, TenantId, TransactionId } from '@voltrail/contracts/ids'
import type { DomainEvent } from '@voltrail/contracts/events/registry'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream, sessionId, sessionStream, type StreamName } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { giveUpCommand } from '@voltrail/domain/charger/commands'
import { disconnectCharger } from '@voltrail/domain/charger/connection'
import { availabilityReached, availabilityUnheeded, resetUnheeded } from '@voltrail/domain/charger/followed-commands'
import { remoteStartUnused } from '@voltrail/domain/charger/remote-start'
import { remoteStopUnheeded } from '@voltrail/domain/charger/remote-stop'
import { closeTransaction } from '@voltrail/domain/charger/transactions'
import type { Aggregate, Decision } from '@voltrail/domain/decider'
import { inferStop, type InferStop } from '@voltrail/domain/inference'
import { session } from '@voltrail/domain/session'
import { wholeSession } from '@voltrail/domain/session-end'
import { settleSession } from '@voltrail/domain/settling'
import { LogUnavailable } from '@voltrail/event-store/event-log'
import type { WriteLoop } from '@voltrail/event-store/write-loop'
import type { TimeOut } from './due.ts'
import type { ChargerWatch } from './watch.ts'

export interface FireDeps {
  readonly loop: WriteLoop
  readonly pod: string
  readonly build: string
}

/** Why a time-out fires: the event that the decision rests on (`<stream>@<revision>`), what it looked up, which settings it used. */
export interface Because {
  readonly now: number
  readonly event: string
  readonly lookups: readonly Lookup[]
  readonly settings: Record<string, number>
}

/** The log did not answer: the time-out is still due. */
export class Waits extends Error {}

const followUp = {
  'availability-reached': availabilityReached,
  'availability-unheeded': availabilityUnheeded,
  'reset-unheeded': resetUnheeded,
}

/** Appends what a time-out means, and answers with the types of the events: none, when the log shows that it no longer holds. */
export const fire = async (timeOut: TimeOut, because: Because, deps: FireDeps): Promise<readonly string[]> => {
  const { tenant, kind, dueAt: _, ...what } = timeOut
  const decide = deciding(deps, tenant, because, { type: kind, ...what })
  const now = instant(because.now)
  switch (timeOut.kind) {
    case 'connector-available':
    case 'charger-silent':
      return endInferred(timeOut, because, deps, decide)
    case 'half-done': {
      const { chargerId, transactionId } = timeOut
      return close(tenant, chargerId, transactionId, deps, decide)
    }
    case 'command-overdue': {
      const { chargerId, commandId } = timeOut
      const reason = 'nobody recorded what came of it until its deadline'
      return decide(charger, chargerStream(tenant, chargerId), commandId, (state) =>
        giveUpCommand({ commandId, reason }, state),
      )
    }
    case 'remote-start-unused': {
      const { chargerId, commandId, asked, requestedAt } = timeOut
      return decide(charger, chargerStream(tenant, chargerId), commandId, (state) =>
        remoteStartUnused({ commandId, asked, requestedAt }, state),
      )
    }
    case 'remote-stop-unheeded': {
      const { chargerId, commandId, transactionId } = timeOut
      return decide(charger, chargerStream(tenant, chargerId), commandId, (state) =>
        remoteStopUnheeded({ commandId, transactionId }, state),
      )
    }
    case 'availability-reached':
    case 'availability-unheeded':
    case 'reset-unheeded': {
      const { chargerId, commandId } = timeOut
      const followed = followUp[timeOut.kind]
      return decide(charger, chargerStream(tenant, chargerId), commandId, (state) => followed({ commandId }, state))
    }
    case 'session-settled': {
      const { corrections } = timeOut
      return decide(session, sessionStream(tenant, timeOut.sessionId), timeOut.sessionId, (state) =>
        settleSession({ at: now, corrections }, state),
      )
    }
    default:
      return timeOut satisfies never
  }
}

/** The end of a connection whose edge is gone: it cannot tell it any more. */
export const edgeGone = (
  { tenant, chargerId }: Pick<ChargerWatch, 'tenant' | 'chargerId'>,
  connection: NonNullable<ChargerWatch['connection']>,
  because: Because,
  deps: FireDeps,
): Promise<readonly string[]> => {
  const { epoch, edge } = connection
  const decide = deciding(deps, tenant, because, { type: 'edge-gone', chargerId, epoch, edge })
  // RFC 6455 §7.1.5: the connection was lost and no close was received
  return decide(charger, chargerStream(tenant, chargerId), `${chargerId}@${epoch}`, (state) =>
    disconnectCharger({ epoch, edge, code: 1006, reason: 'edge gone' }, state),
  )
}

type Decide = <S, E extends DomainEvent, R>(
  aggregate: Aggregate<S, E>,
  stream: StreamName,
  correlation: string,
  decision: (state: S) => Decision<NoInfer<E>, R>,
) => Promise<readonly string[]>

const deciding =
  ({ loop, pod, build }: FireDeps, tenant: TenantId, because: Because, command: object): Decide =>
  async (aggregate, stream, correlation, decision) => {
    const now = instant(because.now)
    const meta: MetadataInput = {
      tenant,
      causation: { pod, event: because.event },
      correlation,
      actor: { kind: 'service', id: 'timers' },
      receivedAt: now,
      decision: {
        build,
        clock: now,
        command: JSON.parse(JSON.stringify(command)),
        lookups: [...because.lookups],
        settings: because.settings,
      },
    }
    const decided = await loop.decide(aggregate, stream, decision, meta)
    if (decided.outcome === 'unavailable') throw new Waits(decided.reason)
    if (decided.outcome === 'rejected')
      throw new Error(`${JSON.stringify(command)} was refused: ${JSON.stringify(decided.rejection)}`)
    return decided.appended.map(({ type }) => type)
  }

/** The session's end, then the register of open transactions: killed between the two it is met again as half done. */
const endInferred = async (
  timeOut: Extract<TimeOut, { kind: 'connector-available' | 'charger-silent' }>,
  because: Because,
  deps: FireDeps,
  decide: Decide,
): Promise<readonly string[]> => {
  const { tenant, chargerId, transactionId } = timeOut
  const id = sessionId(chargerId, transactionId)
  const { state, revision } = await reading(() => deps.loop.load(charger, chargerStream(tenant, chargerId)))
  const open = state.openTransactions.find((one) => one.transactionId === transactionId)
  if (open === undefined) return []
  const receivedAt = instant(because.now)
  const free = state.availableSince?.find((one) => one.evseId === open.evseId)
  // the charger has told something since: it is judged again with that
  if (timeOut.kind === 'connector-available' && (revision !== timeOut.revision || free === undefined)) return []
  const proven: InferStop =
    timeOut.kind === 'connector-available'
      ? { because: 'ConnectorAvailable', provenAt: free?.at, receivedAt }
      : { because: 'ChargerSilent', receivedAt }
  const ended = await decide(wholeSession, sessionStream(tenant, id), id, (known) => inferStop(proven, known))
  return [...ended, ...(await close(tenant, chargerId, transactionId, deps, decide))]
}

/** Closes a transaction whose session has ended, or never began. */
const close = async (
  tenant: TenantId,
  chargerId: ChargerId,
  transactionId: TransactionId,
  deps: FireDeps,
  decide: Decide,
): Promise<readonly string[]> => {
  const id = sessionId(chargerId, transactionId)
  const { state } = await reading(() => deps.loop.load(session, sessionStream(tenant, id)))
  const { stop } = state.summary
  if (state.start !== undefined && stop === undefined) return []
  const reason = stop === undefined ? 'resolved' : stop.inferred ? 'inferred' : 'stopped'
  return decide(charger, chargerStream(tenant, chargerId), id, (known) =>
    closeTransaction({ transactionId, reason }, known),
  )
}

const reading = async <T>(read: () => Promise<T>): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    if (error instanceof LogUnavailable) throw new Waits(error.message, { cause: error })
    throw error
  }
}
