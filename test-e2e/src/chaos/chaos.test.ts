import { seededRandom } from '@voltrail/simulator/random'
import { dealFaults, dealMisfortunes, everyFault } from './plan.ts'
import { percentile, recoveries } from './recovery.ts'
import { lastLine, secondOf } from './run.ts'
import { growthsOf, judgeGrowth, judgeLeftovers, type Sample } from './use.ts'

const names = ['postgres', 'nats', 'event-store', 'central', 'central-2', 'edge', 'edge-2', 'billing', 'api']
const take = <T>(count: number, from: Iterator<T>): T[] => Array.from({ length: count }, () => from.next().value as T)

describe('faults', () => {
  it('are the same for the same seed, and others for another', () => {
    const of = (seed: string) => take(200, dealFaults(names, seededRandom(seed)))
    expect(of('a')).toEqual(of('a'))
    expect(of('a')).not.toEqual(of('b'))
    const field = (seed: string) => take(200, dealMisfortunes(['A', 'B'], seededRandom(seed)))
    expect(field('a')).toEqual(field('a'))
    expect(new Set(field('a').map(([, { kind }]) => kind)).size).toBe(5)
  })

  it('come all before any comes again, each kind of process killed both ways', () => {
    const all = everyFault(names)
    expect(new Set(take(all.length, dealFaults(names, seededRandom('a'))))).toHaveProperty('size', all.length)
    for (const name of names)
      for (const signal of ['SIGKILL', 'SIGTERM'])
        expect(all).toContainEqual({ kind: 'kill', processes: [name], signal })
    for (const fieldS of [5, 60, 600]) expect(all).toContainEqual({ kind: 'freeze', process: 'event-store', fieldS })
  })

  it('leave servers that are not ours alone', () => {
    expect(JSON.stringify(everyFault(['central', 'edge']))).not.toMatch(/event-store|nats|postgres/)
  })

  it('take as long as in the field in a run of an hour, and less in a shorter one', () => {
    expect([secondOf(120), secondOf(60), secondOf(6), secondOf(0.5)]).toEqual([1_000, 1_000, 100, 50])
  })
})

describe('recovery', () => {
  it('is from a kill to the next acknowledgement of each charger', () => {
    expect(recoveries([100, 250], [[50, 130, 300], [90, 400], [10]])).toEqual([30, 300, 50, 150])
  })

  it('is told as the value that 99 of 100 do not exceed', () => {
    expect(
      percentile(
        Array.from({ length: 200 }, (_, i) => 200 - i),
        0.99,
      ),
    ).toBe(198)
    expect(percentile([5], 0.99)).toBe(5)
    expect(percentile([], 0.99)).toBe(0)
  })
})

describe('what a process keeps', () => {
  const sample = (given: Partial<Sample>): Sample => ({ name: 'edge', pid: 1, at: 0, kib: 1, handles: 20, ...given })

  it('is a leak when files or subscriptions of chargers that left are still there', () => {
    const before = { samples: [sample({})], subscriptions: new Map([['edge-1', 5]]) }
    const left = { samples: [sample({ pid: 2, handles: 60 })], subscriptions: new Map([['edge-1', 25]]) }
    expect(judgeLeftovers(before, before)).toEqual([])
    expect(judgeLeftovers(before, left).map(({ what }) => what)).toEqual([
      'it has 60 open files, and had 20',
      'it listens to 25 subjects, and did to 5',
    ])
  })

  it('is a leak when its memory grows on and on, and none when it only warms up', () => {
    const life = (kib: (minute: number) => number) =>
      Array.from({ length: 61 }, (_, i) => sample({ at: i * 5_000, kib: kib(i / 12) }))
    const of = (samples: Sample[]) => judgeGrowth(growthsOf(samples)).map(({ charger }) => charger)
    expect(of(life((minute) => 50_000 + 100_000 * minute))).toEqual(['edge'])
    expect(of(life((minute) => 200_000 - 150_000 / (1 + 5 * minute)))).toEqual([])
    expect(growthsOf(life((minute) => 1_000 * minute))[0]).toMatchObject({ seconds: 300, kib: 5_000 })
    expect(growthsOf(life((minute) => 1_000 * minute))[0]!.kibPerMinute).toBeCloseTo(1_000)
  })
})

describe('the last line', () => {
  it('has the figures', () => {
    const finding = (kind: 'lost' | 'doubled') => ({ kind, charger: 'A', what: 'b' })
    const findings = [finding('lost'), finding('doubled'), finding('lost')]
    const rest = { faults: 1, misfortunes: 1, sessions: 1, commands: new Map(), growths: [] }
    expect(lastLine({ ...rest, acks: 9, kills: 3, findings, recoveryP99Ms: 12.4 })).toBe(
      'acks 9, kills 3, lost 2, doubled 1, recovery p99 12 ms',
    )
  })
})
