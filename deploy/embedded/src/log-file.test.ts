import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLogFile } from './log-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'voltrail-log-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('goes on where an earlier run ended, and knows the last line of this one', () => {
  const path = join(folder, 'edge.log')
  const earlier = openLogFile(path)
  earlier.write('of yesterday')
  earlier.close()
  const log = openLogFile(path)
  expect(log.lastLine()).toBe('')
  log.write('one')
  log.write('two')
  expect(log.lastLine()).toBe('two')
  log.mark()
  expect(log.lastLine()).toBe('')
  expect(readFileSync(path, 'utf8')).toBe('of yesterday\none\ntwo\n')
  log.close()
})

it('moves its lines away when there are too many and keeps writing', () => {
  const path = join(folder, 'edge.log')
  const log = openLogFile(path, 100)
  log.write('x'.repeat(60))
  log.bound()
  log.write('y'.repeat(60))
  log.bound()
  log.write('after')
  expect(readFileSync(path, 'utf8')).toBe('after\n')
  expect(readFileSync(`${path}.1`, 'utf8')).toBe(`${'x'.repeat(60)}\n${'y'.repeat(60)}\n`)
  expect(log.lastLine()).toBe('after')
  log.close()
})
