import fc from 'fast-check'
import type { SessionEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef, TransactionId } from '@voltrail/contracts/ids'
import { instant, type OccurredAt } from '@voltrail/contracts/quantities'
import { billedEnergy, essential, thinnedParts, type MeteredSession } from './billed-energy.ts'
import { at, foldHistory, given } from './fixtures/given.ts'
import { readSamples } from './meter-samples.ts'
import { readRegister } from './registers.ts'
import { meterAfterStop, stopSession, wholeSession } from './session-end.ts'
import { meterSession, session } from './session.ts'
import type { TimedReading } from './timed-reading.ts'

const when = (minutes: number): OccurredAt => ({
  receivedAt: at(minutes),
  effectiveAt: at(minutes),
  reason: 'charger-clock',
})
const told = (value: string, minutes: number, context?: string, unit: 'Wh' | 'kWh' = 'Wh'): TimedReading => ({
  at: at(minutes),
  reading: readRegister(value, unit),
  ...(context === undefined ? {} : { context }),
})
const wh = (value: string | undefined) => (value === undefined ? undefined : readRegister(value, 'Wh'))
const billed = (
  meterStart: string | undefined,
  meterStop: string | undefined,
  readings: readonly TimedReading[],
  change: Partial<MeteredSession> = {},
) =>
  billedEnergy({
    meterStart: wh(meterStart),
    startedAt: when(0),
    meterStop: wh(meterStop),
    stoppedAt: when(60),
    readings,
    ...change,
  })

