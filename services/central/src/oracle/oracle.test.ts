import fc from 'fast-check'
import type { FactId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream } from '@voltrail/contracts/streams'
import {
  oracleCharger,
  oracleTenant,
  runCharger,
  type Attempt,
  type Scenario,
  type ScriptedSession,
} from './charger-model.ts'
import { judge } from './judge.ts'
import { createPods } from './pods.ts'
import { appendFaults, createSharedLog, type AppendFault, type LogScript } from './shared-log.ts'
import { createTwinBus, createTwinVault } from './twins.ts'

const runs = 250

interface Trial {
  readonly scenario: Scenario
  readonly script: LogScript
}

/** Runs one scenario against two centrals over one log. Throws with the whole schedule when log and truth differ. */
const live = async ({ scenario, script }: Trial): Promise<void> => {
  const schedule: string[] = []
  const trace = (line: string) => void schedule.push(line)
  const log = createSharedLog(script, trace)
  const { bus } = createTwinBus()
  const now = () => instant(Date.parse('2026-03-01T08:00:00.000Z'))
  const pods = createPods(2, { log, vault: createTwinVault(), bus, now })
  const faults = await runCharger(scenario, pods, trace)
    .then((run) => judge(run, log))
    .catch((error: unknown) => [error instanceof Error ? (error.stack ?? error.message) : String(error)])
  if (faults.length > 0) throw new Error(`${faults.join('\n')}\n--- the schedule:\n${schedule.join('\n')}`)
}

const sessions: fc.Arbitrary<ScriptedSession> = fc.record({
  connector: fc.constantFrom(1 as const, 2 as const),
  offline: fc.boolean(),
  metered: fc.array(fc.nat(5_000), { maxLength: 3 }),
  rest: fc.option(fc.nat(5_000), { freq: 6 }),
})

const attempts: fc.Arbitrary<Attempt> = fc.record({
  pod: fc.nat(1),
  sameMessageId: fc.boolean(),
  reconnect: fc.boolean(),
  lost: fc.boolean(),
  reaskAfter: fc.option(fc.nat(12), { freq: 1 }),
  patience: fc.option(fc.nat(25), { freq: 1 }),
  restamped: fc.boolean(),
})

const trials: fc.Arbitrary<Trial> = fc.record({
  scenario: fc.record({
    sessions: fc.array(sessions, { minLength: 1, maxLength: 4 }),
    turns: fc.array(fc.boolean(), { maxLength: 8 }),
    deadClock: fc.boolean(),
    attempts: fc.array(attempts, { maxLength: 20 }),
  }),
  script: fc.record({
    pauses: fc.array(fc.nat(8), { maxLength: 12 }),
    stalls: fc.array(fc.record({ operation: fc.nat(60), turns: fc.nat(800) }), { maxLength: 3 }),
    faults: fc.array(
      fc.oneof({ weight: 3, arbitrary: fc.constant<AppendFault>('ok') }, fc.constantFrom(...appendFaults)),
      { maxLength: 30 },
    ),
  }),
})

const calm: Attempt = {
  pod: 0,
  sameMessageId: false,
  reconnect: false,
  lost: false,
  reaskAfter: null,
  patience: null,
  restamped: false,
}
const oneSession: ScriptedSession = { connector: 1, offline: false, metered: [1_200, 800], rest: 300 }
const quiet: LogScript = { pauses: [], stalls: [], faults: [] }

describe('a charger and two centrals over one log', () => {
  it('park an unreadable start once, with one transaction id, also when it is told again under a new message id', async () => {
    const log = createSharedLog(quiet)
    const now = () => instant(Date.parse('2026-03-01T08:00:00.000Z'))
    const pods = createPods(2, { log, vault: createTwinVault(), bus: createTwinBus().bus, now })
    const tell = (messageId: string, pod: number) =>
      pods.ask(pod, {
        factId: `1.${messageId}` as FactId,
        tenant: oracleTenant,
        chargerId: oracleCharger,
        edge: 'edge-oracle',
        receivedAt: now(),
        normalisations: [],
        messageId,
        frame: `[2,"${messageId}","StartTransaction",{"connectorId":"one","meterStart":7}]`,
        fact: { type: 'Malformed', meant: 'TransactionStart', violations: ['/connectorId must be integer'] },
      })
    const [first, again] = [await tell('m1', 0), await tell('m2', 1)]
    expect(first).toMatchObject({ outcome: 'answered', answer: { type: 'Malformed' } })
    expect(again).toMatchObject({ answer: first?.outcome === 'answered' ? first.answer : undefined })
    expect(log.stored(chargerStream(oracleTenant, oracleCharger)).map((event) => event.type)).toEqual(['FrameParked'])
  })

  it('make one session of one real session when nothing goes wrong', () =>
    live({ scenario: { sessions: [oneSession], turns: [], attempts: [] }, script: quiet }))

  it('make one session of a start that is told until its answer is heard', () =>
    live({
      scenario: {
        sessions: [oneSession, { ...oneSession, connector: 2, offline: true }],
        turns: [true, false],
        attempts: [
          { ...calm, lost: true },
          { ...calm, pod: 1, reconnect: true, lost: true },
          { ...calm, sameMessageId: true, lost: true, patience: 1 },
        ],
      },
      script: { pauses: [1], stalls: [], faults: [] },
    }))

  it('end a session whose stop never came when the next one begins on its connector', () =>
    live({
      scenario: { sessions: [{ ...oneSession, rest: null }, oneSession], turns: [], attempts: [] },
      script: quiet,
    }))

  it.each(appendFaults)('survive an append that is %s, whichever it is', async (fault) => {
    for (let at = 0; at < 14; at += 1)
      await live({
        scenario: { sessions: [oneSession, oneSession], turns: [], attempts: [] },
        script: { pauses: [1], stalls: [], faults: [...Array.from({ length: at }, () => 'ok' as const), fault] },
      })
  })

  it('make one session of every real session, to the last watt-hour, whatever happens in between', async () => {
    await fc.assert(fc.asyncProperty(trials, live), { numRuns: runs, seed: 20_260_301 })
  }, 120_000)
})
