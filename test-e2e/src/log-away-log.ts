import type { z } from 'zod'
import type { ChargerId, TenantId, TransactionId } from '@voltrail/contracts/ids'
import type { SessionPage } from '@voltrail/contracts/rest/sessions'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { verifyChain } from '@voltrail/domain/hash-chain'
import { connectEventLog, type EsdbLog } from '@voltrail/event-store/esdb-log'
import type { LogEvent } from '@voltrail/event-store/event-log'
import type { Rest } from './fixtures/rest.ts'
import type { ModelCharger, ModelSession } from './log-away-charger.ts'

type Sessions = z.infer<typeof SessionPage>
const tenant = 'default' as TenantId

/** Holds what chargers were told against the log: what was acknowledged is in it once, nothing is in it twice, and it is billed so. */
export const judgeLog = async (
  chargers: readonly ModelCharger[],
  product: { readonly rest: Rest; readonly eventStoreUrl: string },
): Promise<string[]> => {
  const log = connectEventLog({ connectionString: product.eventStoreUrl, readOnly: true })
  try {
    const differences: string[] = []
    for (const charger of chargers) {
      const found = [...(await judgeSessions(charger, log)), ...(await judgeCharger(charger, log))]
      differences.push(...found, ...(await judgeBills(charger, product.rest)))
    }
    return differences
  } finally {
    await log.close()
  }
}

const all = async <T>(events: AsyncIterable<T>): Promise<T[]> => {
  const read: T[] = []
  for await (const event of events) read.push(event)
  return read
}

const read = async (log: EsdbLog, stream: string): Promise<{ events: LogEvent[]; whole: boolean }> => {
  const [events, stored] = await Promise.all([all(log.readForward(stream, 0)), all(log.readStored(stream))])
  return { events, whole: verifyChain(stored).ok }
}

const judgeSessions = async (charger: ModelCharger, log: EsdbLog): Promise<string[]> => {
  const differences: string[] = []
  const seen = new Set<number>()
  for (const session of new Set(charger.ledger.map((entry) => entry.session))) {
    const { transactionId } = session
    if (transactionId === undefined) continue
    const differ = (problem: string) => differences.push(`${charger.id}, transaction ${transactionId}: ${problem}`)
    if (seen.has(transactionId)) differ('two starts were answered with it')
    seen.add(transactionId)
    const stream = sessionStream(tenant, sessionId(charger.id as ChargerId, String(transactionId) as TransactionId))
    const { events, whole } = await read(log, stream)
    if (!whole) differ('its chain is broken')
    const found = countOf(events)
    for (const entry of charger.ledger.filter((one) => one.session === session)) {
      const count = found.get(`${entry.kind} ${entry.register}`) ?? 0
      const told = entry.acknowledgedAt === undefined ? 'not acknowledged' : 'acknowledged'
      if (count > 1 || (count === 0 && entry.acknowledgedAt !== undefined))
        differ(`a ${entry.kind} that was ${told} is in the log ${count} times`)
      found.delete(`${entry.kind} ${entry.register}`)
    }
    for (const what of found.keys()) differ(`the log has a ${what} that the charger never made`)
  }
  return differences
}

/** `<kind> <register in Wh>` → how many events say so. A charger's register never stands still, so each message has its own. */
const countOf = (events: readonly LogEvent[]): Map<string, number> => {
  const counts = new Map<string, number>()
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
  for (const event of events) {
    if (event.type === 'SessionStarted') count(`start ${event.data.meterStart?.wh}`)
    if (event.type === 'SessionEnergyMetered')
      for (const { reading } of event.data.registers) count(`meter ${reading.wh}`)
    // the stop of a session whose own stop was dropped is inferred from the next start
    if (event.type === 'SessionStopped' && !event.data.inferred) count(`stop ${event.data.meterStop?.wh}`)
  }
  return counts
}

/** The register of open transactions, and the remote stops that were sent first. */
const judgeCharger = async (charger: ModelCharger, log: EsdbLog): Promise<string[]> => {
  const { events, whole } = await read(log, chargerStream(tenant, charger.id as ChargerId))
  const differences = whole ? [] : [`${charger.id}: its chain is broken`]
  const opened = events.flatMap((event) => (event.type === 'TransactionOpened' ? [event.data.transactionId] : []))
  if (new Set(opened).size !== opened.length) differences.push(`${charger.id}: a transaction was opened twice`)
  // upkeep asks chargers of its own accord, too
  const asked = events.flatMap((event) =>
    event.type === 'CommandRequested' && event.data.command.type === 'RemoteStop' ? [event.data] : [],
  )
  const ids = new Set(asked.map(({ commandId }) => commandId))
  const settled = events.filter((event) => event.type === 'CommandSettled' && ids.has(event.data.commandId))
  const arrived = charger.remoteStops.length
  if (asked.length !== arrived || settled.length !== arrived || asked.some(({ sentFirst }) => sentFirst !== true))
    differences.push(
      `${charger.id}: of ${arrived} remote stops ${asked.length} were recorded as asked and ${settled.length} as settled`,
    )
  return differences
}

const acknowledgedStop = (charger: ModelCharger, session: ModelSession): boolean =>
  charger.ledger.some(
    (entry) => entry.session === session && entry.kind === 'stop' && entry.acknowledgedAt !== undefined,
  )

/** Each session that ended is billed for what it took, and stands there once. */
const judgeBills = async (charger: ModelCharger, rest: Rest): Promise<string[]> => {
  const sessions = [...new Set(charger.ledger.map((entry) => entry.session))]
  const ended = sessions.filter((session) => session.transactionId !== undefined && acknowledgedStop(charger, session))
  const billed = (answer: Sessions, session: ModelSession) =>
    answer.items.filter(
      (one) =>
        one.transactionId === String(session.transactionId) &&
        one.billing === 'final' &&
        one.energyWh === session.meterStop! - session.meterStart,
    ).length === 1
  let last: Sessions | undefined
  const whole = await rest
    .eventually<Sessions>(
      `/v1/sessions?chargerId=${charger.id}&limit=200`,
      (answer) => ended.every((session) => billed((last = answer), session)),
      30_000,
    )
    .then(
      () => true,
      () => false,
    )
  const wrong = whole ? [] : ended.filter((session) => last === undefined || !billed(last, session))
  const begun = (last?.items ?? []).map((one) => one.meterStartWh)
  return [
    ...wrong.map(({ transactionId }) => `${charger.id}, transaction ${transactionId}: it is not billed as it was`),
    ...(new Set(begun).size === begun.length ? [] : [`${charger.id}: one start made two sessions`]),
  ]
}
