import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { Arrival, LedgerEntry, ModelSession, Notice } from './log-away-charger.ts'
import { openedIn, type ChargerReading, type ReadStream } from './log-reading.ts'

/** What should not be: something that was acknowledged and is nowhere, something that is there twice, or anything else. */
export interface Finding {
  readonly kind: 'lost' | 'doubled' | 'wrong'
  readonly charger: string
  readonly what: string
  /** what the charger wrote down of it */
  readonly proof?: object | undefined
}

export const describeFinding = ({ kind, charger, what, proof }: Finding): string =>
  `${kind}: ${charger}: ${what}${proof === undefined ? '' : ` ${JSON.stringify(proof)}`}`

/** What a charger wrote down. */
export interface Ledger {
  readonly id: string
  readonly ledger: readonly LedgerEntry[]
}

/** An entry as it can be shown: its session without the rest of it. */
const shown = ({ session, burnt, ...entry }: LedgerEntry): object => ({
  ...entry,
  transactionId: session.transactionId,
  meterStart: session.meterStart,
  unanswered: burnt.length,
})

/**
 * Holds the sessions of a charger against the log. Each message that was acknowledged is there once and none twice, no chain is
 * broken, nothing is there that the charger never told. Each session that it ended has one start, one end, its energy, one bill.
 */
export const judgeSessions = ({ id, ledger }: Ledger, reading: ChargerReading): Finding[] => {
  const findings: Finding[] = []
  const differ = (kind: Finding['kind'], what: string, entry?: LedgerEntry) =>
    findings.push({ kind, charger: id, what, proof: entry && shown(entry) })
  if (reading.charger.broken !== undefined)
    differ('wrong', `the chain of its stream is broken: ${reading.charger.broken}`)
  const opened = openedIn(reading.charger)
  const closed = reading.charger.events.flatMap((event): string[] =>
    event.type === 'TransactionClosed' ? [event.data.transactionId] : [],
  )
  for (const transactionId of twice(opened.map((one) => one.transactionId)))
    differ('doubled', `transaction ${transactionId} was opened twice`)
  for (const transactionId of twice(closed)) differ('doubled', `transaction ${transactionId} was closed twice`)

  const entriesOf = new Map<ModelSession, LedgerEntry[]>()
  for (const entry of ledger) entriesOf.set(entry.session, [...(entriesOf.get(entry.session) ?? []), entry])
  const told = new Map<number, ModelSession>()
  const judged = new Set<string>()
  for (const [session, entries] of entriesOf) {
    const start = entries.find(({ kind }) => kind === 'start')
    // a register never stands still, so each start has its own
    const ids = new Set(opened.filter((one) => one.meterStart === session.meterStart).map((one) => one.transactionId))
    for (const transactionId of ids) judged.add(transactionId)
    if (ids.size > 1) differ('doubled', `one start opened the transactions ${[...ids].join(', ')}`, start)
    for (const other of start?.otherIds ?? []) differ('doubled', `a start was answered ${other} too`, start)
    const { transactionId } = session
    if (transactionId !== undefined) {
      if (told.has(transactionId)) differ('doubled', `two starts were answered transaction ${transactionId}`, start)
      told.set(transactionId, session)
      if (start?.acknowledgedAt !== undefined && !ids.has(String(transactionId)))
        differ('lost', `transaction ${transactionId} was never opened`, start)
      judged.add(String(transactionId))
      ids.add(String(transactionId))
    }
    findings.push(...judgeSession(id, entries, [...ids], reading))
    const stop = entries.find(({ kind }) => kind === 'stop')
    if (stop?.acknowledgedAt === undefined || transactionId === undefined) continue
    if (!closed.includes(String(transactionId))) differ('lost', `transaction ${transactionId} was never closed`, stop)
    findings.push(...judgeEnd(id, stop, reading.sessions.get(String(transactionId))))
    findings.push(...judgeBill(id, stop, reading.bills.get(String(transactionId))))
  }
  for (const { transactionId, meterStart } of opened)
    if (!judged.has(transactionId))
      differ('doubled', `transaction ${transactionId} with meter start ${meterStart} is of no start that it told`)
  return findings
}

const twice = (ids: readonly string[]): Set<string> => {
  const seen = new Set<string>()
  return new Set(ids.filter((id) => seen.size === seen.add(id).size))
}

