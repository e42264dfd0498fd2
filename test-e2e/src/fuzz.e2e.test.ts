import { runFuzz, type FuzzReport } from './fuzz/fuzz-run.ts'
import { blockSize, hostileBlock } from './fuzz/hostile-frames.ts'

describe('five thousand hostile frames beside honest chargers', () => {
  let report: FuzzReport
  beforeAll(async () => {
    report = await runFuzz({ frames: 5_000, seed: 'short', chargers: 2, sockets: 16, note: () => {} })
  }, 180_000)

  it('end no process, and nothing in it goes unhandled', () => expect(report.crashes).toEqual([]))
  it('become no event where they are bad', () => {
    expect(report.badEvents).toEqual([])
    // those that are good are taken all the same: the check has something to look at
    expect(report.events).toBeGreaterThan(100)
  })
  it('are answered where they are calls with an id, or their socket closes with a code', () =>
    expect(report.faults).toEqual([]))
  it('change nothing for the honest ones, who get every answer', () => {
    expect(report.dishonest).toEqual([])
    expect(report.duringP99).toBeGreaterThan(0)
  })
})

it('the frames of a seed are the same each time', () => {
  expect(hostileBlock('s', 3)).toEqual(hostileBlock('s', 3))
  expect(hostileBlock('s', 3)).not.toEqual(hostileBlock('t', 3))
  expect(hostileBlock('s', 3)[0]?.index).toBe(3 * blockSize)
})
