import type { TenantSettings } from '@voltrail/contracts/admin-commands'
import type { FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { TenantId, TokenRef, TransactionId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { answeredBefore, charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { claimedBy } from '@voltrail/domain/charger/candidates'
import { clockOf } from '@voltrail/domain/charger/measured-clock'
import { identifiesStart, registerWentOn, restampedBefore } from '@voltrail/domain/charger/recent-starts'
import { answeredToParked, isParkedStart, waitingStartLike } from '@voltrail/domain/charger/parked-starts'
import { knownEvses, placeOfWhole, type StartPlace } from '@voltrail/domain/charger/start-place'
import {
  openTransaction,
  openWithKey,
  parkFrame,
  restampable,
  restampTransaction,
} from '@voltrail/domain/charger/transactions'
import { deriveTransactionId, startKey } from '@voltrail/domain/content-key'
import { accept } from '@voltrail/domain/decider'
import { withRemoteStart } from '@voltrail/domain/charger/remote-starts'
import { judgeConcurrentUse } from '@voltrail/domain/concurrent-use'
import { authorise, type Verdict } from '@voltrail/domain/id-token'
import { occurredAt } from '@voltrail/domain/occurred-at'
import { readRegister } from '@voltrail/domain/registers'
import { session, startSession, type SessionStarted } from '@voltrail/domain/session'
import { mustAccept } from '../deciding.ts'
import type { CentralDeps } from '../central-deps.ts'
import { contradictsPower, factMetadata } from '../evidence.ts'
import { presentedToken } from '../presented-token.ts'
import { answered } from './answered.ts'
import { authorizationOf } from './authorization.ts'
import { endSuperseded } from './end-superseded.ts'

type Start = FactRequest<FactOf<'TransactionStart'>>

/**
 * A start: `TransactionOpened` on the charger, `SessionStarted` on its session, then the answer. Its transaction id is made from
 * the start facts, so that a retry, in this pod or another, meets its own streams and gets the same answer.
 * A start of a blocked token is recorded like any other; the answer says what the token is worth.
 */
export const transactionStart = async (request: Start, deps: CentralDeps): Promise<FactReply> => {
  const { tenant, chargerId, factId, receivedAt } = request
  const { raw } = request.fact
  const key = startKey(chargerId, { ...raw, idTokenRef: deps.vault.rawRef(tenant, raw.idToken) })
  const place = request.fact.evseId === 0 ? await placeMeant(request, key, deps) : request.fact
  if (place === undefined) return startAnywhere(request, key, deps)
  const fact = { ...request.fact, evseId: place.evseId, connectorId: place.connectorId }
  const token = await presentedToken(deps, tenant, fact.idToken, request.frame)
  const { idToken, frame, spelling } = token
  const settings = await deps.lookUps.settings(tenant)
  const verdict = authorise(token.state, settings.value, receivedAt)
  const { others, lookups: otherLookups } = othersOf(tenant, idToken.ref, settings.value, deps)
  const lookups = [...token.lookups, settings.lookup, ...otherLookups]
  /** What its token is worth to this start. A session that it ends, on the same EVSE, is not concurrent with it. */
  const judged = (state: ChargerState, transactionId: TransactionId, effectiveAt: Instant): Verdict => {
    const elsewhere = others
      .map(({ stream, open }) => ({ ...open, here: stream === chargerStream(tenant, chargerId) }))
      .filter((open) => !open.here || (open.evseId !== fact.evseId && open.transactionId !== transactionId))
    const known = withRemoteStart(state, idToken.ref, verdict, effectiveAt)
    return judgeConcurrentUse(known, { effectiveAt, receivedAt }, elsewhere, settings.value)
  }
  const meterStart = fact.meterStart && readRegister(fact.meterStart.value, fact.meterStart.unit)
  const common = {
    evseId: fact.evseId,
    connectorId: fact.connectorId,
    ...(meterStart === undefined ? {} : { meterStart }),
    ...(verdict.groupRef === undefined ? {} : { groupRef: verdict.groupRef }),
  }

  let found: Found | undefined
  const opened = await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    async (state) => {
      const startedAt = occurredAt(fact.time, receivedAt, clockOf(state))
      const same = { evseId: fact.evseId, connectorId: fact.connectorId, tokenRef: idToken.ref, meterStart, startedAt }
      found = await transactionFor(request, key, same, state, deps)
      const { transactionId } = found
      switch (found.kind) {
        case 'open':
        case 'ended':
          return accept()
        case 'restamped':
          return restampTransaction({ transactionId, startKey: key, startedAt }, state)
        case 'new':
          return openTransaction(
            {
              ...common,
              startKey: key,
              startedAt,
              transactionId,
              tokenRef: idToken.ref,
              authorization: judged(state, transactionId, startedAt.effectiveAt).status,
              ...(request.fact.evseId === 0 ? { whole: true as const } : {}),
              ...(spelling === undefined ? {} : { spelling }),
            },
            state,
          )
        default:
          return found satisfies never
      }
    },
    factMetadata(deps, request, { lookups }),
  )
  if (found === undefined) throw new Error('a start got no transaction id')
  const { transactionId } = found
  const open = opened.state.openTransactions.find((one) => one.transactionId === transactionId)

  const id = sessionId(chargerId, transactionId)
  const startedAt = open?.startedAt ?? occurredAt(fact.time, receivedAt, clockOf(opened.state))
  const { groupRef: _, ...terms } = judged(opened.state, transactionId, startedAt.effectiveAt)
  const start: SessionStarted = {
    ...common,
    startKey: open?.startKey ?? key,
    startedAt,
    transactionId,
    idToken,
    authorization: terms,
    ...(found.kind === 'new' && found.ambiguous ? { ambiguousStart: true } : {}),
    ...(terms.status === 'Accepted' ? unapprovedAt(opened.state) : {}),
    ...(fact.reservationId === undefined ? {} : { reservationId: fact.reservationId }),
    ...(meterStart === undefined ? { meterStartUnread: true } : {}),
    ...(contradictsPower(request) ? { suspect: true } : {}),
  }
  const held = claimedBy(opened.state, transactionId)
  const started = mustAccept(
    await deps.decide(
      session,
      sessionStream(tenant, id),
      // a session that has ended may have been found by a key that it got from a re-stamp: it is not held against its first
      (state) => (found?.kind === 'ended' ? accept() : startSession(start, state, held, factId)),
      factMetadata(deps, request, { frame, lookups, correlation: id }),
    ),
    `the start of session ${id}`,
  )

  if (open !== undefined) {
    const metadata = (correlation: string) => factMetadata(deps, request, { correlation })
    await endSuperseded(open, opened.state, { tenant, chargerId, factId, receivedAt, metadata }, deps)
  }

  // the answer is the recorded one, also when this start was heard before
  const recorded = started.state.start?.authorization ?? terms
  return answered(deps, {
    type: 'TransactionStart',
    transactionId,
    authorization: await authorizationOf(deps, tenant, recorded, token.state),
  })
}

/** The open sessions of a token that a start may be concurrent with, where the tenant refuses that. */
const othersOf = (
  tenant: TenantId,
  tokenRef: TokenRef,
  { concurrentUse }: Pick<TenantSettings, 'concurrentUse'>,
  deps: CentralDeps,
) => {
  const others = concurrentUse === 'refused' ? deps.openByToken.of(tenant, tokenRef) : []
  return {
    others,
    lookups: others.map(({ stream, revision, open }) => ({ stream, revision, value: open.transactionId })),
  }
}

/** Of a charger that is known and may not charge. Whether it is billed is no matter of its answer. */
const unapprovedAt = ({ registered, registration }: ChargerState): Pick<SessionStarted, 'unapproved'> =>
  registered && registration !== 'Accepted' ? { unapproved: registration } : {}

/** Where a start at connector 0 began: where its session says, if it is told again; `undefined` when that must be asked. */
const placeMeant = async (request: Start, key: string, deps: CentralDeps): Promise<StartPlace | undefined> => {
  const { tenant, chargerId } = request
  const { state } = await deps.load(charger, chargerStream(tenant, chargerId))
  const { transactionId } = await derivedFor(request, key, true, deps)
  const { start } = (await deps.load(session, sessionStream(tenant, sessionId(chargerId, transactionId)))).state
  // what waits for an operator goes on waiting, whatever the connectors tell by now
  if (start !== undefined || isParkedStart(state, transactionId)) return start
  if (waitingStartLike(state, await unplaced(request, deps)) !== undefined) return undefined
  return openWithKey(state, key) ?? (await restampedAnywhere(request, state, deps)) ?? placeOfWhole(state, key)
}

/** What a start at connector 0 has in common with itself when it is told again with another time. */
const unplaced = async ({ tenant, fact, frame }: Start, deps: CentralDeps) => {
  const { idToken } = await presentedToken(deps, tenant, fact.idToken, frame)
  const meterStart = fact.meterStart && readRegister(fact.meterStart.value, fact.meterStart.unit)
  return { tokenRef: idToken.ref, ...(meterStart === undefined ? {} : { meterStart }) }
}

/** The open start at connector 0 that this one is, stamped anew, where no later frame has carried its transaction id. */
const restampedAnywhere = async (
  request: Start,
  state: ChargerState,
  deps: CentralDeps,
): Promise<StartPlace | undefined> => {
  if (state.openTransactions.length === 0) return undefined
  const { tenant, chargerId, fact, receivedAt } = request
  const like = {
    ...(await unplaced(request, deps)),
    startedAt: occurredAt(fact.time, receivedAt, clockOf(state)),
  }
  for (const open of restampable(state, like).filter(({ whole }) => whole === true)) {
    const id = sessionId(chargerId, open.transactionId)
    const { summary } = (await deps.load(session, sessionStream(tenant, id))).state
    if (summary.confirmed !== true && summary.stop === undefined) return open
  }
  return undefined
}

/**
 * A start that could be on any EVSE: parked, so that an operator says on which, and answered with a transaction id and the true
 * status of its token like any other.
 */
const startAnywhere = async (request: Start, key: string, deps: CentralDeps): Promise<FactReply> => {
  const { tenant, chargerId, factId, fact, receivedAt } = request
  const { idToken, frame, state: token, lookups } = await presentedToken(deps, tenant, fact.idToken, request.frame)
  const settings = await deps.lookUps.settings(tenant)
  const verdict = authorise(token, settings.value, receivedAt)
  const { others, lookups: otherLookups } = othersOf(tenant, idToken.ref, settings.value, deps)
  /** One on this charging station may be the one that this start ends: it is not held against it. */
  const elsewhere = others.filter(({ stream }) => stream !== chargerStream(tenant, chargerId)).map(({ open }) => open)
  const { transactionId: derived } = await derivedFor(request, key, true, deps)
  const meterStart = fact.meterStart && readRegister(fact.meterStart.value, fact.meterStart.unit)
  let transactionId = derived
  const parked = await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) => {
      const like = { tokenRef: idToken.ref, meterStart }
      const waiting = isParkedStart(state, derived) ? derived : waitingStartLike(state, like)
      transactionId = waiting ?? derived
      if (waiting !== undefined) return accept()
      const startedAt = occurredAt(fact.time, receivedAt, clockOf(state))
      const { effectiveAt } = startedAt
      const asked = withRemoteStart(state, idToken.ref, verdict, effectiveAt)
      const known = knownEvses(state)
      const any = known.length === 0 ? 'none of its EVSEs is known' : `it could be on any of EVSE ${known.join(', ')}`
      return parkFrame(
        {
          factId,
          parked: {
            meant: 'TransactionStart',
            reason: 'ambiguous',
            detail: `it names connector 0, the charging station as a whole, and ${any}`,
            contentKey: key,
            transactionId,
            idToken,
            tokenRef: idToken.ref,
            authorization: judgeConcurrentUse(asked, { effectiveAt, receivedAt }, elsewhere, settings.value).status,
            occurredAt: startedAt,
            ...(meterStart === undefined ? {} : { meterStart }),
          },
        },
        state,
      )
    },
    factMetadata(deps, request, { frame, lookups: [...lookups, settings.lookup, ...otherLookups] }),
  )
  const before = answeredBefore(parked.state, factId)
  const status =
    before?.type === 'TransactionStart'
      ? before.authorization.status
      : (answeredToParked(parked.state, transactionId) ?? verdict.status)
  return answered(deps, {
    type: 'TransactionStart',
    transactionId,
    authorization: await authorizationOf(deps, tenant, status === verdict.status ? verdict : { status }, token),
  })
}