/** The messages of one session, in the streams that are of it. */
const judgeSession = (
  charger: string,
  entries: readonly LedgerEntry[],
  transactionIds: readonly string[],
  { sessions }: ChargerReading,
): Finding[] => {
  const findings: Finding[] = []
  const streams = transactionIds.flatMap((transactionId) => sessions.get(transactionId) ?? [])
  for (const { broken } of streams)
    if (broken !== undefined)
      findings.push({
        kind: 'wrong',
        charger,
        what: `transaction ${transactionIds.join(', ')}: its chain is broken: ${broken}`,
      })
  const found = countOf(streams.flatMap(({ events }) => events))
  for (const entry of entries) {
    const what = `${entry.kind} ${entry.register}`
    const count = found.get(what) ?? 0
    found.delete(what)
    const proof = shown(entry)
    if (count > 1)
      findings.push({ kind: 'doubled', charger, what: `a ${entry.kind} is in the log ${count} times`, proof })
    if (count === 0 && entry.acknowledgedAt !== undefined)
      findings.push({ kind: 'lost', charger, what: `a ${entry.kind} was acknowledged and is not in the log`, proof })
  }
  for (const what of found.keys()) {
    const which = `transaction ${transactionIds.join(', ')}`
    findings.push({ kind: 'wrong', charger, what: `${which}: the log has a ${what} that the charger never told` })
  }
  return findings
}

