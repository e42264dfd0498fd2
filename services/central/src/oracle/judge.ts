import type { Evidence } from '@voltrail/contracts/envelope'
import type { ChargerEvent, SessionEvent } from '@voltrail/contracts/events/registry'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import type { Aggregate, Recorded } from '@voltrail/domain/decider'
import { verifyChain } from '@voltrail/domain/hash-chain'
import { session } from '@voltrail/domain/session'
import { emptyStream, fold, loadCold } from '@voltrail/event-store/load'
import { oracleCharger, oracleTenant, type ChargerRun, type RealSession } from './charger-model.ts'
import type { SharedLog } from './shared-log.ts'

/** Holds what the log says against what really happened; every difference is one line. */
export const judge = async (run: ChargerRun, log: SharedLog): Promise<string[]> => {
  const faults: string[] = []
  const expectThat = (holds: boolean, fault: string) => {
    if (!holds) faults.push(fault)
  }

  for (const stream of log.streams()) {
    const verdict = verifyChain(log.stored(stream))
    expectThat(verdict.ok, `the chain of ${stream} is broken: ${verdict.ok ? '' : verdict.problem}`)
  }

  const sessionStreams = log.streams().filter((stream) => stream.startsWith('session-'))
  const claimed = new Set<string>()
  for (const real of run.sessions) {
    const name = `session ${real.index}`
    const [id] = real.answeredIds
    expectThat(real.answeredIds.size === 1, `${name} was answered with the ids ${[...real.answeredIds].join(', ')}`)
    const own = sessionStreams.filter((stream) => isStartOf(real, log.stored(stream)[0]))
    expectThat(own.length === 1, `${name} stands in ${own.length} streams: ${own.join(', ')}`)
    if (id !== undefined) {
      const stream = sessionStream(oracleTenant, sessionId(oracleCharger, id))
      expectThat(own.includes(stream), `${name} was answered with ${id}, which is not its stream`)
    }
    for (const stream of own) {
      claimed.add(stream)
      await judgeSession(name, stream, real, run, log, expectThat)
    }
  }
  for (const stream of sessionStreams) expectThat(claimed.has(stream), `${stream} is no real session`)

  await judgeRegister(run, log, expectThat)
  judgeMessages(run, log, expectThat)
  return faults
}

type Expect = (holds: boolean, fault: string) => void
type Stored = ReturnType<SharedLog['stored']>[number]

const isStartOf = (real: RealSession, first: Stored | undefined): boolean => {
  if (first?.type !== 'SessionStarted') return false
  const data = first.data as Extract<SessionEvent, { type: 'SessionStarted' }>['data']
  return data.evseId === real.evseId && real.startTimes.has(data.startedAt.charger ?? '')
}

/** The next session on its connector, whose start proves that this one has ended. */
const nextOn = (real: RealSession, run: ChargerRun): RealSession | undefined =>
  run.sessions.find((other) => other.evseId === real.evseId && other.index > real.index)

const judgeSession = async (
  name: string,
  stream: string,
  real: RealSession,
  run: ChargerRun,
  log: SharedLog,
  expectThat: Expect,
): Promise<void> => {
  const events = log.stored(stream)
  const count = (type: string) => events.filter((event) => event.type === type).length
  const { state } = await loadBoth(session, stream, log, expectThat)
  const { stop, energyWh } = state.summary
  const lastWh = real.meterStop ?? real.metered.at(-1) ?? real.meterStart
  const inferred = real.meterStop === undefined && nextOn(real, run) !== undefined
  expectThat(count('SessionStarted') === 1, `${name} starts ${count('SessionStarted')} times`)
  const stops = real.meterStop !== undefined || inferred ? 1 : 0
  expectThat(count('SessionStopped') === stops, `${name} stops ${count('SessionStopped')} times instead of ${stops}`)
  expectThat(count('SessionCorrected') === 0, `${name} was corrected ${count('SessionCorrected')} times`)
  expectThat(
    count('SessionEnergyMetered') === real.metered.length,
    `${name} has ${count('SessionEnergyMetered')} meter events instead of ${real.metered.length}`,
  )
  expectThat(energyWh === lastWh - real.meterStart, `${name} has ${energyWh} Wh instead of ${lastWh - real.meterStart}`)
  if (stops === 1) {
    expectThat(stop?.inferred === inferred, `${name} ended ${stop?.inferred === true ? '' : 'not '}by inference`)
    if (!inferred) expectThat(stop?.energySource === 'meter-stop', `${name} was measured by ${stop?.energySource}`)
  }
}

/** The state as a pod would load it, which must be the full fold too. */
const loadBoth = async <S, E extends ChargerEvent | SessionEvent>(
  aggregate: Aggregate<S, E>,
  stream: string,
  log: SharedLog,
  expectThat: Expect,
) => {
  const loaded = await loadCold(log.calm, aggregate, stream)
  let folded = emptyStream(aggregate)
  for await (const event of log.calm.readForward(stream, 0))
    folded = fold(aggregate, folded, event as unknown as Recorded<E>)
  expectThat(
    JSON.stringify(sorted(loaded.state)) === JSON.stringify(sorted(folded.state)),
    `${stream}: its summary and its fold differ`,
  )
  return loaded
}

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([, one]) => one !== undefined)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, one]) => [key, sorted(one)]),
        )
      : value

/** Open are only the sessions whose stop was lost and after which nothing began on their connector. */
const judgeRegister = async (run: ChargerRun, log: SharedLog, expectThat: Expect): Promise<void> => {
  const { state } = await loadBoth(charger, chargerStream(oracleTenant, oracleCharger), log, expectThat)
  const open = state.openTransactions.map((one) => one.transactionId).toSorted()
  const expected = run.sessions
    .filter((real) => real.meterStop === undefined && nextOn(real, run) === undefined)
    .flatMap((real) => [...real.answeredIds])
    .toSorted()
  expectThat(open.join() === expected.join(), `open in the register: [${open.join()}] instead of [${expected.join()}]`)
}

/** Every acknowledged message is evidence of exactly one event (a try that comes late may be telemetry besides); a start that was told with another time may stand there too. */
const judgeMessages = (run: ChargerRun, log: SharedLog, expectThat: Expect): void => {
  const evidence = log
    .streams()
    .flatMap((stream) => log.stored(stream).map((event) => ({ type: event.type, frame: frameOf(event.metadata) })))
    .filter((event) => event.frame !== undefined && event.type !== 'TransactionRestamped')
  for (const { session: real, kind, at, frames } of run.delivered) {
    const events = evidence.filter((event) => frames.has(event.frame ?? ''))
    const told = events.map((event) => event.type).join(', ')
    expectThat(events.length === 1, `the ${kind} of session ${real.index} at ${at} is in the log as [${told}]`)
  }
}

const frameOf = (metadata: unknown): string | undefined => {
  const { frame } = metadata as { frame?: Evidence }
  if (frame === undefined) return undefined
  if ('text' in frame) return frame.text
  return 'sealed' in frame && frame.sealed !== undefined && 'text' in frame.sealed
    ? Buffer.from(frame.sealed.text, 'base64').toString('utf8')
    : undefined
}