describe('the billed energy', () => {
  describe('by a clock that cannot be trusted', () => {
    const dead = (second: number) => instant(Date.UTC(2001, 0, 1, 0, 0, second))
    const sample = (second: number, value: string) => ({
      time: { raw: dead(second), at: dead(second) },
      values: [{ measurand: 'Energy.Active.Import.Register', value, unit: 'Wh' }],
    })
    const registers = ['4000', '100', '2600']
    const metered = registers.flatMap((value, i) => readSamples([sample(i, value)], at(10 + 10 * i)).registers)

    const standing = (values: readonly number[]): TimedReading[] =>
      values.map((value, i) => ({ ...told(String(value), i + 1), told: dead(0) }))
    it('counts what is told again after a reset, also where the clock stands still', () => {
      for (const values of [
        [100, 200, 0, 100, 200, 300],
        [100, 200, 0, 0, 100, 200, 200, 300],
      ])
        expect(billed('100', undefined, standing(values))).toMatchObject({ energyWh: 400, meterResets: 1 })
    })
    it('counts no reading twice where all of them may be told again, the reset among them', () => {
      const once = standing([100, 200, 0, 50])
      const again = standing([100, 200, 0, 50, 100, 200, 0, 50])
      expect(billed('100', '50', again)).toEqual(billed('100', '50', once))
      expect(billed('100', '50', once)).toMatchObject({ energyWh: 150, meterResets: 1 })
    })
    it('counts samples once that are told again with the stop, by the charger’s own time', () => {
      const again = readSamples(
        registers.map((value, i) => sample(i, value)),
        at(60),
      ).registers
      const expected = { energyWh: 3000 + 3400, energySource: 'registers', meterResets: 1 }
      expect(billed('1000', '3500', metered)).toEqual(expected)
      expect(billed('1000', '3500', [...metered, ...again])).toEqual(expected)
      // the offset was known by then, or the clock was set
      const offset = Date.parse(dead(0)) - Date.parse(at(10))
      const corrected = again.map((one, i) => ({ ...one, at: instant(Date.parse(dead(i)) - offset) }))
      expect(billed('1000', '3500', [...metered, ...corrected])).toEqual(expected)
    })

    it('keeps what a clock tells again that began anew with a boot', () => {
      const [, second] = metered
      const anew = { ...readSamples([sample(1, '3000')], at(40)).registers[0]! }
      expect(anew.told).toBe(second!.told)
      expect(billed('1000', undefined, [...metered, anew]).energyWh).toBe(3000 + 2900)
    })
  })

  it('is meter stop minus meter start, whatever samples lie between', () =>
    expect(billed('1000', '3500', [told('1800', 20), told('2900', 40)])).toEqual({
      energyWh: 2500,
      energySource: 'meter-stop',
    }))
  it('is the last register sample minus the first where neither meter start nor meter stop is told', () =>
    expect(billed(undefined, undefined, [told('1800', 20), told('2900', 40), told('1100', 0)])).toEqual({
      energyWh: 1800,
      energySource: 'registers',
    }))
  it('goes from the first sample to the meter stop, or from the meter start to the last, where one of them is missing', () => {
    const samples = [told('1100', 1), told('2900', 40)]
    expect(billed(undefined, '3000', samples)).toEqual({ energyWh: 1900, energySource: 'registers' })
    expect(billed('1000', undefined, samples)).toEqual({ energyWh: 1900, energySource: 'registers' })
  })
  it('is none where no meter says anything', () =>
    expect(billed(undefined, undefined, [])).toEqual({ energyWh: 0, energySource: 'none' }))

  it('is the rise of an absolute register whose meter start was told as 0, flagged', () =>
    expect(billed('0', '1240000', [told('1234567', 1), told('1237000', 30)])).toEqual({
      energyWh: 1240000 - 1234567,
      energySource: 'registers',
      meterResets: 1,
    }))
  it('is nothing where 0 and an absolute meter stop are all that is known, flagged', () =>
    expect(billed('0', '1240000', [])).toEqual({ energyWh: 0, energySource: 'registers', meterResets: 1 }))
  it('is the rise of the samples where the meter start is absolute and the meter stop of the session alone, flagged', () => {
    expect(billed('1234567', '5433', [told('0', 1), told('2000', 30)])).toEqual({
      energyWh: 5433,
      energySource: 'registers',
      meterResets: 1,
    })
    expect(billed('1234567', '5433', [told('1234600', 1), told('1239900', 59)])).toEqual({
      energyWh: 1239900 - 1234567,
      energySource: 'registers',
      meterResets: 1,
    })
  })
  it('is the rise of the samples where the meter stop is told as 0, flagged', () =>
    expect(billed('1000', '0', [told('1800', 20), told('2900', 40)])).toEqual({
      energyWh: 1900,
      energySource: 'registers',
      meterResets: 1,
    }))
  it('takes no energy from a single reading that is far too high', () =>
    expect(billed('1000', '2000', [told('1500', 10), told('99999999', 20), told('1600', 30)]).energyWh).toBe(900))

  it('counts a begin at the beginning, though it is stamped with the time of the stop', () =>
    expect(
      billed(undefined, undefined, [
        told('1000', 60, 'Transaction.Begin'),
        told('2000', 30),
        told('3500', 60, 'Transaction.End'),
      ]),
    ).toEqual({ energyWh: 2500, energySource: 'registers' }))
  it('takes a sample in kWh for no reset where it is only rounded otherwise', () =>
    expect(billed('12300', '12352', [told('12.35', 10, undefined, 'kWh'), told('12347', 20)])).toEqual({
      energyWh: 52,
      energySource: 'meter-stop',
    }))
  it('takes nothing from what was measured after the meter stop', () =>
    expect(billed('1000', '3500', [told('2000', 30), told('3700', 61), told('0', 62)])).toEqual({
      energyWh: 2500,
      energySource: 'meter-stop',
    }))
})

describe('readings in disorder', () => {
  const minute = 60_000
  const shifted = (value: number, minutes: number, ms: number): TimedReading => ({
    ...told(String(value), 0),
    at: instant(Date.parse(at(minutes)) + ms),
  })
  const rising = Array.from({ length: 58 }, (_, i) => [i + 1, 1100 + i * 100] as const)
  const meterStopAlone = { energyWh: 6000, energySource: 'meter-stop' }

  it('are no reset where the stop tells the samples again by another clock', () => {
    const heard = rising.map(([m, value]) => shifted(value, m, 0))
    const again = rising.map(([m, value]) => shifted(value, m, 10 * minute + 17_000))
    expect(billed('1000', '7000', [...heard, ...again])).toEqual(meterStopAlone)
  })
  it('are no reset where the clock was set back under way, by minutes or by seconds', () => {
    for (const ms of [10 * minute + 17_000, 45_000]) {
      const samples = rising.flatMap(([m, value]) =>
        [0, 1, 2].map((k) => shifted(value + k * 33, m, k * 20_000 + (m < 30 ? ms : 0))),
      )
      expect(billed('1000', '7000', samples)).toEqual(meterStopAlone)
    }
  })
  it('are no reset where one sample is stale, but flagged: it was told as a dip', () => {
    for (const stale of ['3000', '900'])
      expect(billed('1000', '7000', [told('5000', 30), told(stale, 31), told('5100', 32)])).toEqual({
        ...meterStopAlone,
        meterResets: 1,
      })
  })
  it('are a reset where the register was below its meter start or above its meter stop', () => {
    expect(billed('1000', '7000', [told('5000', 30), told('0', 31), told('3000', 32)])).toMatchObject({
      energyWh: 4000 + 7000,
      meterResets: 1,
    })
    expect(billed('1000', '7000', [told('8000', 30), told('2000', 31)])).toMatchObject({
      energyWh: 7000 + 5000,
      meterResets: 1,
    })
  })
})

