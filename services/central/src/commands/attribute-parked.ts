import type { AdminCommandReply } from '@voltrail/contracts/admin-commands'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { ChargerId, TenantId, TransactionId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { claimedBy } from '@voltrail/domain/charger/candidates'
import { charger } from '@voltrail/domain/charger/charger'
import { closeTransaction, openTransaction } from '@voltrail/domain/charger/transactions'
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
  /** when the frame came */
  readonly receivedAt: Instant
  readonly deps: CentralDeps
  readonly metadata: (correlation: string, lookups?: MetadataInput['decision']['lookups']) => MetadataInput
}

export type AttributionRefusal = Extract<AdminCommandReply, { outcome: 'refused' }> | ReviewRejection
const refused = (reason: string, detail: string): AttributionRefusal => ({ outcome: 'refused', reason, detail })

/**
 * What was parked becomes what it meant: a start a session, a stop the end of one, meter values readings of one. Made again it
 * makes nothing. `undefined` when it is done.
 */
export const attributeParked = async (parked: Parked, to: Attribution): Promise<AttributionRefusal | undefined> => {
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
  const { evseId, connectorId, idToken, occurredAt: startedAt, meterStart, contentKey: startKey } = parked
  if (evseId === undefined || connectorId === undefined || idToken === undefined || startedAt === undefined)
    return refused(
      'not-attributable',
      `no session can be made of this start: its ${idToken === undefined ? 'id token' : 'connector'} could not be read`,
    )
  if (transactionId !== parked.transactionId)
    return refused('other-transaction', `the charger was answered that this is transaction ${parked.transactionId}`)
  const id = sessionId(chargerId, transactionId)
  const known = await deps.load(session, sessionStream(tenant, id))
  if (known.state.start !== undefined)
    return known.state.start.startKey === startKey
      ? undefined
      : refused('not-attributable', `transaction ${transactionId} belongs to another start by now`)

  const token = await deps.lookUps.token(tenant, idToken.ref)
  const settings = await deps.lookUps.settings(tenant)
  const { groupRef, ...authorization } = authorise(token.value, settings.value, startedAt.effectiveAt)
  const common = {
    transactionId,
    startKey,
    evseId,
    connectorId,
    startedAt,
    ...(meterStart === undefined ? {} : { meterStart }),
    ...(groupRef === undefined ? {} : { groupRef }),
  }
  const lookups = [token.lookup, settings.lookup]
  const opened = await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) => openTransaction({ ...common, tokenRef: idToken.ref, authorization: authorization.status }, state),
    metadata(id, lookups),
  )
  const start: SessionStarted = { ...common, idToken, authorization }
  const held = claimedBy(opened.state, { evseId, at: startedAt.effectiveAt, receivedAt, meterStart })
  mustAccept(
    await deps.decide(
      session,
      sessionStream(tenant, id),
      (state) => startSession(start, state, held),
      metadata(id, lookups),
    ),
    `the start of session ${id}`,
  )
  // an operator may decide long after: the newest start on the EVSE is the one that goes on
  const here = opened.state.openTransactions.filter((open) => open.evseId === evseId)
  const newest = here.toSorted((a, b) => (a.startedAt.effectiveAt < b.startedAt.effectiveAt ? 1 : -1))[0]
  if (newest !== undefined) await endSuperseded(newest, opened.state, { tenant, chargerId, receivedAt, metadata }, deps)
  return undefined
}

/** The register forgets the transaction only after its session has its stop. */
const stopParked = async (parked: Parked, to: Attribution): Promise<AttributionRefusal | undefined> => {
  const { tenant, chargerId, transactionId, deps, metadata } = to
  const { occurredAt: stoppedAt, meterStop, stopReason, registers = [], tokenRef, authorization } = parked
  if (stoppedAt === undefined)
    return refused('not-attributable', 'nothing of this stop could be read: correct the session instead')
  const id = sessionId(chargerId, transactionId)
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
          inferred: false,
          registers,
          idTokenRef: tokenRef,
          authorization,
        },
        state,
      ),
    metadata(id),
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
  { registers = [], contentKey }: Parked,
  to: Attribution,
): Promise<AttributionRefusal | undefined> => {
  const { tenant, chargerId, transactionId, deps, metadata } = to
  const measuredAt = registers.at(-1)?.at
  if (measuredAt === undefined)
    return refused('not-attributable', 'no energy register of these meter values could be read: correct the session')
  const id = sessionId(chargerId, transactionId)
  const stream = sessionStream(tenant, id)
  const command: MeterSession = { contentKey, registers, live: {}, measuredAt }
  const decided = await deps.decide(session, stream, (state) => meterSession(command, state), metadata(id))
  if (decided.outcome === 'accepted') return undefined
  if (decided.rejection.kind !== 'ended') return decided.rejection
  const late = await deps.decide(wholeSession, stream, (state) => meterAfterStop(command, state), metadata(id))
  return late.outcome === 'rejected' ? late.rejection : undefined
}
