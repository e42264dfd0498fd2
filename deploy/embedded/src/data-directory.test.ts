import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StartError } from '@voltrail/runtime/start-error'
import { openDataDirectory } from './data-directory.ts'
import { identify } from './process-identity.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'voltrail-data-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const errorOf = (path: string): StartError => {
  try {
    openDataDirectory(path).release()
  } catch (error) {
    if (error instanceof StartError) return error
    throw error
  }
  throw new Error('there was no error')
}

it('makes a directory that is not there, and finds the same one again', () => {
  const path = join(folder, 'a', 'b')
  const first = openDataDirectory(path)
  expect(first.done('standard-tariff')).toBe(false)
  first.markDone('standard-tariff')
  first.release()
  const second = openDataDirectory(path)
  expect(second).toMatchObject({ path, id: first.id, logs: join(path, 'logs') })
  expect(second.done('standard-tariff')).toBe(true)
  second.release()
})

it('refuses a directory of another version and says what to do', () => {
  openDataDirectory(folder).release()
  writeFileSync(join(folder, 'version'), '7\n')
  const error = errorOf(folder)
  expect(error.message).toBe(`the data directory ${folder} is of version "7", this release reads version 1`)
  expect(error.remedy).toBe('start the release that made it, or pass --data-dir with another directory')
})

it('refuses a directory that holds something else, and leaves it alone', () => {
  writeFileSync(join(folder, 'thesis.tex'), '')
  expect(errorOf(folder).message).toContain('holds files but no Voltrail data')
  expect(readdirSync(folder)).toEqual(['thesis.tex'])
})

it('takes a directory in which a start was killed at once', () => {
  writeFileSync(join(folder, 'lock'), '{"pid":')
  openDataDirectory(folder).release()
})

it('says so when the directory cannot be made', () => {
  writeFileSync(join(folder, 'file'), '')
  const error = errorOf(join(folder, 'file', 'data'))
  expect(error.message).toContain('cannot be used (ENOTDIR')
})

describe('the lock', () => {
  it('keeps a second product out while the first one has the directory', () => {
    const first = openDataDirectory(folder)
    expect(errorOf(folder).message).toBe(`the data directory ${folder} is in use by process ${process.pid}`)
    first.release()
    openDataDirectory(folder).release()
  })

  it('keeps out while another process has it', async () => {
    mkdirSync(folder, { recursive: true })
    const other = spawn('/bin/sh', ['-c', 'read line'], { stdio: ['pipe', 'ignore', 'ignore'] })
    const exited = new Promise((resolve) => other.once('exit', resolve))
    writeFileSync(join(folder, 'lock'), JSON.stringify(identify(other.pid as number)))
    expect(errorOf(folder).message).toContain(`in use by process ${other.pid}`)
    other.stdin.end()
    await exited
    openDataDirectory(folder).release()
  })

  it('is taken over when its number belongs to another process by now', () => {
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.ppid, started: 'another time' }))
    openDataDirectory(folder).release()
  })
})
