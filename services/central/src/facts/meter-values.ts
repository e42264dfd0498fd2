import type { FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { TransactionId } from '@voltrail/contracts/ids'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { telemetrySubject } from '@voltrail/contracts/subjects'
import { charger } from '@voltrail/domain/charger/charger'
import { openOnEvse } from '@voltrail/domain/charger/transactions'
import { meterKey } from '@voltrail/domain/content-key'
import { readSamples } from '@voltrail/domain/meter-samples'
import { meterSession, session } from '@voltrail/domain/session'
import type { CentralDeps } from '../central-deps.ts'
import { clearFrame, factMetadata } from '../evidence.ts'
import { Unavailable } from '../unavailable.ts'
import { answered } from './answered.ts'

type Meter = FactRequest<FactOf<'MeterValues'>>

/**
 * Meter values go to the session that they name, else to the one that is open on their EVSE; without either they are
 * telemetry, durable in JetStream. Answered only then.
 */
export const meterValues = async (request: Meter, deps: CentralDeps): Promise<FactReply> => {
  const { transactionId, evseId } = request.fact
  const named = transactionId !== undefined && (await meterInto(request, transactionId, true, deps))
  if (!named) {
    const { state } = await deps.load(charger, chargerStream(request.tenant, request.chargerId))
    const open = openOnEvse(state, evseId)
    const attributed = open !== undefined && (await meterInto(request, open.transactionId, false, deps))
    if (!attributed) await keepAsTelemetry(request, deps)
  }
  return answered(deps, { type: 'MeterValues' })
}

/** False when there is no such session. */
const meterInto = async (
  request: Meter,
  transactionId: TransactionId,
  named: boolean,
  deps: CentralDeps,
): Promise<boolean> => {
  const { tenant, chargerId, factId, fact, receivedAt } = request
  const id = sessionId(chargerId, transactionId)
  const contentKey = meterKey(chargerId, fact.evseId, fact.raw)
  const samples = readSamples(fact.samples, receivedAt)
  const decided = await deps.decide(
    session,
    sessionStream(tenant, id),
    (state) => meterSession({ factId, contentKey, named, ...samples }, state),
    factMetadata(deps, request, { frame: await clearFrame(deps, request), correlation: id }),
  )
  return decided.outcome === 'accepted'
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
        samples: fact.samples,
        normalisations,
        frame,
      }),
    ),
    // a fact id is unique within its charger, the broker compares within the stream
    { msgId: `${tenant}/${chargerId}/${factId}` },
  )
  if (stored.kind !== 'stored') throw new Unavailable(`telemetry could not be stored: ${stored.kind}`)
}
