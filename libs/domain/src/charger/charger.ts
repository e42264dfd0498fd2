import type { CommandId, ConnectionEpoch, FactId } from '@voltrail/contracts/ids'
import type { FactAnswer } from '@voltrail/contracts/facts'
import type { ChargerEvent, EventNamed } from '@voltrail/contracts/events/registry'
import type { Aggregate, Recorded } from '../decider.ts'
import { availableSince } from './available-since.ts'
import { rememberDecision, rememberReview } from './reviews.ts'
import type { ChargerState } from './charger-state.ts'
import { closedWith } from './closed-transactions.ts'
import { followedWith } from './followed-commands.ts'
import { candidatesWith, claimedWith } from './kept-candidates.ts'
import { leftCharging } from './left-charging.ts'
import { measuredClock } from './measured-clock.ts'
import { parkedStartsNamed, parkedStartsWith } from './parked-starts.ts'
import { startsWith } from './recent-starts.ts'
import { bootedSerialsWith, takeoversWith } from './takeovers.ts'
import { remoteStartsWith, remoteStartsWithout } from './remote-starts.ts'
import { spellingsWith } from './spellings.ts'
import { toldStatusesWith } from './told-statuses.ts'
import { afterStart, toldStopsWith } from './told-stops.ts'

/**
 * One charging station: `charger-<tenant>.<id>`. Its connection, its connectors, the register of its open transactions, the
 * commands that wait for an outcome. The decisions stand beside: connection.ts, transactions.ts, commands.ts.
 */
export const unknownCharger: ChargerState = {
  registered: false,
  registration: 'Pending',
  acceptedBefore: false,
  securityProfile: 0,
  passwordDigests: [],
  connectors: [],
  openTransactions: [],
  pendingCommands: [],
  recentCommands: [],
  answered: [],
  contentKeys: [],
  eventsSinceSummary: 0,
}

const keptAnswers = 16
const keptCommands = 32
/** An answer may carry the whole configuration; all that are kept must fit into one summary. In characters of JSON. */
const keptOutcomeLength = 4096
const keptKeys = 32
/** A charger is summarised each so many events, which bounds every load. */
const summaryEvery = 100
/** A summary that no event can carry is left out: loads grow longer, but nothing is refused for it. In characters of JSON. */
const longestSummary = 160_000

/** How many EVSEs a charger has, as far as it has told: the highest that it ever named. */
export const evseCount = ({ connectors }: Pick<ChargerState, 'connectors'>): number =>
  Math.max(0, ...connectors.map(({ evseId }) => evseId))

const identityForEdge = ({ vendor, model, firmwareVersion }: NonNullable<ChargerState['identity']>) => ({
  vendor,
  model,
  ...(firmwareVersion === undefined ? {} : { firmwareVersion }),
})

/**
 * The answer that an event gives to the fact behind it. A group's clear token is not in it (it is not in the log): whoever
 * answers adds it.
 */
const answerOf = (state: ChargerState, event: Recorded<ChargerEvent>): FactAnswer | undefined => {
  switch (event.type) {
    case 'ChargerConnected':
      return {
        type: 'Connect',
        epoch: String(event.revision) as ConnectionEpoch,
        registration: state.registration,
        known: state.acceptedBefore,
        heartbeatSeconds: event.data.heartbeatSeconds,
        subprotocol: event.data.subprotocol,
        ...(state.settings === undefined ? {} : { settings: state.settings }),
        ...(state.identity === undefined ? {} : { identity: identityForEdge(state.identity) }),
        ...(evseCount(state) === 0 ? {} : { evses: evseCount(state) }),
      }
    case 'ChargerDisconnected':
      return { type: 'Disconnect' }
    case 'ChargerBooted':
      return { type: 'Boot', registration: event.data.registration, intervalSeconds: event.data.intervalSeconds }
    case 'ConnectorStatusChanged':
    case 'ConnectorStatusToldLate':
      return { type: 'ConnectorStatus' }
    case 'AuthorizationDecided': {
      const { status, expiresAt } = event.data
      return { type: 'Authorize', authorization: { status, ...(expiresAt === undefined ? {} : { expiresAt }) } }
    }
    case 'VendorDataReceived':
      return { type: 'VendorData', status: event.data.status }
    case 'FrameParked':
      return parkedAnswer(event.data)
    case 'CommandSettled':
      return { type: 'LateAnswer' }
    case 'RegistersHeld':
      return { type: 'MeterValues' }
    default:
      return undefined
  }
}

