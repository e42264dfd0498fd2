import { planVisit } from './driver.ts'
import { seededRandom } from './random.ts'

const options = {
  tokens: ['A', 'B', 'C'],
  session: { minMs: 120_000, maxMs: 300_000 },
  pause: { minMs: 1_000, maxMs: 5_000 },
}
const visits = (seed: string) => {
  const random = seededRandom(seed)
  return Array.from({ length: 20 }, () => planVisit(random, options))
}

it('the same seed brings the same drivers with the same cars for the same time', () => {
  expect(visits('fleet/1')).toEqual(visits('fleet/1'))
  expect(visits('fleet/1')).not.toEqual(visits('fleet/2'))
})

it('visits keep to what was asked', () => {
  for (const visit of visits('bounds')) {
    expect(options.tokens).toContain(visit.idTag)
    expect(visit.chargeMs).toBeGreaterThanOrEqual(120_000)
    expect(visit.chargeMs).toBeLessThanOrEqual(300_000)
    expect(visit.pauseMs).toBeLessThanOrEqual(5_000)
    expect(visit.socPercent).toBeLessThanOrEqual(70)
  }
})
