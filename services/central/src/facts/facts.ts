import { FactRequest, type Fact, type FactOf, type FactReply, type FactType } from '@voltrail/contracts/facts'
import { chargerStream } from '@voltrail/contracts/streams'
import { parseSubject } from '@voltrail/contracts/subjects'
import { charger } from '@voltrail/domain/charger/charger'
import { extractTrace, withSpan } from '@voltrail/runtime/trace'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { CentralDeps } from '../central-deps.ts'
import { isAway, isOutdated } from '../unavailable.ts'
import { authorize } from './authorize.ts'
import { boot, connectorStatus, disconnect, lateAnswer, vendorData } from './charger-state.ts'
import { connect } from './connect.ts'
import { certificateRequest, firmwareStatus, logStatus, securityEvent } from './device-facts.ts'
import { malformed, park, readableOf, type Parking } from './malformed.ts'
import { meterValues } from './meter-values.ts'
import { ChargerRejected, notForRejected } from './not-for-rejected.ts'
import { transactionStart } from './transaction-start.ts'
import { transactionStop } from './transaction-stop.ts'

/** Every fact that we take, and who decides on it. */
const handlers: {
  readonly [T in FactType]: (request: FactRequest<FactOf<T>>, deps: CentralDeps) => Promise<FactReply>
} = {
  Connect: connect,
  Disconnect: disconnect,
  Boot: boot,
  ConnectorStatus: connectorStatus,
  Authorize: authorize,
  TransactionStart: transactionStart,
  MeterValues: meterValues,
  TransactionStop: transactionStop,
  VendorData: vendorData,
  FirmwareStatus: firmwareStatus,
  LogStatus: logStatus,
  SecurityEvent: securityEvent,
  CertificateRequest: certificateRequest,
  Malformed: malformed,
  LateAnswer: lateAnswer,
}

const notRegistered: FactReply = {
  outcome: 'refused',
  reason: 'not-registered',
  detail: 'this charger is rejected by its operator',
}

/** Whether a subject's last word is a fact that we take. */
export const isFactType = (word: string): word is FactType => Object.hasOwn(handlers, word)

/** Facts about energy: never refused, and parked rather than left without an answer. */
const energyFacts: ReadonlySet<FactType> = new Set(['TransactionStart', 'MeterValues', 'TransactionStop', 'Malformed'])
/** As much of a request as parking needs: a fact about energy is not refused, whatever is wrong in it. */
const EnergyRequest = FactRequest.pick({
  factId: true,
  tenant: true,
  chargerId: true,
  epoch: true,
  edge: true,
  receivedAt: true,
  frame: true,
}).extend({
  fact: z.looseObject({ type: z.enum(['TransactionStart', 'MeterValues', 'TransactionStop', 'Malformed']) }),
})
const Speaker = FactRequest.pick({ tenant: true, chargerId: true })
const speaksFor = (subject: string, { tenant, chargerId }: z.infer<typeof Speaker>): boolean => {
  const parsed = parseSubject(subject)
  return parsed.kind === 'fact' && parsed.tenant === tenant && parsed.chargerId === chargerId
}
/** Facts that are decided on in the charger's own stream: the gate stands in that decision, and costs no look of its own. */
const gatedWhereDecided: ReadonlySet<FactType> = new Set(['ConnectorStatus', 'Authorize'])
/** What a rejected charger may still tell. */
const ungated: ReadonlySet<FactType> = new Set([...energyFacts, 'Connect', 'Disconnect', 'Boot', 'LateAnswer'])

/**
 * Decides on one fact of a charger. It answers `unavailable` while a part that deciding needs is away (ask again with the same
 * fact id); what fails for any other reason twice, here or on other pods, is poison: an energy fact is then parked and answered,
 * any other refused.
 */