const parkedAnswer = (parked: EventNamed<'FrameParked'>['data']): FactAnswer => {
  const { meant, transactionId, authorization } = parked
  if (meant === 'TransactionStart' && transactionId !== undefined && authorization !== undefined)
    return { type: 'TransactionStart', transactionId, authorization: { status: authorization } }
  if (transactionId !== undefined) return { type: 'Malformed', transactionId }
  if (parked.meant !== 'TransactionStop') return { type: 'MeterValues' }
  return {
    type: 'TransactionStop',
    ...(parked.authorization === undefined ? {} : { authorization: { status: parked.authorization } }),
  }
}

const remember = (state: ChargerState, factId: FactId | undefined, answer: FactAnswer | undefined): ChargerState =>
  factId === undefined || answer === undefined || state.answered.some((known) => known.factId === factId)
    ? state
    : { ...state, answered: [...state.answered.slice(1 - keptAnswers), { factId, answer: answer as never }] }

const rememberKey = (state: ChargerState, contentKey: string | undefined): ChargerState =>
  contentKey === undefined ? state : { ...state, contentKeys: [...state.contentKeys.slice(1 - keptKeys), contentKey] }

const upsertConnector = (state: ChargerState, connector: ChargerState['connectors'][number]): ChargerState => ({
  ...state,
  connectors: [
    ...state.connectors.filter((c) => c.evseId !== connector.evseId || c.connectorId !== connector.connectorId),
    connector,
  ],
})

const kept = (
  result: EventNamed<'CommandSettled'>['data']['result'],
): ChargerState['recentCommands'][number]['outcome'] =>
  JSON.stringify(result).length <= keptOutcomeLength ? { kind: 'settled', result } : { kind: 'settled', tooLong: true }

const settle = (
  state: ChargerState,
  commandId: CommandId,
  outcome: ChargerState['recentCommands'][number]['outcome'],
): ChargerState => {
  const pending = state.pendingCommands.find((command) => command.commandId === commandId)
  const earlier = state.recentCommands.filter((command) => command.commandId !== commandId)
  return {
    ...state,
    pendingCommands: state.pendingCommands.filter((command) => command !== pending),
    recentCommands: [...earlier.slice(1 - keptCommands), { commandId, outcome }],
  }
}

/** The EVSEs that are free, and on their open transactions since when: what begins there later is another session. */
const freed = (
  { openTransactions }: ChargerState,
  available: NonNullable<ChargerState['availableSince']>,
): Pick<ChargerState, 'availableSince' | 'openTransactions'> => ({
  availableSince: available,
  openTransactions: openTransactions.map((open) => {
    const free = available.find((one) => one.evseId === open.evseId)
    return free === undefined || open.freedAt !== undefined || free.at < open.startedAt.effectiveAt
      ? open
      : { ...open, freedAt: free.at }
  }),
})

const credentialsWith = (
  state: ChargerState,
  { securityProfile, passwordDigests, passwordShort, next }: EventNamed<'ChargerCredentialsChanged'>['data'],
): ChargerState => {
  const { nextCredentials: before, passwordShort: _, connection, ...rest } = state
  const changed = {
    ...rest,
    securityProfile,
    passwordDigests,
    ...(passwordShort === undefined ? {} : { passwordShort }),
    ...(next === undefined ? {} : { nextCredentials: next }),
  }
  if (connection === undefined) return changed
  // a connection made with the credentials of one upgrade proves nothing for another
  const { onNext, ...made } = connection
  const same = onNext === true && next !== undefined && next.upgradeId === before?.upgradeId
  return { ...changed, connection: same ? { ...made, onNext } : made }
}

