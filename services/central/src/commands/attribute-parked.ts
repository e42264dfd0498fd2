import type { AdminCommandReply } from '@voltrail/contracts/admin-commands'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { ChargerId, EvseId, TenantId, TransactionId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { claimedBy } from '@voltrail/domain/charger/candidates'
import { charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { connectorIn, knownEvses, type StartPlace } from '@voltrail/domain/charger/start-place'
import { closeTransaction, openTransaction, openWithKey } from '@voltrail/domain/charger/transactions'
import { authorise } from '@voltrail/domain/id-token'
import { meterSession, session, startSession, type MeterSession, type SessionStarted } from '@voltrail/domain/session'
import { meterAfterStop, wholeSession } from '@voltrail/domain/session-end'
import { attributeStop, type ReviewRejection } from '@voltrail/domain/session-review'
import type { CentralDeps } from '../central-deps.ts'
import { mustAccept } from '../deciding.ts'
import { endSuperseded } from '../facts/end-superseded.ts'

export type Parked = EventNamed<'FrameParked'>['data']
export interface Attribution {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  readonly transactionId: TransactionId
  /** where a start began whose connector could not be read, or was 0 */
  readonly evseId?: EvseId | undefined
  /** when the frame came */
  readonly receivedAt: Instant
  readonly deps: CentralDeps
  readonly metadata: (correlation: string, lookups?: MetadataInput['decision']['lookups']) => MetadataInput
}

type Refused = Extract<AdminCommandReply, { outcome: 'refused' }>
export type AttributionRefusal = Refused | ReviewRejection
const refused = (reason: string, detail: string): Refused => ({ outcome: 'refused', reason, detail })

/**
 * What was parked becomes what it meant: a start a session, a stop the end of one, meter values readings of one. Made again it
 * makes nothing. `undefined` when it is done.
 */
export const attributeParked = async (parked: Parked, to: Attribution): Promise<AttributionRefusal | undefined> => {
  if (parked.meant !== 'TransactionStart' && to.evseId !== undefined)
    return refused('other-connector', 'evseId says where a parked start began; this is none: leave it out')
  switch (parked.meant) {
    case 'TransactionStart':
      return startParked(parked, to)
    case 'TransactionStop':
      return stopParked(parked, to)
    case 'MeterValues':
      return meterParked(parked, to)
    default:
      return parked.meant satisfies never
  }
}

/**
 * The session of a start that could not be read in full. It has the transaction id that the charger was answered, so that what
 * the charger tells next finds it; then it is like any other that goes on.
 */
const startParked = async (parked: Parked, to: Attribution): Promise<AttributionRefusal | undefined> => {
  const { tenant, chargerId, transactionId, receivedAt, deps, metadata } = to
  const { idToken, occurredAt: startedAt, meterStart, contentKey: startKey, suspect } = parked
  if (idToken === undefined || startedAt === undefined) {
    const missing = [...(idToken === undefined ? ['id token'] : []), ...(startedAt === undefined ? ['time'] : [])]
    return refused(
      'not-attributable',
      `no session can be made of this start: its ${missing.join(' and its ')} could not be read`,
    )
  }
  if (transactionId !== parked.transactionId)
    return refused('other-transaction', `the charger was answered that this is transaction ${parked.transactionId}`)
  const id = sessionId(chargerId, transactionId)
  const known = await deps.load(session, sessionStream(tenant, id))
  const { start: begun } = known.state
  if (begun !== undefined && begun.startKey !== startKey)
    return refused('not-attributable', `transaction ${transactionId} belongs to another start by now`)
  const stream = chargerStream(tenant, chargerId)
  const { state: before } = await deps.load(charger, stream)
  const place = placeOfStart(parked, begun, to.evseId, before)
  if ('outcome' in place) return place
  const { evseId, connectorId } = place
  /** An operator may decide long after: the newest start on the EVSE is the one that goes on. */
  const endOlder = async (state: ChargerState): Promise<void> => {
    const here = state.openTransactions.filter((open) => open.evseId === evseId)
    const newest = here.toSorted((a, b) => (a.startedAt.effectiveAt < b.startedAt.effectiveAt ? 1 : -1))[0]
    if (newest !== undefined) await endSuperseded(newest, state, { tenant, chargerId, receivedAt, metadata }, deps)
  }
  if (begun !== undefined) {
    // asked again after a crash: what comes after the start may be missing
    await endOlder(before)
    return undefined
  }
  const token = await deps.lookUps.token(tenant, idToken.ref)
  const meant = { ...idToken, ...(token.ref === idToken.ref ? {} : token.value.idToken) }
  const settings = await deps.lookUps.settings(tenant)
  const { groupRef, ...judged } = authorise(token.value, settings.value, startedAt.effectiveAt)
  // the session says what the charger was answered
  const authorization =
    parked.authorization === undefined || parked.authorization === judged.status
      ? judged
      : { status: parked.authorization, reason: 'answered-when-parked' }
  const common = {
    transactionId,
    startKey,
    evseId,
    connectorId,
    startedAt,
    ...(meterStart === undefined ? {} : { meterStart }),
    ...(groupRef === undefined ? {} : { groupRef }),
  }
  const lookups = [...token.lookups, settings.lookup]
  const opened = await deps.decide(
    charger,
    stream,
    (state) =>
      openTransaction(
        {
          ...common,
          tokenRef: meant.ref,
          authorization: authorization.status,
          // told again, it still says no connector
          ...(parked.evseId === undefined ? { whole: true as const } : {}),
        },
        state,
      ),
    metadata(id, lookups),
  )
  const start: SessionStarted = {
    ...common,
    idToken: meant,
    authorization,
    ...(meterStart === undefined ? { meterStartUnread: true } : {}),
    ...(suspect === true ? { suspect } : {}),
  }
  const held = claimedBy(opened.state, transactionId)
  mustAccept(
    await deps.decide(
      session,
      sessionStream(tenant, id),
      (state) => startSession(start, state, held),
      metadata(id, lookups),
    ),
    `the start of session ${id}`,
  )
  // what named it was held for it until its session had begun
  const { state: since } = await deps.load(charger, stream)
  const later = claimedBy(since, transactionId)
  for (const message of later.filter((one) => held.every(({ contentKey }) => contentKey !== one.contentKey)))
    await deps.decide(session, sessionStream(tenant, id), (state) => meterSession(message, state), metadata(id))
  await endOlder(opened.state)
  return undefined
}

/**
 * Where a parked start began: as it says, as it was decided when this was asked before, as the operator says, or on the one EVSE
 * that the charger is known to have.
 */
const placeOfStart = (
  { evseId, connectorId, contentKey }: Parked,
  begun: StartPlace | undefined,
  asked: EvseId | undefined,
  state: ChargerState,
): StartPlace | Refused => {
  const told =
    evseId === undefined ? (begun ?? openWithKey(state, contentKey)) : { evseId, connectorId: connectorId ?? 1 }
  if (told !== undefined)
    return asked === undefined || asked === told.evseId
      ? told
      : refused('other-connector', `this start is one of EVSE ${told.evseId}: leave evseId out`)
  const known = knownEvses(state)
  const only = known.length === 1 ? known[0] : undefined
  const meant = asked ?? only
  if (meant === undefined)
    return refused(
      'no-connector',
      `the connector of this start could not be read or is 0, and the charger is known to have ${known.length === 0 ? 'none' : `the EVSEs ${known.join(', ')}`}: say in the decision where it began (evseId)`,
    )
  return { evseId: meant, connectorId: connectorIn(state, meant) }
}

/** The register forgets the transaction only after its session has its stop. */
const stopParked = async (parked: Parked, to: Attribution): Promise<AttributionRefusal | undefined> => {
  const { tenant, chargerId, transactionId, deps, metadata } = to
  const { occurredAt: stoppedAt, meterStop, stopReason, registers = [], tokenRef, authorization, suspect } = parked
  if (stoppedAt === undefined)
    return refused('not-attributable', 'nothing of this stop could be read: correct the session instead')
  const id = sessionId(chargerId, transactionId)
  const token = tokenRef === undefined ? undefined : await deps.lookUps.token(tenant, tokenRef)
  const decided = await deps.decide(
    wholeSession,
    sessionStream(tenant, id),
    (state) =>
      attributeStop(
        {
          stoppedAt,
          meterStop,
          // OCPP 1.6 §6.49: a stop that gives no reason is a local one
          reason: stopReason ?? 'Local',
          meterStopUnread: meterStop === undefined,
          inferred: false,
          registers,
          idTokenRef: token?.ref,
          groupRef: token?.value.terms?.group?.ref,
          authorization,
          suspect,
        },
        state,
      ),
    metadata(id, [...(token?.lookups ?? [])]),
  )
  if (decided.outcome === 'rejected') return decided.rejection
  await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) => closeTransaction({ transactionId, reason: 'resolved' }, state),
    metadata(id),
  )
  return undefined
}

const meterParked = async (
  { registers = [], contentKey, suspect }: Parked,
  to: Attribution,
): Promise<AttributionRefusal | undefined> => {
  const { tenant, chargerId, transactionId, deps, metadata } = to
  const measuredAt = registers.at(-1)?.at
  if (measuredAt === undefined)
    return refused('not-attributable', 'no energy register of these meter values could be read: correct the session')
  const id = sessionId(chargerId, transactionId)
  const stream = sessionStream(tenant, id)
  const command: MeterSession = { contentKey, registers, live: {}, measuredAt, suspect }
  const decided = await deps.decide(session, stream, (state) => meterSession(command, state), metadata(id))
  if (decided.outcome === 'accepted') return undefined
  if (decided.rejection.kind !== 'ended') return decided.rejection
  const late = await deps.decide(wholeSession, stream, (state) => meterAfterStop(command, state), metadata(id))
  return late.outcome === 'rejected' ? late.rejection : undefined
}
