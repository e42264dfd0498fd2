import type { FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { TransactionId } from '@voltrail/contracts/ids'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { telemetrySubject } from '@voltrail/contracts/subjects'
import { charger } from '@voltrail/domain/charger/charger'
import { heldBefore, holdRegisters, mayBeInUse, worthHolding } from '@voltrail/domain/charger/candidates'
import { closedOnEvseAt } from '@voltrail/domain/charger/closed-transactions'
import { clockOf } from '@voltrail/domain/charger/measured-clock'
import { openOnEvseAt } from '@voltrail/domain/charger/transactions'
import { meterKey } from '@voltrail/domain/content-key'
import { readSamples, type ReadSamples } from '@voltrail/domain/meter-samples'
import { meterSession, session } from '@voltrail/domain/session'
import { meterAfterStop, wholeSession } from '@voltrail/domain/session-end'
import type { CentralDeps } from '../central-deps.ts'
import { clearFrame, factMetadata } from '../evidence.ts'
import { Unavailable } from '../unavailable.ts'
import { answered } from './answered.ts'

type Meter = FactRequest<FactOf<'MeterValues'>>

/** Meter values with what attributing them needs. */
interface ReadMeter {
  readonly request: Meter
  readonly contentKey: string
  readonly samples: ReadSamples
}

/**
 * Meter values go to the session that they name, else to the one that was open on their EVSE at their time. Where neither is, the
 * registers of an EVSE in use, thinned out, and every signed record are held for a start that may come later; anything else is
 * telemetry, durable in JetStream. Answered only then.
 */
export const meterValues = async (request: Meter, deps: CentralDeps): Promise<FactReply> => {
  const { tenant, chargerId, factId, receivedAt, fact } = request
  const { transactionId, evseId } = fact
  const stream = chargerStream(tenant, chargerId)
  const { state } = await deps.load(charger, stream)
  const contentKey = meterKey(chargerId, evseId, fact.raw)
  const samples = readSamples(fact.samples, receivedAt, clockOf(state))
  const meter = { request, contentKey, samples }
  const done = answered(deps, { type: 'MeterValues' })

  if (transactionId !== undefined && (await meterInto(meter, transactionId, true, deps))) return done
  if (heldBefore(state, contentKey)) return done
  const open = openOnEvseAt(state, evseId, samples.measuredAt)
  if (open !== undefined && (await meterInto(meter, open.transactionId, false, deps))) return done
  if (open === undefined && (await lateInto(meter, closedOnEvseAt(state, evseId, samples.measuredAt), deps)))
    return done
  const signed = evseId !== 0 && fact.samples.some(({ values }) => values.some((value) => value.signed !== undefined))
  const telling = mayBeInUse(state, evseId, samples.measuredAt) && worthHolding(state, evseId, samples.registers)
  if (!telling && !signed) {
    await keepAsTelemetry(request, deps)
    return done
  }
  await deps.decide(
    charger,
    stream,
    (known) => holdRegisters({ factId, evseId, contentKey, registers: samples.registers, signed }, known),
    factMetadata(deps, request, { frame: await clearFrame(deps, request) }),
  )
  return done
}

/** The rule by which the edge says that energy contradicts power times time. */
const suspectEnergyRule = 'Q20-suspect'

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
  const suspect = request.normalisations.some(({ rule }) => rule === suspectEnergyRule)
  const command = { factId, contentKey, named, suspect, ...samples }
  const meta = factMetadata(deps, request, { frame: await clearFrame(deps, request), correlation: id })
  const decided = await deps.decide(session, stream, (state) => meterSession(command, state), meta)
  if (decided.outcome === 'accepted') return true
  if (decided.rejection.kind !== 'ended') return false
  const late = await deps.decide(wholeSession, stream, (state) => meterAfterStop(command, state), meta)
  return late.outcome === 'accepted'
}

/** Values of a session that has ended since, measured before its end. False when they are not. */
const lateInto = async (
  meter: ReadMeter,
  transactionId: TransactionId | undefined,
  deps: CentralDeps,
): Promise<boolean> => {
  if (transactionId === undefined) return false
  const { tenant, chargerId } = meter.request
  const { state } = await deps.load(session, sessionStream(tenant, sessionId(chargerId, transactionId)))
  const { stop } = state.summary
  if (stop === undefined || meter.samples.measuredAt > stop.stoppedAt.effectiveAt) return false
  return meterInto(meter, transactionId, false, deps)
}

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
