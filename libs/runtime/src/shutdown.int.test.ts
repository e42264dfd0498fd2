import { spawn } from 'node:child_process'
import { join } from 'node:path'

type Ended = { code: number | null; out: string; err: string }

/** Runs the fixture; `act` is called once it has said `word`. */
function run(
  behaviour: string,
  word?: string,
  act?: (child: ReturnType<typeof spawn>) => void,
  env: Record<string, string> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'fixtures/service.ts'), behaviour], {
    env: { ...process.env, ...env },
  })
  return new Promise((resolve, reject) => {
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => {
      const before = out
      out += String(chunk)
      if (word && !before.includes(`${word}\n`) && out.includes(`${word}\n`)) act?.(child)
    })
    child.stderr.on('data', (chunk: Buffer) => (err += String(chunk)))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

describe('runService', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops cleanly on %s', async (signal) => {
    const { code, out } = await run('good', 'running', (child) => child.kill(signal))
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/running\n.*"configured".*shutting down.*\nstopping\n.*stopped/s),
    })
  })

  it('stops once when told twice', async () => {
    const { code, out } = await run('good', 'running', (child) => [child.kill('SIGINT'), child.kill('SIGTERM')])
    expect({ code, stops: out.match(/^stopping$/gm)?.length }).toEqual({ code: 0, stops: 1 })
  })

  it('gives up a start when told to stop', async () => {
    const { code, out } = await run('slow-start', 'starting', (child) => child.kill('SIGTERM'))
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('stopped while starting') })
  })

  it('prints a known start error as one line with its remedy and no stack', async () => {
    expect(await run('remedy')).toEqual({
      code: 1,
      out: '',
      err: 'fixture cannot start: port 9000 is taken - choose another with OCPP_PORT\n',
    })
  })

  it.each([
    ['defect', 'the start failed', 'x is not a function'],
    ['uncaught', 'uncaught exception', 'thrown in a timer'],
    ['unhandled', 'unhandled rejection', 'nobody waits'],
  ])('logs a %s with its stack and ends with 1', async (behaviour, what, why) => {
    const { code, out } = await run(behaviour)
    expect(code).toBe(1)
    expect(JSON.parse(out.trim().split('\n').at(-1) ?? '')).toMatchObject({
      level: 'fatal',
      msg: what,
      err: { message: why, stack: expect.stringContaining('at ') },
    })
  })

  it('ends with 1 when the stop takes longer than its deadline', async () => {
    const { code, out } = await run('stuck', 'running', (child) => child.kill('SIGTERM'))
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('the shutdown took too long') })
  })

  it('ends with 1 when the stop fails', async () => {
    const { code, out } = await run('bad-stop', 'running', (child) => child.kill('SIGTERM'))
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('could not drain') })
  })

  it('stops when its parent is gone, if asked to', async () => {
    const { code, out } = await run('good', 'running', (child) => child.stdin?.end(), {
      VOLTRAIL_EXIT_WITH_PARENT: '1',
    })
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('the parent process is gone') })
  })
})