const change = (state: ChargerState, event: Recorded<ChargerEvent>): ChargerState => {
  switch (event.type) {
    case 'ChargerRegistered':
      return {
        ...state,
        registered: true,
        registration: event.data.registration,
        acceptedBefore: false,
        securityProfile: event.data.securityProfile,
      }
    case 'ChargerRegistrationChanged':
      return { ...state, registration: event.data.registration }
    case 'ChargerCredentialsChanged':
      return credentialsWith(state, event.data)
    case 'ChargerConnected': {
      const epoch = String(event.revision) as ConnectionEpoch
      return {
        ...state,
        connection: {
          epoch,
          edge: event.data.edge,
          open: true,
          remoteAddress: event.data.remoteAddress,
          ...(event.data.onNext === true ? { onNext: true } : {}),
        },
        takeovers: takeoversWith(state, { at: event.metadata.receivedAt, remoteAddress: event.data.remoteAddress }),
        connectedAt: event.metadata.receivedAt,
      }
    }
    case 'ChargerConnectionRefused':
      return { ...state, lastRefusal: { at: event.metadata.receivedAt, reason: event.data.reason } }
    case 'ChargerIdentityContested':
      return { ...state, contestedAt: event.metadata.receivedAt, contestedRevision: event.revision }
    case 'ChargerDisconnected':
      return state.connection?.epoch === event.data.epoch
        ? { ...state, connection: { ...state.connection, open: false } }
        : state
    case 'ChargerBooted': {
      const { registration, intervalSeconds: _, ...identity } = event.data
      return {
        ...state,
        identity,
        acceptedBefore: state.acceptedBefore || registration === 'Accepted',
        lastBootAt: event.metadata.receivedAt,
        bootedSerials: bootedSerialsWith(state, event),
      }
    }
    case 'ConnectorStatusChanged': {
      const { time: _, ...connector } = event.data
      const changed = upsertConnector(state, connector)
      return {
        ...changed,
        ...freed(changed, availableSince(changed, event)),
        leftCharging: leftCharging(state, event),
        ...measuredClock(state, event),
        ...toldStatusesWith(state, event),
      }
    }
    case 'ConnectorStatusToldLate':
      return { ...state, ...toldStatusesWith(state, event) }
    case 'TransactionOpened': {
      const { spelling, ...open } = event.data
      return {
        ...afterStart(state),
        openTransactions: [...state.openTransactions, open],
        ...claimedWith(state, open),
        recentStarts: startsWith(state, { ...open, charger: open.startedAt.charger }),
        ...spellingsWith(state, open.tokenRef, spelling),
      }
    }
    case 'TransactionClosed':
      return rememberKey(
        {
          ...state,
          openTransactions: state.openTransactions.filter((open) => open.transactionId !== event.data.transactionId),
          closedTransactions: closedWith(state, event.data),
          ...toldStopsWith(state, event.data.restampKey),
        },
        event.data.contentKey,
      )
    case 'FrameParked': {
      const known = rememberKey(
        event.data.meant === 'TransactionStart' ? afterStart(state) : state,
        event.data.contentKey,
      )
      return { ...known, ...parkedStartsWith(state, event), ...toldStopsWith(known, event.data.restampKey) }
    }
    case 'CommandRequested': {
      const { commandId, command, deadline } = event.data
      return {
        ...state,
        pendingCommands: [...state.pendingCommands, { commandId, type: command.type, deadline }],
        ...remoteStartsWith(state, event),
      }
    }
    case 'CommandSettled': {
      const { commandId, result } = event.data
      const settled = settle(state, commandId, kept(result))
      const wanted = result.outcome === 'result' && result.status === 'Accepted'
      return wanted ? settled : { ...settled, ...remoteStartsWithout(settled, commandId) }
    }
    case 'CommandOutcomeUnknown':
      return settle(state, event.data.commandId, { kind: 'unknown', reason: event.data.reason })
    case 'CommandOffline':
      return {
        ...settle(state, event.data.commandId, { kind: 'offline' }),
        ...remoteStartsWithout(state, event.data.commandId),
      }
    case 'AvailabilityReached':
      // what was told to be late came after all
      return {
        ...state,
        recentCommands: state.recentCommands.map((command) => {
          if (command.commandId !== event.data.commandId) return command
          const { unused: _, ...outcome } = command.outcome as Record<string, never>
          return { ...command, outcome }
        }),
      }
    case 'RemoteStartUnused':
    case 'RemoteStopUnheeded':
    case 'AvailabilityUnheeded':
    case 'ResetUnheeded':
      return {
        ...state,
        recentCommands: state.recentCommands.map((command) =>
          command.commandId === event.data.commandId
            ? { ...command, outcome: { ...(command.outcome as object), unused: true } }
            : command,
        ),
      }
    case 'ChargerSummarised':
      return { ...event.data.summary, eventsSinceSummary: -1 }
    case 'TransactionRestamped':
      return {
        ...state,
        openTransactions: state.openTransactions.map((open) =>
          open.transactionId === event.data.transactionId
            ? { ...open, otherKeys: [...(open.otherKeys ?? []).slice(-7), event.data.startKey] }
            : open,
        ),
        recentStarts: startsWith(state, { ...event.data, charger: event.data.startedAt.charger }),
      }
    case 'RegistersHeld':
      return {
        ...state,
        candidates: candidatesWith(state, event.data.candidates, event.data.replaces),
        ...parkedStartsNamed(
          state,
          event.data.candidates.map((one) => one.namedTransaction),
        ),
      }
    case 'ReviewDecided':
      return rememberDecision(state, event)
    case 'ReviewSettled':
      return rememberReview(state, event.data)
    case 'ChargerSettingsChanged':
      return { ...state, settings: event.data.settings }
    case 'AuthorizationDecided':
      return { ...state, ...spellingsWith(state, event.data.idToken.ref, event.data.spelling) }
    case 'VendorDataReceived':
    case 'ConfigurationSeen':
      return state
    default:
      return event satisfies never
  }
}

