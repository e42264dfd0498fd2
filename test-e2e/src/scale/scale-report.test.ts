import { busiest, coresUsed, scaleLine, scaleTable, type ScaleFigures } from './scale-report.ts'

const figures = (edges: number, centrals: number, more: Partial<ScaleFigures> = {}): ScaleFigures => {
  const cpu = new Map([
    ['edge', 1],
    ['central', 4],
    ['event-store', 2],
    ['billing', 1],
  ])
  return {
    edges,
    centrals,
    load: 'full',
    messages: 4_000,
    seconds: 10,
    p50: 20,
    p99: 80,
    cpu,
    busy: cpu,
    ...more,
  }
}
const more = new Map([
  ['edge', 1],
  ['edge-2', 1],
  ['central', 3],
  ['central-2', 3],
  ['event-store', 9],
])

describe('what more pods bring', () => {
  it('is counted by kind of process, copies together', () => {
    const [, , row] = scaleTable([figures(2, 2, { messages: 8_000, cpu: more, busy: more })]).split('\n')
    expect(row).toBe(
      '| 2 | 2 | full | 800 | 20.0 | 80.0 | 2.13 | 0.25 | 0.00 | 0.75 | 1.13 | 0.00 | 0.00 | 1.70 | event-store 90 % |',
    )
  })

  it('names the process that has no core left, or the machine, or neither', () => {
    const first = figures(1, 1)
    expect([coresUsed(first), busiest(first)]).toEqual([0.8, { name: 'central', share: 0.4 }])
    const full = figures(2, 2, { messages: 8_000, cpu: more, busy: more })
    expect(scaleLine([first, full], 16)).toBe(
      '1 edges and 1 centrals to 2 edges and 2 centrals: 2.00x msg/s, 1.06x CPU per message; the shared limit: event-store uses 90 % of one core',
    )
    const spread = new Map([...more].map(([name]) => [name, 3.4]))
    const machine = figures(2, 2, { cpu: spread, busy: spread })
    expect(scaleLine([first, machine], 2)).toContain('the machine: 1.70 of 2 cores are used')
    expect(scaleLine([first, machine], 16)).toContain('none was reached')
    expect(scaleLine([first, figures(2, 2, { load: 'light' })], 2)).toBe('nothing was compared')
  })
})
