import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { ChargerId, TenantId, TransactionId } from '@voltrail/contracts/ids'
import { billingStream, chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { verifyChain } from '@voltrail/domain/hash-chain'
import { decodeEvent } from '@voltrail/event-store/decode'
import type { EsdbLog } from '@voltrail/event-store/esdb-log'

/** A stream, and what is wrong with its hash chain. */
export interface ReadStream {
  readonly events: readonly DomainEvent[]
  readonly broken?: string
}

/** All that the log says of one charger, its sessions and their bills; both by transaction id. */
export interface ChargerReading {
  readonly charger: ReadStream
  readonly sessions: ReadonlyMap<string, ReadStream>
  readonly bills: ReadonlyMap<string, ReadStream>
}

const tenant = 'default' as TenantId

export const readStream = async (log: EsdbLog, stream: string): Promise<ReadStream> => {
  const stored = []
  for await (const event of log.readStored(stream)) stored.push(event)
  const chain = verifyChain(stored)
  const events = stored.map(({ stream: streamId, revision, ...event }) =>
    decodeEvent({ ...event, streamId, revision: BigInt(revision) }),
  )
  return chain.ok ? { events } : { events, broken: `revision ${chain.revision}: ${chain.problem}` }
}

export const readBill = (log: EsdbLog, charger: string, transactionId: string): Promise<ReadStream> =>
  readStream(log, billingStream(tenant, sessionId(charger as ChargerId, transactionId as TransactionId)))

/** @param known transaction ids that the charger was told; those that its stream names are read too */
export const readCharger = async (log: EsdbLog, id: string, known: readonly string[]): Promise<ChargerReading> => {
  const charger = await readStream(log, chargerStream(tenant, id as ChargerId))
  const ids = new Set([...known, ...openedIn(charger).map(({ transactionId }) => transactionId)])
  const sessions = new Map<string, ReadStream>()
  const bills = new Map<string, ReadStream>()
  const left = [...ids]
  const reading = async (): Promise<void> => {
    for (let transactionId = left.pop(); transactionId !== undefined; transactionId = left.pop()) {
      const session = sessionId(id as ChargerId, transactionId as TransactionId)
      sessions.set(transactionId, await readStream(log, sessionStream(tenant, session)))
      bills.set(transactionId, await readBill(log, id, transactionId))
    }
  }
  await Promise.all(Array.from({ length: 8 }, reading))
  return { charger, sessions, bills }
}

/** Every transaction that was opened on a charger. */
export const openedIn = ({ events }: ReadStream): { transactionId: string; meterStart: number | undefined }[] =>
  events.flatMap((event) => {
    if (event.type !== 'TransactionOpened') return []
    const { transactionId, meterStart } = event.data
    return [{ transactionId, meterStart: meterStart?.wh }]
  })
