import { FactRequest, type Fact, type FactOf, type FactReply, type FactType } from '@voltrail/contracts/facts'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { LogUnavailable } from '@voltrail/event-store/event-log'
import { VaultUnavailable } from '@voltrail/key-store/vault-errors'
import { LRUCache } from 'lru-cache'
import type { CentralDeps } from '../central-deps.ts'
import { Unavailable } from '../unavailable.ts'
import { authorize } from './authorize.ts'
import { boot, connectorStatus, disconnect, lateAnswer, vendorData } from './charger-state.ts'
import { connect } from './connect.ts'
import { malformed, park } from './malformed.ts'
import { meterValues } from './meter-values.ts'
import { transactionStart } from './transaction-start.ts'
import { transactionStop } from './transaction-stop.ts'

/** Every fact that we take, and who decides on it. */
const handlers: { readonly [T in FactType]: (request: FactRequest<FactOf<T>>, deps: CentralDeps) => Promise<FactReply> } = {
  Connect: connect,
  Disconnect: disconnect,
  Boot: boot,
  ConnectorStatus: connectorStatus,
  Authorize: authorize,
  TransactionStart: transactionStart,
  MeterValues: meterValues,
  TransactionStop: transactionStop,
  VendorData: vendorData,
  Malformed: malformed,
  LateAnswer: lateAnswer,
}

/** Facts about energy: never refused, and parked rather than left without an answer. */
const energyFacts: ReadonlySet<FactType> = new Set(['TransactionStart', 'MeterValues', 'TransactionStop', 'Malformed'])
/** What a rejected charger may still tell. */
const ungated: ReadonlySet<FactType> = new Set([...energyFacts, 'Connect', 'Disconnect', 'Boot', 'LateAnswer'])

const isAway = (error: unknown): error is Error =>
  error instanceof Unavailable || error instanceof LogUnavailable || error instanceof VaultUnavailable

/**
 * Decides on one fact of a charger. It answers `unavailable` while a part that deciding needs is away (ask again with the same
 * fact id); what fails for any other reason twice is poison: an energy fact is then parked and answered.
 */
export const createFactHandler = (deps: CentralDeps) => {
  const failures = new LRUCache<string, number>({ max: 10_000 })

  const handle = async (request: FactRequest<Fact>): Promise<FactReply> => {
    if (!ungated.has(request.fact.type)) {
      const { state } = await deps.load(charger, chargerStream(request.tenant, request.chargerId))
      if (state.registration === 'Rejected')
        return { outcome: 'refused', reason: 'not-registered', detail: 'this charger is rejected by its operator' }
    }
    const handler = handlers[request.fact.type] as (request: FactRequest<Fact>, deps: CentralDeps) => Promise<FactReply>
    return handler(request, deps)
  }

  return async (payload: Uint8Array): Promise<FactReply> => {
    const parsed = FactRequest.safeParse(parseJson(payload))
    if (!parsed.success)
      return { outcome: 'refused', reason: 'invalid-request', detail: parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ') }
    const request = parsed.data
    try {
      return await handle(request)
    } catch (error) {
      if (isAway(error)) return { outcome: 'unavailable', reason: error.message }
      const times = (failures.get(request.factId) ?? 0) + 1
      failures.set(request.factId, times)
      deps.log.error({ err: error, factId: request.factId, fact: request.fact.type, times }, 'a fact failed')
      const reason = error instanceof Error ? error.message : String(error)
      if (times < 2 || !energyFacts.has(request.fact.type)) return { outcome: 'unavailable', reason }
      return parkPoison(request, reason)
    }
  }

  async function parkPoison(request: FactRequest<Fact>, reason: string): Promise<FactReply> {
    const { type } = request.fact
    const meant = type === 'TransactionStart' || type === 'TransactionStop' ? type : 'MeterValues'
    try {
      return await park(request, meant, 'poison', reason.slice(0, 2000), deps)
    } catch (error) {
      deps.log.error({ err: error, factId: request.factId }, 'a poisonous fact could not be parked')
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
