import type { FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { TransactionId } from '@voltrail/contracts/ids'
import type { OpenTransaction } from '@voltrail/contracts/events/charger'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { closeTransaction, openTransaction, openWithKey, supersededBy } from '@voltrail/domain/charger/transactions'
import { deriveTransactionId, startKey } from '@voltrail/domain/content-key'
import { accept } from '@voltrail/domain/decider'
import { authorise } from '@voltrail/domain/id-token'
import { isPlausible, occurredAt } from '@voltrail/domain/occurred-at'
import { readRegister } from '@voltrail/domain/registers'
import { session, startSession, stopSession, type SessionStarted } from '@voltrail/domain/session'
import { mustAccept } from '../deciding.ts'
import type { CentralDeps } from '../central-deps.ts'
import { factMetadata, sealToken } from '../evidence.ts'
import { answered } from './answered.ts'
import { authorizationOf } from './authorization.ts'
import { isAway } from '../unavailable.ts'

type Start = FactRequest<FactOf<'TransactionStart'>>

/**
 * A start: `TransactionOpened` on the charger, `SessionStarted` on its session, then the answer. Its transaction id is made from
 * the start facts, so that a retry, in this pod or another, meets its own streams and gets the same answer.
 * A start of a blocked token is recorded like any other; the answer says what the token is worth.
 */
export const transactionStart = async (request: Start, deps: CentralDeps): Promise<FactReply> => {
  const { tenant, chargerId, fact, receivedAt } = request
  const key = startKey(chargerId, { ...fact.raw, idTokenRef: deps.vault.rawRef(tenant, fact.raw.idToken) })
  const { idToken, frame } = await sealToken(deps, tenant, fact.idToken, request.frame)
  const token = await deps.lookUps.token(tenant, idToken.ref)
  const settings = await deps.lookUps.settings(tenant)
  const verdict = authorise(token.value, settings.value, receivedAt)
  const lookups = [token.lookup, settings.lookup]
  const startedAt = occurredAt(fact.time, receivedAt)
  const meterStart = fact.meterStart && readRegister(fact.meterStart.value, fact.meterStart.unit)
  const common = {
    evseId: fact.evseId,
    connectorId: fact.connectorId,
    startKey: key,
    startedAt,
    ...(meterStart === undefined ? {} : { meterStart }),
    ...(verdict.groupRef === undefined ? {} : { groupRef: verdict.groupRef }),
  }

  let transactionId: TransactionId | undefined
  let ended = false
  const opened = await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    async (state) => {
      const known = openWithKey(state, key)
      const found = known ?? (await transactionFor(request, key, deps))
      transactionId = found.transactionId
      ended = 'ended' in found && found.ended
      if (known !== undefined || ended) return accept()
      const open: OpenTransaction = { ...common, transactionId, tokenRef: idToken.ref, authorization: verdict.status }
      return openTransaction(open, state)
    },
    factMetadata(deps, request, { lookups }),
  )
  if (transactionId === undefined) throw new Error('a start got no transaction id')

  const id = sessionId(chargerId, transactionId)
  const { groupRef: _, ...terms } = verdict
  const start: SessionStarted = {
    ...common,
    transactionId,
    idToken,
    authorization: terms,
    ...(fact.reservationId === undefined ? {} : { reservationId: fact.reservationId }),
  }
  const started = mustAccept(
    await deps.decide(
      session,
      sessionStream(tenant, id),
      (state) => startSession(start, state),
      factMetadata(deps, request, { frame, lookups, correlation: id }),
    ),
    `the start of session ${id}`,
  )

  const open = opened.state.openTransactions.find((one) => one.transactionId === transactionId)
  if (open !== undefined)
    for (const older of supersededBy(opened.state, open))
      await endInferred(request, older, open, deps).catch((error: unknown) => {
        if (isAway(error)) throw error
        // this start stands in the log: what is wrong with an older session must not keep its answer back
        deps.log.error(
          { err: error, chargerId, transactionId: older.transactionId },
          'a session could not be ended by inference',
        )
      })

  // the answer is the recorded one, also when this start was heard before
  const recorded = started.state.start?.authorization ?? terms
  return answered(deps, {
    type: 'TransactionStart',
    transactionId,
    authorization: await authorizationOf(deps, tenant, recorded, token.value),
  })
}

/** More sessions with equal start facts than this no charger can have. */
const mostProbes = 2 ** 20

/**
 * The transaction id for these start facts: the first derived one whose session is theirs or nobody's. A session of theirs that
 * has ended is the same start told again, unless the charger's clock cannot tell two starts apart: then the next probe is
 * tried. Such sessions stand one behind the other, so the first free probe is found in steps that double.
 */
const transactionFor = async (
  { tenant, chargerId, fact, receivedAt }: Start,
  key: string,
  deps: CentralDeps,
): Promise<{ transactionId: TransactionId; ended: boolean }> => {
  const at = async (probe: number) => {
    const transactionId = deriveTransactionId(key, probe)
    const { state } = await deps.load(session, sessionStream(tenant, sessionId(chargerId, transactionId)))
    if (state.start === undefined) return { transactionId, ended: false }
    if (state.start.startKey !== key) return undefined
    const ended = state.summary.stop !== undefined
    return !ended || isPlausible(fact.time.at, receivedAt) ? { transactionId, ended } : undefined
  }
  let taken = -1
  for (let probe = 0; probe < mostProbes; probe = probe * 2 + 1) {
    let found = await at(probe)
    if (found === undefined) {
      taken = probe
      continue
    }
    for (let free = probe; free - taken > 1;) {
      const middle = (taken + free) >> 1
      const earlier = await at(middle)
      if (earlier === undefined) taken = middle
      else [free, found] = [middle, earlier]
    }
    return found
  }
  throw new Error(`no transaction id is free for a start of ${chargerId} after ${mostProbes} probes`)
}

/** A new start on an EVSE proves that the session before it has ended; what it used is known from its last register. */
const endInferred = async (
  request: Start,
  older: OpenTransaction,
  newer: OpenTransaction,
  deps: CentralDeps,
): Promise<void> => {
  const { tenant, chargerId, factId, receivedAt } = request
  const id = sessionId(chargerId, older.transactionId)
  const meta = factMetadata(deps, request, { correlation: id })
  await deps.decide(
    session,
    sessionStream(tenant, id),
    (state) => {
      if (state.start === undefined) return accept()
      const last = state.summary.registers?.lastAt ?? older.startedAt.effectiveAt
      const effectiveAt = last < newer.startedAt.effectiveAt ? last : newer.startedAt.effectiveAt
      const stoppedAt = { receivedAt, effectiveAt, reason: 'inferred' as const }
      return stopSession({ factId, stoppedAt, reason: 'NextStart', inferred: true, registers: [] }, state)
    },
    meta,
  )
  await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) => closeTransaction({ transactionId: older.transactionId, reason: 'inferred' }, state),
    meta,
  )
}
