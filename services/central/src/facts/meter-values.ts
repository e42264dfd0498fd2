import type { FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { SessionStop } from '@voltrail/contracts/events/session'
import type { TransactionId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { telemetrySubject } from '@voltrail/contracts/subjects'
import { charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { heldBefore, holdRegisters, mayBeInUse, worthHolding } from '@voltrail/domain/charger/candidates'
import { closedOnEvseAt } from '@voltrail/domain/charger/closed-transactions'
import { clockOf } from '@voltrail/domain/charger/measured-clock'
import { isDismissedStart, isParkedStart } from '@voltrail/domain/charger/parked-starts'
import { isBeforeStart, isOfMainMeter, openOnEvseAt } from '@voltrail/domain/charger/transactions'
import { accept, reject } from '@voltrail/domain/decider'
import { meterKey } from '@voltrail/domain/content-key'
import { readSamples, type ReadSamples } from '@voltrail/domain/meter-samples'
import { meterSession, session } from '@voltrail/domain/session'
import { meterAfterStop, wholeSession } from '@voltrail/domain/session-end'
import type { CentralDeps } from '../central-deps.ts'
import { clearFrame, contradictsPower, factMetadata } from '../evidence.ts'
import { Unavailable } from '../unavailable.ts'
import { answered } from './answered.ts'
import { chargerLately } from './charger-lately.ts'

type Meter = FactRequest<FactOf<'MeterValues'>>

/** Meter values with what attributing them needs. */
interface ReadMeter {
  readonly request: Meter
  readonly contentKey: string
  readonly samples: ReadSamples
}

/**
 * Meter values go to the session that they name, else to the one that was open on their EVSE at their time; those that name a
 * parked start are of no other session, and of none where it was dismissed. Where none is, the registers of an EVSE in use, thinned out, and every signed record are
 * held for a start that may come later; anything else is telemetry, durable in JetStream. Answered only then.
 */
export const meterValues = async (request: Meter, deps: CentralDeps): Promise<FactReply> => {
  const { tenant, chargerId, factId, receivedAt, fact } = request
  const { transactionId, evseId } = fact
  const stream = chargerStream(tenant, chargerId)
  const contentKey = meterKey(chargerId, evseId, fact.raw)
  const readBy = (state: ChargerState): ReadMeter => ({
    request,
    contentKey,
    samples: readSamples(fact.samples, receivedAt, clockOf(state)),
  })
  const done = answered(deps, { type: 'MeterValues' })

  if (transactionId !== undefined) {
    // of the charger only its clock matters for these
    const state = await chargerLately(request, deps)
    if (await meterInto(readBy(state), transactionId, true, deps)) return done
  }
  const { state } = await deps.load(charger, stream)
  const meter = readBy(state)
  const { samples } = meter
  if (heldBefore(state, contentKey)) return done
  const named = transactionId !== undefined && isParkedStart(state, transactionId) ? transactionId : undefined
  if (named === undefined && (await intoSessionOnEvse(meter, state, deps))) return done
  const dismissed = named !== undefined && isDismissedStart(state, named)
  const hasSigned = fact.samples.some(({ values }) => values.some((value) => value.signed !== undefined))
  const signed = hasSigned && evseId !== 0 && !dismissed
  const held = { factId, evseId, contentKey, registers: samples.registers, named, signed }
  const mayBegin = named === undefined ? mayBeInUse(state, evseId, samples.measuredAt) : !dismissed
  const suspect = contradictsPower(request)
  const telling = mayBegin && worthHolding(state, evseId, samples.registers, { named, suspect })
  if (!telling && !signed) {
    await keepAsTelemetry(request, deps)
    return done
  }
  const holding = await deps.decide(
    charger,
    stream,
    // a start that came meanwhile did not find them held: they are of its session, as if they had come after it
    (known) =>
      isSamePlace(known, state, { named, evseId, at: samples.measuredAt })
        ? holdRegisters({ ...held, suspect }, known)
        : reject({ kind: 'started-meanwhile' } as const),
    factMetadata(deps, request, { frame: await clearFrame(deps, request) }),
  )
  if (holding.outcome === 'rejected') return meterValues(request, deps)
  // attributed meanwhile: whoever began the session may have looked for what is held before this was
  if (named !== undefined && isOpenIn(holding.state, named)) await meterInto(meter, named, true, deps)
  return done
}

const isOpenIn = ({ openTransactions }: ChargerState, transactionId: TransactionId | undefined): boolean =>
  openTransactions.some((one) => one.transactionId === transactionId)

/** Whether values of this place and time would go to the same transaction by both states, or to none. */
const isSamePlace = (
  a: ChargerState,
  b: ChargerState,
  { named, evseId, at }: { readonly named: TransactionId | undefined; readonly evseId: number; readonly at: Instant },
): boolean =>
  isOpenIn(a, named) === isOpenIn(b, named) &&
  openOnEvseAt(a, evseId, at)?.transactionId === openOnEvseAt(b, evseId, at)?.transactionId &&
  closedOnEvseAt(a, evseId, at) === closedOnEvseAt(b, evseId, at)

/** False when there is no such session. */
const meterInto = async (
  { request, contentKey, samples }: ReadMeter,
  transactionId: TransactionId,
  named: boolean,
  deps: CentralDeps,
): Promise<boolean> => {
  const { tenant, chargerId, factId } = request
  const id = sessionId(chargerId, transactionId)
  const stream = sessionStream(tenant, id)
  const command = { factId, contentKey, named, suspect: contradictsPower(request), ...samples }
  const meta = factMetadata(deps, request, { frame: await clearFrame(deps, request), correlation: id })
  const decided = await deps.decide(session, stream, (state) => meterSession(command, state), meta)
  if (decided.outcome === 'accepted') return true
  if (decided.rejection.kind !== 'ended') return false
  const late = await deps.decide(wholeSession, stream, (state) => meterAfterStop(command, state), meta)
  return late.outcome === 'accepted'
}

/** Into the session that was open on their EVSE at their time; false when there was none. */
const intoSessionOnEvse = async (meter: ReadMeter, state: ChargerState, deps: CentralDeps): Promise<boolean> => {
  const { evseId } = meter.request.fact
  const open = openOnEvseAt(state, evseId, meter.samples.measuredAt)
  if ((open === undefined || isBeforeStart(open, meter.samples)) && (await lateInto(meter, state, deps))) return true
  if (open === undefined || isOfMainMeter(evseId, open, meter.samples)) return false
  return meterInto(meter, open.transactionId, false, deps)
}

/** Values of a session that has ended since, measured before its end. False when they are not. */
const lateInto = async (meter: ReadMeter, charging: ChargerState, deps: CentralDeps): Promise<boolean> => {
  const { tenant, chargerId, fact } = meter.request
  const { measuredAt } = meter.samples
  const transactionId = closedOnEvseAt(charging, fact.evseId, measuredAt)
  if (transactionId === undefined) return false
  const { state } = await deps.load(session, sessionStream(tenant, sessionId(chargerId, transactionId)))
  const { stop } = state.summary
  const free = charging.availableSince?.find((one) => one.evseId === fact.evseId)
  if (stop === undefined || measuredAt > lastOf(stop, free?.at ?? measuredAt)) return false
  const found = await meterInto(meter, transactionId, false, deps)
  if (found) await keepForNextStart(meter, transactionId, stop, deps)
  return found
}

/**
 * What comes after silence has ended a session may be of the next one, whose start still waits in the charger's queue: held too,
 * thinned out, so that such a start finds it.
 */
const keepForNextStart = async (
  { request, contentKey, samples: { registers, measuredAt } }: ReadMeter,
  transactionId: TransactionId,
  stop: SessionStop,
  deps: CentralDeps,
): Promise<void> => {
  const { tenant, chargerId, factId, fact } = request
  const { evseId } = fact
  if (stop.reason !== 'ChargerSilent' || stop.nextStartAt !== undefined) return
  if (measuredAt <= stop.stoppedAt.effectiveAt) return
  const suspect = contradictsPower(request)
  await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) => {
      const closed = state.closedTransactions?.find((one) => one.transactionId === transactionId)
      if (closed === undefined || closedOnEvseAt(state, evseId, measuredAt) !== transactionId) return accept()
      const taken = { transactionId, startedAt: closed.startedAt }
      return worthHolding(state, evseId, registers, { taken, suspect })
        ? holdRegisters({ factId, evseId, contentKey, registers, taken, suspect }, state)
        : accept()
    },
    factMetadata(deps, request),
  )
}

/**
 * Until when values may be of a session that has ended. An inferred end is only the last register that was known: what the
 * charger kept back until then is of it up to the next start, or, where silence ended it, until its EVSE was free.
 */
const lastOf = ({ inferred, reason, nextStartAt, stoppedAt }: SessionStop, free: Instant): Instant =>
  !inferred ? stoppedAt.effectiveAt : (nextStartAt ?? (reason === 'ChargerSilent' ? free : stoppedAt.effectiveAt))

const keepAsTelemetry = async (request: Meter, deps: CentralDeps): Promise<void> => {
  const { tenant, chargerId, factId, receivedAt, normalisations, fact } = request
  const frame = await clearFrame(deps, request)
  const stored = await deps.bus.publishDurable(
    telemetrySubject(tenant, chargerId, fact.evseId),
    Buffer.from(
      JSON.stringify({
        factId,
        chargerId,
        receivedAt,
        evseId: fact.evseId,
        // a signed record names who charged: it stays in the frame, which is sealed
        samples: fact.samples.map((sample) => ({
          ...sample,
          values: sample.values.map(({ signed: _, ...value }) => value),
        })),
        normalisations,
        frame,
      }),
    ),
    // a fact id is unique within its charger, the broker compares within the stream
    { msgId: `${tenant}/${chargerId}/${factId}` },
  )
  if (stored.kind !== 'stored') throw new Unavailable(`telemetry could not be stored: ${stored.kind}`)
}
