import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { namesTest } from '@voltrail/ocpp/named-test'

const root = join(__dirname, '../..')
const page = join(root, 'deploy/docs/rules.md')
const text = readFileSync(page, 'utf8')

/** The rows of all tables, without their heads: `| id | rule | proof |`. */
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\|(---|\s*id\s*\|)/.test(line))
  .map((line) => {
    const [id = '', rule = '', proof = '', ...more] = line
      .slice(1, -1)
      .split(' | ')
      .map((cell) => cell.trim())
    return { id, rule, proofs: proof.split('<br>'), more }
  })

/** `` `file`: title ``, or a sentence about what is not there. */
const proofOf = (proof: string): { file: string; test: string } | undefined => {
  const [, file, test] = /^`([^`]+)`: (.+)$/.exec(proof) ?? []
  return file === undefined || test === undefined ? undefined : { file, test }
}

describe('the table of rules', () => {
  it('has every rule once, under an id that stays', () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    const of = (section: string) => rows.filter(({ id }) => id.startsWith(`${section}-`)).map(({ id }) => id)
    const counts = { REP: 23, ANS: 22, SES: 43, BOOT: 14, SEC: 25, LIST: 17, RES: 12, FILE: 30, CMD: 8, BAD: 13 }
    for (const [section, count] of Object.entries(counts))
      expect(of(section)).toEqual(Array.from({ length: count }, (_, i) => `${section}-${i + 1}`))
    expect(rows).toHaveLength(Object.values(counts).reduce((sum, count) => sum + count, 0))
  })

  it.each(rows.map((row) => [row.id, row] as const))('%s says what holds and what proves it', (_id, row) => {
    expect(row.rule.length).toBeGreaterThan(15)
    expect(row.more).toEqual([])
    const [first = ''] = row.proofs
    if (first.startsWith('not yet: ')) return expect([row.proofs.length, first.length > 30]).toEqual([1, true])
    const proofs = row.proofs.map(proofOf)
    expect(proofs[0]).toBeDefined()
    for (const proof of proofs) {
      if (proof === undefined) continue
      expect([proof.file, existsSync(join(root, proof.file))]).toEqual([proof.file, true])
      expect([proof, namesTest(readFileSync(join(root, proof.file), 'utf8'), proof.test)]).toEqual([proof, true])
    }
    return undefined
  })

  it('links to files that are there, the quirks of makes among them', () => {
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => link!)
    expect(links).toContain('../../libs/ocpp/QUIRKS.md')
    for (const link of links) expect([link, existsSync(join(dirname(page), link))]).toEqual([link, true])
  })
})