describe('a register that was reset while the clock was set too', () => {
  const reset = { energyWh: 4000 + 3000, energySource: 'registers', meterResets: 1 }
  const shown = [
    ...Array.from({ length: 30 }, (_, i) => 1100 + i * 130),
    5000,
    ...Array.from({ length: 25 }, (_, i) => i * 120),
  ]
  /** by a clock that was ahead until one of the readings */
  const by = (ahead: number, until: number) =>
    shown.map((value, i) => told(String(value), i + 1 + (i < until ? ahead + 0.3 : 0)))

  it('is summed in the order in which it was told, which needs the fewest resets', () => {
    for (const until of [10, 28, 31, 34, 45])
      for (const ahead of [0, 3, 10, -3]) {
        const readings = by(ahead, until)
        expect(billed('1000', '3000', readings)).toEqual(reset)
      }
  })
  it('is so too where the stop tells all of it again by the clock as it was set', () =>
    expect(billed('1000', '3000', [...by(10, 28), ...by(0, 0)])).toEqual(reset))
  it('is summed by time where a message came late', () => {
    const [late, rest] = [by(0, 0).slice(20, 25), by(0, 0).toSpliced(20, 5)]
    expect(billed('1000', '3000', [...rest, ...late])).toEqual(reset)
  })
  it('is billed with each of many resets that time and telling agree on', () => {
    const readings = ['0', '500', '0', '600', '0', '700', '0'].map((value, i) => told(value, i + 1))
    expect(billed('0', '300', readings)).toMatchObject({ energyWh: 500 + 600 + 700 + 300, meterResets: 3 })
  })
})

describe('a great rise', () => {
  it('is billed where no readings lie between, or where the times tell nothing', () => {
    const dead = (minutes: number): OccurredAt => ({ ...when(minutes), reason: 'untrusted-clock' })
    const great = { energyWh: 150_000, energySource: 'meter-stop' }
    const change = { startedAt: dead(0), stoppedAt: dead(0.02) }
    expect(billed('1000', '151000', [], change)).toEqual(great)
    expect(billed('1000', '151000', [told('150000', 0.01)], change)).toEqual(great)
    expect(billed('1000', '151000', [], { stoppedAt: when(0.02) })).toEqual(great)
  })
  it('is none of the session where an absolute register follows a meter start of 0, by a dead clock too', () =>
    expect(
      billed('0', '1240000', [told('1234567', 0.01)], { stoppedAt: { ...when(0.02), reason: 'untrusted-clock' } }),
    ).toMatchObject({ energyWh: 1240000 - 1234567, meterResets: 1 }))
})

describe('the stored readings of a message', () => {
  it('are at most 512, the ends, the extremes and the greatest breaks, though every pair breaks off', () => {
    const list = Array.from({ length: 14_000 }, (_, i) => told(String(i % 2 === 0 ? 5000 + i : 10), i / 10))
    list[7_000] = told('900000', 700)
    list[8_001] = told('1', 800.1)
    const kept = essential(list)
    expect(kept.length).toBeLessThanOrEqual(512)
    for (const i of [0, 7_000, 7_001, 8_001, 13_999]) expect(kept).toContain(list[i])
    expect(kept).toEqual(list.filter((one) => kept.includes(one)))
  })
  it('decide nothing: the energy of a stop is that of all that it tells', () => {
    const many = Array.from({ length: 2_000 }, (_, i) => told(String(i % 2 === 0 ? 2000 : 10), 1 + i / 100))
    const [stopped] = given(wholeSession, start(1000)).when((s) =>
      stopSession({ stoppedAt: when(60), meterStop: wh('500'), reason: 'Local', inferred: false, registers: many }, s),
    ).events
    expect(stopped).toMatchObject({ data: { energyWh: 1000 + 999 * 1990 + 490, meterResets: 1000 } })
  })
})

