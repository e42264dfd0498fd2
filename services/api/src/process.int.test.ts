import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { runApi, until } from './fixtures/running-api.ts'
import type { RunningApi } from './fixtures/running-api.ts'

const running: ChildProcess[] = []
afterAll(() => running.forEach((child) => child.kill('SIGKILL')))

/** The service as a process of its own. */
function startProcess(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'main.ts')], {
    env: { PATH: process.env['PATH'], ...env },
  })
  running.push(child)
  const seen = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (seen.out += String(chunk)))
  child.stderr.on('data', (chunk: Buffer) => (seen.err += String(chunk)))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  return { child, seen, ended }
}

describe('the api as a process', () => {
  let api: RunningApi
  beforeAll(async () => {
    api = await runApi()
  }, 60_000)
  afterAll(() => api?.stop())

  it('serves until SIGTERM, then ends with code 0', async () => {
    const { child, seen, ended } = startProcess({ ...api.environment, LOG_LEVEL: 'info' })
    const port = await until(() => /"port":(\d+)/.exec(seen.out)?.[1])
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  }, 60_000)

  it('says in one line which settings are missing', async () => {
    const { seen, ended } = startProcess({})
    expect(await ended).toBe(1)
    expect(seen.err).toMatch(/^api cannot start: OPERATOR_KEY is not set.*\n$/)
  })

  it('says in one line that its port is taken, and what to do', async () => {
    const { seen, ended } = startProcess({ ...api.environment, API_PORT: String(api.api.port) })
    expect(await ended).toBe(1)
    expect(seen.err).toMatch(/^api cannot start: the api needs 127\.0\.0\.1:\d+, which another process uses - .*\n$/)
  })

  it('says that the bus or the key store cannot be had', async () => {
    const noBus = startProcess({ ...api.environment, NATS_URL: 'nats://127.0.0.1:1' })
    expect(await noBus.ended).toBe(1)
    expect(noBus.seen.out + noBus.seen.err).toContain('cannot connect to the bus at nats://127.0.0.1:1')
  })
})

describe('when the log is away', () => {
  it('reads of the log are 503 problems, lists go on, and readiness names it', async () => {
    const api = await runApi()
    await api.stopStore()
    const settings = await api.ask('GET', '/v1/settings')
    expect([settings.status, settings.json.type]).toEqual([503, 'urn:voltrail:problem:unavailable'])
    expect((await api.ask('GET', '/v1/sessions')).status).toBe(200)
    const readiness = await until(async () => {
      const answer = await api.ask('GET', '/readyz')
      return answer.status === 503 && answer
    })
    expect(Object.keys(readiness.json.failing)).toEqual(['log'])
    expect((await api.ask('GET', '/healthz')).status).toBe(200)
    await api.stop()
  }, 60_000)
})
