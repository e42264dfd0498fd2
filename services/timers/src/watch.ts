import type {
  CommandId,
  ConnectionEpoch,
  ChargerId,
  EvseId,
  TenantId,
  TokenRef,
  TransactionId,
} from '@voltrail/contracts/ids'
import type { ConnectorState, FollowedCommand } from '@voltrail/contracts/events/charger'
import type { ChargerEvent, SessionEvent } from '@voltrail/contracts/events/registry'
import type { Instant } from '@voltrail/contracts/quantities'
import { availableSince } from '@voltrail/domain/charger/available-since'
import { followedWith } from '@voltrail/domain/charger/followed-commands'
import { cameOf, type RemoteStartAsked } from '@voltrail/domain/charger/remote-start'
import type { Recorded } from '@voltrail/domain/decider'

/**
 * What time-outs depend on, and nothing else, folded from the log. All times are ours, in ms since 1970, unless they are
 * instants. A watch is changed in place: there is one per charger and one per session that is not settled.
 */
export interface ChargerWatch {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  /** the newest event: what a time-out was decided on */
  revision: number
  /** when the charger was last heard of, in the log or by presence */
  heardAt: number
  connection: { readonly epoch: ConnectionEpoch; readonly edge: string; readonly since: number } | undefined
  connectors: readonly ConnectorState[]
  /** since when each EVSE is Available, by the time that we were told */
  available: readonly { readonly evseId: EvseId; readonly at: Instant }[]
  readonly open: Map<TransactionId, OpenWatch>
  readonly pending: Map<CommandId, PendingWatch>
  /** remote starts that the charger accepted and that no transaction came of yet */
  readonly accepted: Map<CommandId, AcceptedWatch>
  /** what the charger agreed to and has not shown yet */
  followed: readonly FollowedCommand[]
  /** when a transaction was last closed, and when a connector last told its status */
  closedAt: number
  changedAt: number
  /** remote stops by the transaction that they are for; `acceptedAt`: the charger accepted it, and the transaction goes on */
  readonly stops: Map<CommandId, { readonly transactionId: TransactionId; acceptedAt: number | undefined }>
}

export interface OpenWatch {
  readonly evseId: EvseId
  readonly tokenRef: TokenRef
  readonly groupRef?: TokenRef | undefined
  readonly openedAt: number
  readonly startedAt: number
}

interface PendingWatch {
  readonly deadline: number
  /** of a remote start, as long as nothing came of it */
  asked: (RemoteStartAsked & { readonly requestedAt: Instant }) | undefined
  /** nobody knows what came of it; a late answer may still tell */
  lost: boolean
}

interface AcceptedWatch {
  readonly asked: RemoteStartAsked & { readonly requestedAt: Instant }
  readonly acceptedAt: number
}

export interface SessionWatch {
  revision: number
  started: boolean
  energyWh: number
  /** when the register last grew */
  grewAt: number
  stop: { readonly at: number; readonly inferred: boolean } | undefined
  corrections: number
  /** of stop, corrections and bill */
  newestAt: number
  settled: boolean
  /** its energy waits for review: it is not settled before */
  suspect: boolean
}

export const newChargerWatch = (tenant: TenantId, chargerId: ChargerId): ChargerWatch => ({
  tenant,
  chargerId,
  revision: -1,
  heardAt: 0,
  connection: undefined,
  connectors: [],
  available: [],
  open: new Map(),
  pending: new Map(),
  accepted: new Map(),
  stops: new Map(),
  followed: [],
  closedAt: 0,
  changedAt: 0,
})

export const newSessionWatch = (): SessionWatch => ({
  revision: -1,
  started: false,
  energyWh: 0,
  grewAt: 0,
  stop: undefined,
  corrections: 0,
  newestAt: 0,
  settled: false,
  suspect: false,
})

/** Commands of unknown outcome that are remembered, in case a late answer comes. */
const mostLost = 8

