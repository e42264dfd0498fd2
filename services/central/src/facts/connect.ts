import type { ConnectedNotice, FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { AcceptedIdentity } from '@voltrail/contracts/events/device'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { chargerStream, deviceStream } from '@voltrail/contracts/streams'
import { connectedSubject } from '@voltrail/contracts/subjects'
import { answeredBefore, charger } from '@voltrail/domain/charger/charger'
import { connectCharger } from '@voltrail/domain/charger/connection'
import { device } from '@voltrail/domain/device/device'
import type { CentralDeps } from '../central-deps.ts'
import { factMetadata } from '../evidence.ts'
import type { LookedUp } from '../look-ups.ts'
import { answered } from './answered.ts'

/** A connection attempt: judged, recorded, and its epoch told to every edge so that older sockets close. */
export const connect = async (request: FactRequest<FactOf<'Connect'>>, deps: CentralDeps): Promise<FactReply> => {
  const { tenant, chargerId, factId, receivedAt, fact } = request
  // a charger that is let in delivers its queue, and pays with an attempt for each message that is not taken
  if (deps.logHealth.state !== 'well')
    return { outcome: 'unavailable', reason: `the event log is ${deps.logHealth.state}` }
  const settings = await deps.lookUps.settings(tenant)
  const { adoption, heartbeatSeconds, defaultSubprotocol } = settings.value
  // read with every connection of a certificate: one that was taken off the list lets nobody in
  const known = fact.credential.kind === 'certificate' ? await clientIdentities(deps, tenant, chargerId) : undefined
  const decided = await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) =>
      connectCharger(
        {
          ...fact,
          factId,
          adoption,
          heartbeatSeconds,
          defaultSubprotocol,
          now: receivedAt,
          identities: known?.value ?? [],
        },
        state,
      ),
    factMetadata(deps, request, { lookups: [settings.lookup, ...(known === undefined ? [] : [known.lookup])] }),
  )
  if (decided.outcome === 'rejected')
    return decided.rejection.kind === 'welcome'
      ? { outcome: 'unavailable', reason: 'a welcome is no refusal' }
      : { outcome: 'refused', reason: decided.rejection.kind, detail: decided.rejection.detail }
  const refusal = decided.appended.find((event) => event.type === 'ChargerConnectionRefused')
  if (refusal !== undefined) return { outcome: 'refused', reason: refusal.data.reason, detail: refusal.data.detail }
  const answer = answeredBefore(decided.state, factId)
  if (answer?.type !== 'Connect') throw new Error('a connection that was let in has no epoch')
  const notice: ConnectedNotice = { epoch: answer.epoch, edge: fact.edge }
  deps.bus.publish(connectedSubject(tenant, chargerId), Buffer.from(JSON.stringify(notice)))
  return answered(deps, settings.value.strict ? { ...answer, strict: true } : answer)
}

/** Whose client certificates are this charger's, and where that stands. */
const clientIdentities = async (
  deps: CentralDeps,
  tenant: TenantId,
  chargerId: ChargerId,
): Promise<LookedUp<readonly AcceptedIdentity[]>> => {
  const stream = deviceStream(tenant, chargerId)
  const { state, revision } = await deps.load(device, stream)
  const value = state.identities ?? []
  return {
    value,
    lookup: { stream, revision: revision < 0 ? null : revision, value: JSON.parse(JSON.stringify(value)) },
  }
}