const followed = (state: ChargerState, event: Recorded<ChargerEvent>): ChargerState => {
  const before = state.followed ?? []
  const after = followedWith(before, event)
  return after === before ? state : { ...state, followed: [...after] }
}

const evolve = (state: ChargerState, event: Recorded<ChargerEvent>): ChargerState => {
  const changed = followed(change(state, event), event)
  return {
    ...remember(changed, event.metadata.causation.factId, answerOf(changed, event)),
    eventsSinceSummary: changed.eventsSinceSummary + 1,
  }
}

export const charger: Aggregate<ChargerState, ChargerEvent> = {
  initialState: unknownCharger,
  evolve,
  restore: (event) => (event.type === 'ChargerSummarised' ? evolve(unknownCharger, event) : undefined),
  summarise: (state) =>
    state.eventsSinceSummary >= summaryEvery && JSON.stringify(state).length <= longestSummary
      ? { type: 'ChargerSummarised', data: { summary: { ...state, eventsSinceSummary: 0 } } }
      : undefined,
}

/** The answer that a fact got before, if this charger remembers it: a fact asked again gets it again. */
export const answeredBefore = (state: ChargerState, factId: FactId | undefined): FactAnswer | undefined =>
  factId === undefined
    ? undefined
    : (state.answered.find((known) => known.factId === factId)?.answer as FactAnswer | undefined)
