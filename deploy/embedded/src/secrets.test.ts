import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSecrets } from './secrets.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'voltrail-secrets-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('makes secrets that only their owner may read', () => {
  const { masterKey, pepper, operatorKey, operatorKeyText } = openSecrets(folder)
  for (const path of [masterKey, pepper, operatorKey]) expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readFileSync(masterKey, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
  expect(readFileSync(pepper, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
  expect(readFileSync(operatorKey, 'utf8')).toBe(`${operatorKeyText}\n`)
  expect(operatorKeyText).toMatch(/^vt_[\w-]{32}$/)
})

it('keeps them from then on, and makes different ones elsewhere', () => {
  const first = openSecrets(folder)
  const masterKey = readFileSync(first.masterKey, 'utf8')
  expect(openSecrets(folder)).toEqual(first)
  expect(readFileSync(first.masterKey, 'utf8')).toBe(masterKey)
  rmSync(first.operatorKey)
  expect(openSecrets(folder).operatorKeyText).not.toBe(first.operatorKeyText)
})

it('takes an operator key that a person has put there', () => {
  writeFileSync(join(folder, 'operator.key'), 'my-own-operator-key\n')
  expect(openSecrets(folder).operatorKeyText).toBe('my-own-operator-key')
})

it('refuses a damaged master key instead of making another', () => {
  writeFileSync(join(folder, 'master.key'), 'abc\n')
  expect(() => openSecrets(folder)).toThrow(`${join(folder, 'master.key')} does not hold what it should`)
})