export const createFactHandler = (deps: CentralDeps) => {
  const failures = new LRUCache<string, number>({ max: 10_000 })
  const gatedDeps: CentralDeps = { ...deps, ...notForRejected(deps) }

  const handle = async (request: FactRequest<Fact>): Promise<FactReply> => {
    const { type } = request.fact
    const handler = handlers[type] as (request: FactRequest<Fact>, deps: CentralDeps) => Promise<FactReply>
    if (ungated.has(type)) return handler(request, deps)
    if (!gatedWhereDecided.has(type)) {
      const { state } = await deps.load(charger, chargerStream(request.tenant, request.chargerId))
      if (state.registration === 'Rejected') return notRegistered
    }
    try {
      return await handler(request, gatedDeps)
    } catch (error) {
      if (error instanceof ChargerRejected) return notRegistered
      throw error
    }
  }

  /** @param subject says for whom the sender may speak: an account is limited to its own tenant by it */
  return async (payload: Uint8Array, subject: string): Promise<FactReply> => {
    const json = parseJson(payload)
    const named = Speaker.safeParse(json)
    if (!named.success || !speaksFor(subject, named.data))
      return {
        outcome: 'refused',
        reason: 'invalid-request',
        detail: `a fact of another charger than its subject says: ${subject}`,
      }
    const parsed = FactRequest.safeParse(json)
    if (!parsed.success) {
      const detail = parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ')
      const energy = EnergyRequest.safeParse(json)
      if (energy.success)
        return parkPoison({ ...energy.data, normalisations: [] }, energy.data.fact, 'malformed', detail)
      return { outcome: 'refused', reason: 'invalid-request', detail }
    }
    const request = parsed.data
    try {
      const { fact, chargerId, traceparent } = request
      return await withSpan(
        `decide ${fact.type}`,
        { 'voltrail.charger': chargerId },
        extractTrace({ traceparent }),
        () => handle(request),
      )
    } catch (error) {
      const { tenant, chargerId, factId, fact } = request
      if (isOutdated(error))
        deps.log.error({ err: error, chargerId, factId }, 'this build is older than the log: upgrade this pod')
      if (isAway(error)) return { outcome: 'unavailable', reason: error.message }
      const name = `${tenant}/${chargerId}/${factId}`
      const times = Math.max(failures.get(name) ?? 0, request.failed ?? 0) + 1
      failures.set(name, times)
      deps.log.error({ err: error, chargerId, factId, fact: fact.type, times }, 'a fact failed')
      const reason = error instanceof Error ? error.message : String(error)
      if (times < 2 || fact.type === 'Connect') return { outcome: 'unavailable', reason, failed: times }
      if (energyFacts.has(fact.type)) return parkPoison(request, fact, 'poison', reason)
      // to stay silent would stop the charger's queue for ever
      return { outcome: 'refused', reason: 'invalid-request', detail: 'this message cannot be recorded' }
    }
  }

  /** What made the fact fail may lie in what comes with it: without that, if need be. */
  async function parkPoison(
    request: Omit<FactRequest, 'fact'>,
    fact: { readonly type: string; readonly meant?: unknown; readonly readable?: unknown },
    cause: 'malformed' | 'poison',
    reason: string,
  ): Promise<FactReply> {
    const { type, meant = type } = fact
    const as = meant === 'TransactionStart' || meant === 'TransactionStop' ? meant : 'MeterValues'
    const parking: Parking = { meant: as, reason: cause, detail: reason }
    const { messageId: _, traceparent: __, ...bare } = request
    const about = { chargerId: request.chargerId, factId: request.factId }
    try {
      return await park(request, { ...parking, readable: readableOf(fact) }, deps).catch((error: unknown) => {
        if (isAway(error)) throw error
        deps.log.error({ err: error, ...about }, 'a fact is parked without what came with it')
        return park({ ...bare, normalisations: [] }, parking, deps)
      })
    } catch (error) {
      deps.log.error({ err: error, ...about }, 'a poisonous fact could not be parked')
      return { outcome: 'unavailable', reason }
    }
  }
}

const parseJson = (payload: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'))
  } catch {
    return undefined
  }
}
