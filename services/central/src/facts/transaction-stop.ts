import type { FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { FactId, TransactionId } from '@voltrail/contracts/ids'
import type { AuthorizationStatus } from '@voltrail/contracts/personal'
import type { OccurredAt, RegisterReading } from '@voltrail/contracts/quantities'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { answeredBefore, charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { clockOf } from '@voltrail/domain/charger/measured-clock'
import { isParkedStart } from '@voltrail/domain/charger/parked-starts'
import { identifiesStop, isRestampedStop } from '@voltrail/domain/charger/told-stops'
import { closeTransaction, matchStop, parkFrame, type StopMatch } from '@voltrail/domain/charger/transactions'
import { orphanStopKey, restampedStopKey } from '@voltrail/domain/content-key'
import { authorise, type IdTokenState, type Verdict } from '@voltrail/domain/id-token'
import { readSamples, type ReadSamples } from '@voltrail/domain/meter-samples'
import { occurredAt } from '@voltrail/domain/occurred-at'
import { readRegister } from '@voltrail/domain/registers'
import { storedReadings } from '@voltrail/domain/session'
import { stopSession, wholeSession } from '@voltrail/domain/session-end'
import type { Evidence, Lookup } from '@voltrail/contracts/envelope'
import type { TokenRef } from '@voltrail/contracts/ids'
import type { CentralDeps } from '../central-deps.ts'
import { clearFrame, contradictsPower, factMetadata } from '../evidence.ts'
import { presentedToken } from '../presented-token.ts'
import { answered } from './answered.ts'
import { chargerLately } from './charger-lately.ts'
import { authorizationOf } from './authorization.ts'

type Stop = FactRequest<FactOf<'TransactionStop'>>

/** The stop with everything that deciding on it needs. */
interface ReadStop {
  readonly request: Stop
  readonly frame: Evidence | undefined
  readonly lookups: readonly Lookup[]
  readonly stoppedAt: OccurredAt
  readonly meterStop: RegisterReading | undefined
  readonly registers: ReadSamples['registers']
  readonly token: { readonly ref: TokenRef; readonly state: IdTokenState; readonly verdict: Verdict } | undefined
}

/**
 * A stop: `SessionStopped`, `TransactionClosed` on the charger, then the answer. A stop that names no transaction of ours is
 * matched with the open ones; without a single match it is parked for review. It is answered in every case, or the charger's
 * queue would stick.
 */
export const transactionStop = async (request: Stop, deps: CentralDeps): Promise<FactReply> => {
  const stop = await readStop(request, deps)
  const { transactionId } = request.fact
  const named = transactionId === undefined ? undefined : await stopInto(stop, transactionId, undefined, deps)
  const { status } = named ?? (await stopUnnamed(stop, deps))
  const { token } = stop
  if (token === undefined) return answered(deps, { type: 'TransactionStop' })
  // told again, it gets the status of then, whatever has become of the token since
  const verdict = status === undefined || status === token.verdict.status ? token.verdict : { status }
  const authorization = await authorizationOf(deps, request.tenant, verdict, token.state)
  return answered(deps, { type: 'TransactionStop', authorization })
}

/** What was recorded of a stop: the status of its token, where one was judged. */
interface RecordedStop {
  readonly status?: AuthorizationStatus | undefined
}

const readStop = async (request: Stop, deps: CentralDeps): Promise<ReadStop> => {
  const { tenant, fact, receivedAt } = request
  const state = await chargerLately(request, deps)
  const clock = clockOf(state)
  const base = {
    request,
    stoppedAt: occurredAt(fact.time, receivedAt, clock),
    registers: readSamples(fact.samples, receivedAt, clock).registers,
    meterStop: fact.meterStop && readRegister(fact.meterStop.value, fact.meterStop.unit),
  }
  if (fact.idToken === undefined)
    return { ...base, frame: await clearFrame(deps, request), lookups: [], token: undefined }
  const { idToken, frame, state: found, lookups } = await presentedToken(deps, tenant, fact.idToken, request.frame)
  const settings = await deps.lookUps.settings(tenant)
  const verdict = authorise(found, settings.value, receivedAt)
  return {
    ...base,
    frame,
    lookups: [...lookups, settings.lookup],
    token: { ref: idToken.ref, state: found, verdict },
  }
}

/** By what a stop that names no transaction of ours is known when it is told again. */
interface UnnamedKeys {
  readonly contentKey: string
  readonly restampKey: string | undefined
}

/** Undefined when there is no such session. The register forgets it only after the session has its stop. */
const stopInto = async (
  stop: ReadStop,
  transactionId: TransactionId,
  keys: UnnamedKeys | undefined,
  deps: CentralDeps,
): Promise<RecordedStop | undefined> => {
  const { request, frame, lookups, stoppedAt, meterStop, registers, token } = stop
  const { tenant, chargerId, factId, fact } = request
  const id = sessionId(chargerId, transactionId)
  const decided = await deps.decide(
    wholeSession,
    sessionStream(tenant, id),
    (state) =>
      stopSession(
        {
          factId,
          stoppedAt,
          meterStop,
          reason: fact.reason ?? 'Local',
          meterStopUnread: meterStop === undefined,
          inferred: false,
          registers,
          idTokenRef: token?.ref,
          groupRef: token?.verdict.groupRef,
          authorization: token?.verdict.status,
          matched: keys !== undefined,
          suspect: contradictsPower(request),
        },
        state,
      ),
    factMetadata(deps, request, { frame, lookups, correlation: id }),
  )
  if (decided.outcome === 'rejected') return undefined
  await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) => closeTransaction({ transactionId, reason: 'stopped', ...keys }, state),
    factMetadata(deps, request, { correlation: id }),
  )
  return { status: decided.state.summary.stop?.authorization }
}