/** A long message: what the register rose by from each reading to the next, or a reset to so much. */
const longMessage = fc
  .record({
    from: fc.integer({ min: 0, max: 20_000 }),
    steps: fc.array(fc.integer({ min: 0, max: 80 }), { minLength: 520, maxLength: 900 }),
    resets: fc.array(fc.record({ before: fc.nat({ max: 500 }), to: fc.nat({ max: 3_000 }) }), { maxLength: 12 }),
    /** the clock was set under way: the readings before are by another */
    setAt: fc.nat({ max: 900 }),
    ahead: fc.oneof(fc.constant(0), fc.integer({ min: -60, max: 60 })),
  })
  .map(({ from, steps, resets, setAt, ahead }) => {
    let shown = from
    const values = steps.map((step, i) => (shown = resets.find(({ before }) => before === i)?.to ?? shown + step))
    const readings = values.map((value, i) => told(String(value), 1 + i + (i < setAt ? ahead + 0.5 : 0)))
    return { values, readings: readings.toSorted((a, b) => (a.at < b.at ? -1 : 1)) }
  })

/** What is known later than the message: each boundary may be, and another reading. */
const anyCorrection = fc.record({
  startedAt: fc.integer({ min: -5, max: 900 }),
  stoppedAt: fc.integer({ min: 0, max: 1_000 }),
  meterStart: fc.option(fc.nat({ max: 60_000 })),
  meterStop: fc.option(fc.nat({ max: 90_000 })),
  late: fc.array(fc.tuple(fc.nat({ max: 90_000 }), fc.integer({ min: 0, max: 900 })), { maxLength: 3 }),
})

describe('a correction of a session whose message was thinned out', () => {
  const wayOf = (readings: readonly TimedReading[]) =>
    readings.slice(1).reduce((way, { reading }, i) => way + Math.abs(reading.wh - readings[i]!.reading.wh), 0)

  it('finds the energy of all its readings, but for one part of the way for each boundary that moves, or a reset is in doubt', () => {
    fc.assert(
      fc.property(longMessage, anyCorrection, ({ readings }, { startedAt, stoppedAt, meterStart, meterStop, late }) => {
        const more = late.map(([value, minute]) => told(String(value), minute + 0.25))
        const change = { startedAt: when(startedAt), stoppedAt: when(stoppedAt) }
        const by = (list: readonly TimedReading[]) =>
          billed(meterStart?.toString(), meterStop?.toString(), [...list, ...more], change)
        const [all, thinned] = [by(readings), by(essential(readings))]
        const bound = Math.ceil((2 * wayOf(readings)) / thinnedParts) + 2
        const inDoubt = (all.meterResets ?? thinned.meterResets) !== undefined
        if (!inDoubt) expect(Math.abs(all.energyWh - thinned.energyWh)).toBeLessThanOrEqual(bound)
      }),
      { numRuns: 100 },
    )
  }, 60_000)
})

describe('a correction over readings that were thinned out', () => {
  const many = Array.from({ length: 2_000 }, (_, i) => told(String(1_000 + i), i / 20))
  const messages = (registers: readonly TimedReading[]) => ({ contentKey: 'k', registers, live: {}, measuredAt: at(1) })
  const stopping = (meterStop: string, inferred: boolean) => ({
    stoppedAt: when(200),
    meterStop: wh(meterStop),
    reason: 'Local',
    inferred,
    registers: [],
  })

  it('says so, and how many they were', () => {
    const [metered] = given(wholeSession, start(1000)).when((s) => meterSession(messages(many), s)).events
    expect(metered).toMatchObject({ data: { registersTold: 2_000 } })
    const history = [start(1000), metered as SessionEvent]
    const ended = given(wholeSession, ...history).when((s) => stopSession(stopping('3000', true), s)).events
    const late = given(wholeSession, ...history, ...(ended as SessionEvent[])).when((s) =>
      stopSession(stopping('3500', false), s),
    ).events
    expect(late).toMatchObject([
      { data: { detail: expect.stringMatching(/1[0-9]{3} of its readings stand in their frames alone/) } },
    ])
  })
  it('says nothing of it where all are kept', () => {
    const few = many.slice(0, 100)
    const [metered] = given(wholeSession, start(1000)).when((s) => meterSession(messages(few), s)).events
    expect(metered!.data).not.toHaveProperty('registersTold')
  })
})

