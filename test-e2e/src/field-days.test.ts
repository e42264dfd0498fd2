import { liveFieldDays } from './field-days-run.ts'

describe('a day in the field', () => {
  it('is in the log as it happened, to the last watt-hour and cent, whatever broke', async () => {
    const { brands, differences } = await liveFieldDays({ chargers: 20, days: 1, seed: 'a day' })
    expect(differences).toEqual([])
    expect(brands.size).toBe(5)
    for (const totals of brands.values()) expect(totals.sessions).toBeGreaterThan(4)
  })
})
