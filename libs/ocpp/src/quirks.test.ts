import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { namesTest } from './named-test.ts'
import { describeMatches, fitsMake } from './quirk.ts'
import { quirks, rowOf, rulesInForce } from './quirks.ts'
import { writeQuirkPage } from './quirk-page.ts'

const root = join(__dirname, '../../..')
const context = { tenant: 'default', chargerId: 'CP1' }

describe('the tables of quirks', () => {
  it('have every row of the field reports that is about formats, correlation, transport or commands', () => {
    const rows = new Set(quirks.map(rowOf))
    expect([...rows]).toEqual(Array.from({ length: 34 }, (_, i) => i + 1))
    expect(new Set(quirks.map(({ id }) => id)).size).toBe(quirks.length)
  })

  it.each(quirks.map((quirk) => [quirk.id, quirk] as const))(
    '%s says what, where it was seen and what proves it',
    (id, quirk) => {
      expect(id).toMatch(/^Q\d+-[a-z]+(-[a-z]+)*$/)
      // the settings of a charger take ids of this length
      expect(id.length).toBeLessThanOrEqual(60)
      expect(quirk.what.length).toBeGreaterThan(20)
      expect(quirk.evidence.length).toBeGreaterThan(0)
      if ('open' in quirk.proof) return expect(quirk.default).toBe('off')
      const source = readFileSync(join(root, quirk.proof.file), 'utf8')
      expect([quirk.proof, namesTest(source, quirk.proof.test)]).toEqual([quirk.proof, true])
    },
  )

  it('are what the page says; to write it: node --import tsx libs/ocpp/src/write-quirk-page.ts', () => {
    expect(readFileSync(join(root, 'libs/ocpp/QUIRKS.md'), 'utf8')).toBe(writeQuirkPage(quirks))
  })
})

describe('a quirk rule', () => {
  it('is for the makes that one of its patterns fits', () => {
    const matches = [{ vendor: /keba/i, model: /P30/ }, { firmware: /^5\./ }]
    expect(fitsMake(matches, { vendor: 'Keba AG', model: 'KC-P30' })).toBe(true)
    expect(fitsMake(matches, { vendor: 'Keba AG', model: 'X' })).toBe(false)
    expect(fitsMake(matches, { vendor: 'Keba AG' })).toBe(false)
    expect(fitsMake(matches, { firmwareVersion: '5.1' })).toBe(true)
    expect(fitsMake('all', {})).toBe(true)
    expect(describeMatches(matches)).toBe('vendor /keba/i, model /P30/; or firmware /^5\\./')
  })

  it('is switched by the settings of a charger; off wins, and what keeps the log sound stays', () => {
    const id = 'Q18-connector-zero'
    expect(rulesInForce(context).has(id)).toBe(false)
    expect(rulesInForce({ ...context, vendor: 'KEBA' }).has(id)).toBe(true)
    expect(rulesInForce({ ...context, rulesOn: [id] }).has(id)).toBe(true)
    expect(rulesInForce({ ...context, rulesOn: [id], rulesOff: [id] }).has(id)).toBe(false)
    expect(rulesInForce({ ...context, rulesOff: ['Q24-nul-stripped'] }).has('Q24-nul-stripped')).toBe(true)
  })
})