// --- any way to tell one register -------------------------------------------------------------------------------------

const start = (meterStart: number | undefined): SessionEvent => ({
  type: 'SessionStarted',
  data: {
    transactionId: '7' as TransactionId,
    evseId: 1,
    connectorId: 1,
    idToken: { ref: 'a' as TokenRef, type: 'ISO14443', sealed: { owner: 'a' as TokenRef, key: 'k', text: 't' } },
    authorization: { status: 'Accepted', reason: 'as issued' },
    startKey: 'key',
    ...(meterStart === undefined ? {} : { meterStart: readRegister(String(meterStart), 'Wh') }),
    startedAt: when(0),
  },
})

/** What the register showed at each minute of the session, from the start to the stop. A step below 0 is a reset to so much. */
const register = fc
  .record({
    from: fc.integer({ min: 0, max: 9_000 }),
    steps: fc.array(fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: -4_000, max: -1 })), {
      minLength: 1,
      maxLength: 12,
    }),
  })
  .map(({ from, steps }) =>
    steps.reduce<number[]>(
      (shown, step) => [...shown, step >= 0 ? shown.at(-1)! + step : Math.min(shown.at(-1)!, -step - 1)],
      [from],
    ),
  )

/** The model: what the register rose by, reading by reading. */
const truthOf = (shown: readonly number[]): number =>
  shown.slice(1).reduce((sum, wh_, i) => sum + Math.max(0, wh_ - shown[i]!), 0)

const resetsOf = (values: readonly number[]): number => values.slice(1).filter((value, i) => value < values[i]!).length

/** A reset is proven by a reading above the last, or by one below the first that is not alone. Without one it looks like disorder: last − first. */
const isProven = (shown: readonly number[]): boolean =>
  shown.at(-1)! < shown[0]! ||
  shown.some((value, i) => value > shown.at(-1)! || (value < shown[0]! && shown[i + 1]! < shown[i - 1]!))
const provableOf = (shown: readonly number[]): number => (isProven(shown) ? truthOf(shown) : shown.at(-1)! - shown[0]!)

const anyContext = fc.constantFrom(undefined, 'Sample.Periodic', 'Sample.Clock', 'Trigger')

const anyTelling = register.chain((shown) =>
  fc.record({
    shown: fc.constant(shown),
    contexts: fc.array(anyContext, { minLength: shown.length, maxLength: shown.length }),
    /** for each reading, which messages tell it: at least one of them; message 0 is the stop's transactionData */
    tellers: fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 }), {
      minLength: shown.length,
      maxLength: shown.length,
    }),
    /** the messages in the order in which they come, some of them again; what stands behind the stop comes late */
    order: fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 1, 2, 3], { minLength: 9 }),
    shuffles: fc.infiniteStream(fc.nat()),
    withStart: fc.boolean(),
    withStop: fc.boolean(),
  }),
)