const stopUnnamed = async (stop: ReadStop, deps: CentralDeps): Promise<RecordedStop> => {
  const { request, stoppedAt, meterStop, registers, token, frame, lookups } = stop
  const { tenant, chargerId, factId, fact } = request
  const stream = chargerStream(tenant, chargerId)
  const raw = { ...fact.raw, idTokenRef: fact.raw.idToken === '' ? '' : deps.vault.rawRef(tenant, fact.raw.idToken) }
  const contentKey = orphanStopKey(chargerId, raw)
  const restampKey = identifiesStop(fact) ? restampedStopKey(chargerId, raw) : undefined
  const { state } = await deps.load(charger, stream)
  if (state.contentKeys.includes(contentKey) || isRestampedStop(state, restampKey)) return recordedAs(state, factId)
  const match = matching(state, stop)
  const matched =
    match.kind === 'one' ? await stopInto(stop, match.transactionId, { contentKey, restampKey }, deps) : undefined
  if (matched !== undefined) return matched
  const parked = await deps.decide(
    charger,
    stream,
    (known) =>
      parkFrame(
        {
          factId,
          parked: {
            meant: 'TransactionStop',
            reason: match.kind === 'several' ? 'ambiguous' : 'unknown-transaction',
            detail:
              match.kind === 'several'
                ? `${names(fact.raw.transaction)} and could end any of ${match.transactionIds.join(', ')}`
                : `${names(fact.raw.transaction)} and no open transaction fits`,
            contentKey,
            ...(restampKey === undefined ? {} : { restampKey }),
            ...(meterStop === undefined ? {} : { meterStop }),
            ...(token === undefined ? {} : { tokenRef: token.ref, authorization: token.verdict.status }),
            occurredAt: stoppedAt,
            ...(fact.transactionId === undefined ? {} : { namedTransaction: fact.transactionId }),
            ...(fact.reason === undefined ? {} : { stopReason: fact.reason }),
            ...(registers.length === 0 ? {} : { registers: storedReadings(registers).registers }),
            ...(contradictsPower(request) ? { suspect: true } : {}),
          },
        },
        known,
      ),
    factMetadata(deps, request, { frame, lookups }),
  )
  return recordedAs(parked.state, factId)
}

/** @param transaction as received: JSON, which brings its quotes along; empty when the stop had no such field */
const names = (transaction: string): string =>
  transaction === '' ? 'it names no transaction' : `it names transaction ${transaction}`

/** What the charger's stream remembers of a stop that went into no session, as long as it is asked as the same fact. */
const recordedAs = (state: ChargerState, factId: FactId): RecordedStop => {
  const answer = answeredBefore(state, factId)
  return answer?.type === 'TransactionStop' ? { status: answer.authorization?.status } : {}
}

const matching = (state: ChargerState, stop: ReadStop): StopMatch => {
  const { transactionId } = stop.request.fact
  // it names what we answered to a start that was parked: no open transaction is meant
  if (transactionId !== undefined && isParkedStart(state, transactionId)) return { kind: 'none' }
  const { stoppedAt, meterStop, registers, token } = stop
  return matchStop(state, {
    at: stoppedAt.effectiveAt,
    meterStop,
    registers,
    tokenRef: token?.ref,
    groupRef: token?.verdict.groupRef,
  })
}
