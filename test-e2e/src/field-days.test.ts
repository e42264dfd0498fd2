import { fieldBrands } from './field-days-brands.ts'
import { liveFieldDays } from './field-days-run.ts'

describe('days in the field', () => {
  it('are in the log as they happened, to the last watt-hour and cent and review, whatever broke', async () => {
    const { brands, differences } = await liveFieldDays({ chargers: fieldBrands.length, days: 5, seed: 'five' })
    expect(differences).toEqual([])
    expect(brands.size).toBe(fieldBrands.length)
    const all = [...brands.values()]
    expect(Math.max(...all.map(({ late }) => late))).toBeGreaterThan(0)
    for (const { chargers, frames } of all) expect(frames / chargers).toBeGreaterThan(9)
  }, 120_000)
})