/** More sessions with equal start facts than this no charger can have. */
const mostProbes = 2 ** 20

/** What a start is: told again while its session is open or after it has ended, re-stamped, or new. */
type Found =
  | { readonly kind: 'open' | 'ended' | 'restamped'; readonly transactionId: TransactionId }
  | { readonly kind: 'new'; readonly transactionId: TransactionId; readonly ambiguous: boolean }

/**
 * What a start is, and its transaction. In this order: the key of an open transaction; the key of a session that has ended, if
 * its time identifies it; another key that fits an open transaction which the charger cannot know yet; else it is new.
 */
const transactionFor = async (
  request: Start,
  key: string,
  start: Parameters<typeof restampable>[1],
  state: ChargerState,
  deps: CentralDeps,
): Promise<Found> => {
  const { tenant, chargerId, fact, receivedAt } = request
  const known = openWithKey(state, key)
  if (known !== undefined) return { kind: 'open', transactionId: known.transactionId }
  const sessionOf = async (transactionId: TransactionId) =>
    (await deps.load(session, sessionStream(tenant, sessionId(chargerId, transactionId)))).state
  const identified = identifiesStart(state, { startKey: key, charger: fact.time.at, receivedAt })
  const restamped = restampedBefore(state, key)
  if (restamped !== undefined) {
    const { start: began, summary } = await sessionOf(restamped)
    if (summary.stop !== undefined && (identified || registerWentOn(began ?? {}, summary)))
      return { kind: 'ended', transactionId: restamped }
  }
  const derived = await derivedFor(request, key, identified, deps)
  if (derived.ended) return { kind: 'ended', transactionId: derived.transactionId }
  if (derived.free && derived.probe === 0)
    for (const open of restampable(state, start)) {
      const { confirmed, stop } = (await sessionOf(open.transactionId)).summary
      if (confirmed !== true && stop === undefined) return { kind: 'restamped', transactionId: open.transactionId }
    }
  return { kind: 'new', transactionId: derived.transactionId, ambiguous: derived.probe > 0 }
}

/**
 * The first derived transaction id whose session has these start facts or is nobody's. A session of theirs that has ended is the
 * same start told again where its time or its register identifies it; otherwise the next probe is tried. Such sessions stand one behind the
 * other, so the first free probe is found in steps that double.
 */
const derivedFor = async (
  { tenant, chargerId }: Start,
  key: string,
  identified: boolean,
  deps: CentralDeps,
): Promise<{ transactionId: TransactionId; ended: boolean; free: boolean; probe: number }> => {
  const at = async (probe: number) => {
    const transactionId = deriveTransactionId(key, probe)
    const { state } = await deps.load(session, sessionStream(tenant, sessionId(chargerId, transactionId)))
    if (state.start === undefined) return { transactionId, ended: false, free: true, probe }
    if (state.start.startKey !== key) return undefined
    const ended = state.summary.stop !== undefined
    return !ended || identified || registerWentOn(state.start, state.summary)
      ? { transactionId, ended, free: false, probe }
      : undefined
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