/** `<kind> <register in Wh>` → how many events say so. A charger's register never stands still, so each message has its own. */
const countOf = (events: readonly DomainEvent[]): Map<string, number> => {
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

type End = Extract<DomainEvent, { type: 'SessionStopped' | 'SessionCorrected' }>
const isEnd = (event: DomainEvent): event is End => event.type === 'SessionStopped' || event.type === 'SessionCorrected'

const endIn = (event: End): string => {
  const { reason, inferred, stoppedAt, energyWh } = event.type === 'SessionStopped' ? event.data : event.data.stop
  const why = event.type === 'SessionStopped' ? '' : ` because of a ${event.data.cause} (${event.data.detail})`
  return `${inferred ? 'inferred ' : ''}${reason} at ${stoppedAt.effectiveAt} with ${energyWh} Wh${why}`
}

/** One end, by the charger's own word, with the energy between its meter start and its meter stop. */
const judgeEnd = (charger: string, entry: LedgerEntry, stream: ReadStream | undefined): Finding[] => {
  const { session } = entry
  const findings: Finding[] = []
  const differ = (kind: Finding['kind'], what: string) =>
    findings.push({ kind, charger, what: `transaction ${session.transactionId}: ${what}`, proof: shown(entry) })
  const ended = stream?.events.filter(isEnd)
  const ends = ended?.map((event) => (event.type === 'SessionStopped' ? event.data : event.data.stop))
  const first = ends?.[0]
  const last = ends?.at(-1)
  // that there is none at all is told of its stop
  if (first === undefined || last === undefined) return findings
  if (ends!.length > 1) differ('doubled', `it ended ${ends!.length} times: ${ended!.map(endIn).join(', then ')}`)
  if (last.inferred) differ('wrong', 'its end is inferred though it was told')
  const energyWh = session.meterStop! - session.meterStart
  if (last.energyWh !== energyWh) differ('wrong', `its energy is ${last.energyWh} Wh, not ${energyWh} Wh`)
  return findings
}

/** The bills of a session that hold: those that were rated and not credited. */
export const billsIn = ({ events }: ReadStream): { readonly energyWh: number; readonly kind: string }[] => {
  const bills = new Map<string, { energyWh: number; kind: string }>()
  for (const [revision, event] of events.entries()) {
    if (event.type === 'SessionRated')
      bills.set(String(revision), { energyWh: event.data.charged.energyWh, kind: event.data.kind })
    if (event.type === 'SessionCredited') bills.delete(event.data.creditedRevision)
  }
  return [...bills.values()]
}

const judgeBill = (charger: string, entry: LedgerEntry, stream: ReadStream | undefined): Finding[] => {
  const { session } = entry
  const differ = (kind: Finding['kind'], what: string): Finding[] => [
    { kind, charger, what: `transaction ${session.transactionId}: ${what}`, proof: shown(entry) },
  ]
  if (stream?.broken !== undefined) return differ('wrong', `the chain of its bill is broken: ${stream.broken}`)
  const bills = stream === undefined ? [] : billsIn(stream)
  const [bill] = bills
  if (bill === undefined) return differ('lost', 'it has no bill')
  if (bills.length > 1) return differ('doubled', `it has ${bills.length} bills`)
  const energyWh = session.meterStop! - session.meterStart
  if (bill.energyWh !== energyWh || bill.kind !== 'final')
    return differ('wrong', `it is billed ${bill.kind} for ${bill.energyWh} Wh, not for ${energyWh} Wh`)
  return []
}

/**
 * Boots, statuses and values of the main meter. A status is in the log once; a boot as often as it was told, for nothing tells a
 * repeat of it from another; what is telemetry at least once.
 * @param telemetry how often each value of its main meter was kept
 */
export const judgeNotices = (
  id: string,
  notices: readonly Notice[],
  { charger }: ChargerReading,
  telemetry: ReadonlyMap<string, number>,
): Finding[] => {
  const counts = new Map<string, number>()
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
  for (const event of charger.events) {
    if (event.type === 'ConnectorStatusChanged' || event.type === 'ConnectorStatusToldLate')
      count(`status ${event.data.info}`)
    if (event.type === 'ChargerBooted') count(`boot ${event.data.firmwareVersion}`)
  }
  return notices.flatMap((notice): Finding[] => {
    const { kind, mark, sentAt, acknowledgedAt } = notice
    const found = (kind === 'telemetry' ? telemetry.get(mark) : counts.get(`${kind} ${mark}`)) ?? 0
    const finding = (what: Finding['kind'], text: string) => [{ kind: what, charger: id, what: text, proof: notice }]
    if (found === 0 && acknowledgedAt !== undefined)
      return finding('lost', `a ${kind} was acknowledged and is not kept`)
    const most = kind === 'status' ? 1 : kind === 'boot' ? sentAt.length : Infinity
    return found > most
      ? finding('doubled', `a ${kind} that was told ${sentAt.length} times is kept ${found} times`)
      : []
  })
}

/** What an operator asked, by the mark that the charger was shown. */
export interface AskedCommand {
  readonly mark: string
  readonly outcome: string
}

/**
 * Commands of an operator. None arrives twice; what counts as delivered, to the operator or in the log, the charger has answered
 * on a socket that lived; what never left us did not arrive; each has one outcome.
 */
export const judgeCommands = (
  id: string,
  { asked, arrivals }: { readonly asked: readonly AskedCommand[]; readonly arrivals: readonly Arrival[] },
  { charger }: ChargerReading,
): Finding[] => {
  const findings: Finding[] = []
  const differ = (kind: Finding['kind'], what: string, proof?: object) =>
    findings.push({ kind, charger: id, what, proof })
  const marks = new Map<string, string>()
  const outcomes = new Map<string, string[]>()
  for (const event of charger.events) {
    if (event.type === 'CommandRequested' && event.data.command.type === 'DataTransfer')
      marks.set(event.data.commandId, event.data.command.messageId ?? '')
    const outcome =
      event.type === 'CommandSettled'
        ? event.data.result.outcome
        : event.type === 'CommandOffline'
          ? 'offline'
          : event.type === 'CommandOutcomeUnknown'
            ? 'unknown'
            : undefined
    if (outcome === undefined) continue
    const { commandId } = event.data as { commandId: string }
    // an answer that came after its deadline settles what was unknown
    if (event.type === 'CommandSettled' && event.data.late) outcomes.set(commandId, [outcome])
    else outcomes.set(commandId, [...(outcomes.get(commandId) ?? []), outcome])
  }
  const arrived = (mark: string) => arrivals.filter((one) => one.mark === mark)
  const holds = (mark: string, outcome: string, who: string) => {
    const seen = arrived(mark)
    if (outcome === 'result' && !seen.some(({ answered }) => answered))
      differ('wrong', `${who} has command ${mark} as answered, and the charger never did`, { mark, outcome, seen })
    if (outcome === 'offline' && seen.length > 0)
      differ('wrong', `${who} has command ${mark} as never sent, and it arrived`, { mark, outcome, seen })
  }
  for (const [commandId, mark] of marks) {
    const settled = outcomes.get(commandId) ?? []
    if (settled.length === 0) differ('lost', `command ${mark} has no outcome`, { commandId, mark })
    if (settled.length > 1) differ('doubled', `command ${mark} has the outcomes ${settled.join(', ')}`, { commandId })
    for (const outcome of settled) holds(mark, outcome, 'the log')
  }
  for (const { mark, outcome } of asked) holds(mark, outcome, 'the operator')
  const requested = new Set(marks.values())
  for (const mark of new Set(arrivals.map((one) => one.mark))) {
    const seen = arrived(mark)
    if (seen.length > 1) differ('doubled', `command ${mark} arrived ${seen.length} times`, { mark, seen })
    if (!requested.has(mark)) differ('wrong', `command ${mark} arrived and is not in the log`, { mark, seen })
  }
  return findings
}