describe('one register, told in any messages', () => {
  it('gives the same energy however it is split, delayed, doubled or disordered, and that is what it provably rose by; never more', () => {
    fc.assert(
      fc.property(anyTelling, ({ shown, contexts, tellers, order, shuffles, withStart, withStop }) => {
        const last = shown.length - 1
        const samples = shown.map((value, minute) => told(String(value), minute, contexts[minute]))
        const inMessage = (message: number) =>
          samples
            .filter((_, i) => tellers[i]!.includes(message))
            .map((sample) => ({ sample, by: shuffles.next().value as number }))
            .toSorted((a, b) => a.by - b.by)
            .map(({ sample }) => sample)
        const heard: number[][] = [[], [], []]
        /** each reading where it was told first: before the stop, with it, after it */
        const telling = () => [
          ...(withStart ? [shown[0]!] : []),
          ...[...new Set(heard.flat())].map((minute) => shown[minute]!),
          ...(withStop ? [shown[last]!] : []),
        ]
        const events: SessionEvent[] = [start(withStart ? shown[0] : undefined)]
        for (const [turn, message] of order.entries()) {
          const state = foldHistory(wholeSession, events)
          const registers = inMessage(message)
          const metering = {
            contentKey: `${message}`,
            registers,
            live: {},
            measuredAt: at(turn),
          }
          const decided =
            message === 0
              ? stopSession(
                  {
                    stoppedAt: when(last),
                    meterStop: withStop ? readRegister(String(shown[last]), 'Wh') : undefined,
                    reason: 'Local',
                    inferred: false,
                    registers,
                  },
                  state,
                )
              : state.summary.stop === undefined
                ? meterSession(metering, state)
                : meterAfterStop(metering, state)
          if (!('accepted' in decided)) throw new Error(JSON.stringify(decided))
          events.push(...decided.accepted)
          if (decided.accepted.length > 0)
            heard[message === 0 ? 1 : state.summary.stop === undefined ? 0 : 2]!.push(
              ...registers.map((one) => samples.findIndex((sample) => sample.at === one.at)),
            )
          // never more than was delivered, also while some of it is unknown
          expect(foldHistory(wholeSession, events).summary.energyWh).toBeLessThanOrEqual(truthOf(shown))
        }
        const { summary } = foldHistory(wholeSession, events)
        expect(summary).toEqual(foldHistory(session, events).summary)
        expect(summary.stop?.energyWh).toBe(summary.energyWh)
        const resets = resetsOf(shown)
        // the order of telling shows fewer resets: which order was the register's nobody can tell
        if (isProven(shown) && Math.min(resetsOf(telling()), resetsOf([...new Set(telling())])) < resets) {
          expect(summary.energyWh).toBeLessThanOrEqual(truthOf(shown))
          expect(summary.stop?.meterResets).toBeGreaterThan(0)
          return
        }
        expect(summary.energyWh).toBe(provableOf(shown))
        if (isProven(shown) || resets === 0) expect(summary.stop?.meterResets).toBe(resets === 0 ? undefined : resets)
      }),
      { numRuns: 500 },
    )
  })

  it('is billed with no more than it rose by, whatever the clock did under way and each message has for an offset', () => {
    const minutes = fc.integer({ min: -30, max: 30 })
    const steps = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(
        steps,
        fc.array(fc.tuple(minutes, fc.nat({ max: 40 }), minutes), { minLength: 1 }),
        (rises, messages) => {
          const shown = rises.reduce<number[]>((known, rise) => [...known, known.at(-1)! + rise], [1000])
          const readings = messages.flatMap(([before, stepAt, after]) =>
            shown.map((value, i) => told(String(value), i + (i < stepAt ? before : after))),
          )
          const { energyWh } = billed('1000', String(shown.at(-1)), readings, { stoppedAt: when(rises.length) })
          expect(energyWh).toBe(shown.at(-1)! - 1000)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is corrected by a late message that shows a reset between meter start and meter stop', () => {
    const stopped = given(wholeSession, start(1000)).when((s) =>
      stopSession({ stoppedAt: when(60), meterStop: wh('3500'), reason: 'Local', inferred: false, registers: [] }, s),
    ).events
    const late = { contentKey: 'late', registers: [told('4000', 20), told('0', 21)], live: {}, measuredAt: at(21) }
    given(wholeSession, start(1000), ...stopped)
      .when((s) => meterAfterStop(late, s))
      .thenMatching(
        { type: 'SessionEnergyMetered' },
        {
          type: 'SessionCorrected',
          data: expect.objectContaining({
            cause: 'late-meter',
            stop: expect.objectContaining({ energyWh: 3000 + 3500, energySource: 'registers', meterResets: 1 }),
          }),
        },
      )
  })

  it('is billed with the readings of the stop that holds, not with those of one that was matched before', () => {
    const ending = (meterStop: string, registers: TimedReading[], matched: boolean) => ({
      stoppedAt: when(60),
      meterStop: wh(meterStop),
      reason: 'Local',
      inferred: false,
      registers,
      matched,
    })
    const matched = given(wholeSession, start(1000)).when((s) =>
      stopSession(ending('900', [told('50', 30), told('900', 50)], true), s),
    ).events
    expect(matched).toMatchObject([{ data: { energyWh: 850, meterResets: 1 } }])
    const named = given(wholeSession, start(1000), ...matched).when((s) =>
      stopSession(ending('3500', [told('2000', 30)], false), s),
    ).events
    expect(named).toMatchObject([{ data: { stop: { energyWh: 2500, energySource: 'meter-stop' } } }])
    const late = { contentKey: 'late', registers: [told('2100', 31)], live: {}, measuredAt: at(31) }
    expect(
      given(wholeSession, start(1000), ...matched, ...named).when((s) => meterAfterStop(late, s)).events,
    ).toMatchObject([{ type: 'SessionEnergyMetered' }])
  })
})