/** What an event of the charger's stream changes. */
export const hearCharger = (watch: ChargerWatch, event: Recorded<ChargerEvent>): void => {
  const toldAt = Date.parse(event.metadata.receivedAt)
  watch.revision = event.revision
  if (event.metadata.actor.kind === 'charger') watch.heardAt = Math.max(watch.heardAt, toldAt)
  watch.followed = followedWith(watch.followed, event)
  switch (event.type) {
    case 'ChargerConnected':
      watch.connection = { epoch: String(event.revision) as ConnectionEpoch, edge: event.data.edge, since: toldAt }
      return
    case 'ChargerDisconnected':
      if (watch.connection?.epoch === event.data.epoch) watch.connection = undefined
      return
    case 'ConnectorStatusChanged': {
      watch.changedAt = toldAt
      const { time: _, ...connector } = event.data
      watch.connectors = [
        ...watch.connectors.filter(
          (one) => one.evseId !== connector.evseId || one.connectorId !== connector.connectorId,
        ),
        connector,
      ]
      const before = { connectors: [...watch.connectors], availableSince: [...watch.available] }
      watch.available = availableSince(before, event, event.metadata.receivedAt)
      return
    }
    case 'TransactionOpened': {
      const { transactionId, evseId, tokenRef, groupRef, startedAt } = event.data
      watch.open.set(transactionId, {
        evseId,
        tokenRef,
        groupRef,
        openedAt: toldAt,
        startedAt: Date.parse(startedAt.effectiveAt),
      })
      for (const pending of watch.pending.values())
        if (pending.asked !== undefined && cameOf(pending.asked, event.data)) pending.asked = undefined
      for (const [commandId, { asked }] of watch.accepted)
        if (cameOf(asked, event.data)) watch.accepted.delete(commandId)
      return
    }
    case 'TransactionRestamped': {
      const { transactionId, startedAt } = event.data
      const open = watch.open.get(transactionId)
      if (open !== undefined) watch.open.set(transactionId, { ...open, startedAt: Date.parse(startedAt.effectiveAt) })
      return
    }
    case 'TransactionClosed':
      watch.open.delete(event.data.transactionId)
      watch.closedAt = toldAt
      for (const [commandId, { transactionId }] of watch.stops)
        if (transactionId === event.data.transactionId) watch.stops.delete(commandId)
      return
    case 'CommandRequested': {
      const { commandId, command, deadline } = event.data
      const asked =
        command.type === 'RemoteStart'
          ? { evseId: command.evseId, tokenRef: command.idToken.ref, requestedAt: event.metadata.receivedAt }
          : undefined
      watch.pending.set(commandId, { deadline: Date.parse(deadline), asked, lost: false })
      if (command.type === 'RemoteStop' && watch.open.has(command.transactionId))
        watch.stops.set(commandId, { transactionId: command.transactionId, acceptedAt: undefined })
      return
    }
    case 'CommandSettled': {
      const { commandId, result } = event.data
      const asked = watch.pending.get(commandId)?.asked
      watch.pending.delete(commandId)
      if (asked !== undefined && result.outcome === 'result' && result.status === 'Accepted')
        watch.accepted.set(commandId, { asked, acceptedAt: toldAt })
      const stop = watch.stops.get(commandId)
      if (stop !== undefined && result.outcome === 'result' && result.status === 'Accepted') stop.acceptedAt = toldAt
      else watch.stops.delete(commandId)
      return
    }
    case 'CommandOutcomeUnknown': {
      const pending = watch.pending.get(event.data.commandId)
      if (pending?.asked === undefined) watch.pending.delete(event.data.commandId)
      else {
        pending.lost = true
        const lost = [...watch.pending].filter(([, one]) => one.lost)
        if (lost.length > mostLost) watch.pending.delete((lost[0] as (typeof lost)[number])[0])
      }
      return
    }
    case 'CommandOffline':
      watch.pending.delete(event.data.commandId)
      watch.stops.delete(event.data.commandId)
      return
    case 'RemoteStopUnheeded':
      watch.stops.delete(event.data.commandId)
      return
    case 'RemoteStartUnused':
      watch.accepted.delete(event.data.commandId)
      return
    default:
      // the rest begins or ends no wait
      return
  }
}

/** What an event of a session's stream changes. */
export const hearSession = (watch: SessionWatch, event: Recorded<SessionEvent>): void => {
  const toldAt = Date.parse(event.metadata.receivedAt)
  watch.revision = event.revision
  switch (event.type) {
    case 'SessionStarted':
      watch.started = true
      watch.suspect = event.data.suspect === true
      return
    case 'SessionEnergyVouched':
      watch.suspect = false
      return
    case 'SessionEnergyMetered':
      if (event.data.summary.energyWh > watch.energyWh) watch.grewAt = toldAt
      watch.energyWh = event.data.summary.energyWh
      watch.settled = event.data.summary.settled
      watch.suspect = event.data.summary.suspect === true
      return
    case 'SessionStopped':
    case 'SessionCorrected':
      watch.started = true
      watch.stop = { at: toldAt, inferred: event.data.summary.stop?.inferred ?? false }
      watch.corrections = event.data.summary.corrections
      watch.settled = event.data.summary.settled
      watch.suspect = event.data.summary.suspect === true
      watch.newestAt = Math.max(watch.newestAt, toldAt)
      return
    case 'SessionSettled':
      watch.settled = true
      return
    case 'SessionChargingStateChanged':
      return
    default:
      event satisfies never
  }
}
