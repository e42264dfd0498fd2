import { fieldBrands } from './field-days-brands.ts'
import { liveFieldDays } from './field-days-run.ts'

describe('days in the field', () => {
  it('are in the log as they happened, to the last watt-hour and cent and review, whatever broke', async () => {
    const { brands, differences } = await liveFieldDays({ chargers: fieldBrands.length, days: 5, seed: 'five' })
    expect(differences).toEqual([])
    expect(brands.size).toBe(fieldBrands.length)
    const all = [...brands.values()]
    expect(Math.max(...all.map(({ late }) => late))).toBeGreaterThan(0)
    // a tag that charges at two connectors at once is told so; a start that is told again never is
    expect(Math.max(...all.map(({ concurrent }) => concurrent))).toBeGreaterThan(0)
    expect(brands.get('jealous')).toMatchObject({ concurrent: 0 })
    expect(brands.get('jealous')!.repeats).toBeGreaterThan(0)
    expect(brands.get('hush')!.connections).toBeGreaterThan(brands.get('stille')!.connections)
    for (const { chargers, frames } of all) expect(frames / chargers).toBeGreaterThan(9)
  }, 120_000)
})
