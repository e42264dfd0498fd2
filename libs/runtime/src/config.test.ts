import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { ConfigError, boolean, duration, integer, oneOf, port, readConfig, secret, text, url } from './config.ts'
import type { Environment } from './config.ts'
import { processVariables } from './process-variables.ts'

const schema = z.object({
  NATS_URL: url(['nats', 'tls'], 'nats://127.0.0.1:4222'),
  OCPP_PORT: port(9000).default(9000),
  ASK_AGAIN: duration('2s').default(2_000),
  OPEN: boolean().default(false),
  ADOPTION: oneOf(['open', 'pending', 'closed']).default('closed'),
  FRAME_LIMIT: integer({ min: 1, max: 100, example: 4 }).optional(),
  HMAC_KEY: secret({ minLength: 8 }),
})
const enough = { NATS_URL: 'nats://user:hunter2@localhost:4222', HMAC_KEY: 'long-enough' }

function problemsOf(env: Environment): ConfigError {
  try {
    readConfig(schema, env, 'edge')
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the settings were taken')
}

describe('readConfig', () => {
  it('gives typed values and defaults', () => {
    expect(
      readConfig(
        schema,
        { ...enough, OCPP_PORT: '0', ASK_AGAIN: '1.5s', OPEN: 'Yes', FRAME_LIMIT: '4', OTHER: 'x' },
        'edge',
      ),
    ).toEqual({
      ...enough,
      OCPP_PORT: 0,
      ASK_AGAIN: 1_500,
      OPEN: true,
      ADOPTION: 'closed',
      FRAME_LIMIT: 4,
    })
  })

  it('freezes what it gives', () => {
    const config = readConfig(
      z.object({ LIST: text('a,b').transform((list) => list.split(',')) }),
      { LIST: 'a,b' },
      'edge',
    )
    expect(Object.isFrozen(config) && Object.isFrozen(config.LIST)).toBe(true)
  })

  it('takes an empty variable as unset', () => {
    expect(readConfig(schema, { ...enough, OCPP_PORT: '' }, 'edge').OCPP_PORT).toBe(9000)
    expect(problemsOf({ ...enough, NATS_URL: '' }).problems).toEqual([
      { variable: 'NATS_URL', problem: 'is not set', example: 'nats://127.0.0.1:4222' },
    ])
  })

  it('lists everything that is wrong in one error, each with an example', () => {
    const error = problemsOf({
      NATS_URL: 'http://x',
      OCPP_PORT: '70000',
      ASK_AGAIN: '2',
      OPEN: 'perhaps',
      ADOPTION: 'any',
      FRAME_LIMIT: '0',
    })
    expect(error.problems.map(({ variable }) => variable)).toEqual([
      'NATS_URL',
      'OCPP_PORT',
      'ASK_AGAIN',
      'OPEN',
      'ADOPTION',
      'FRAME_LIMIT',
      'HMAC_KEY',
    ])
    expect(error.message).toContain(
      'NATS_URL must be a URL that begins with nats:// or tls:// (for example NATS_URL=nats://127.0.0.1:4222)',
    )
    expect(error.message).toContain(
      'OCPP_PORT must be a port from 0 to 65535, not "70000" (for example OCPP_PORT=9000)',
    )
    expect(error.message).toContain(
      'ASK_AGAIN must be a number with a unit (ms, s, m, h, d), not "2" (for example ASK_AGAIN=2s)',
    )
    expect(error.message).toContain('ADOPTION must be one of open, pending, closed (for example ADOPTION=open)')
    expect(error.remedy).toBe('set these environment variables for edge')
  })

  it('never prints a secret, nor the password in a URL', () => {
    const { message } = problemsOf({ NATS_URL: 'htp://user:hunter2@localhost', HMAC_KEY: 'short' })
    expect(message).toContain('HMAC_KEY is not in the expected form')
    expect(message).not.toMatch(/short|hunter2/)
  })

  it('reads every unit of a duration', () => {
    const read = (value: string) => readConfig(z.object({ D: duration() }), { D: value }, 'x').D
    expect(['250ms', '30s', '5m', '2h', '7d'].map(read)).toEqual([250, 30_000, 300_000, 7_200_000, 604_800_000])
  })

  it('gives every process the same variables, all with a default', () => {
    expect(readConfig(z.object(processVariables), { LOG_LEVEL: 'debug' }, 'x')).toEqual({
      LOG_LEVEL: 'debug',
      LOG_PRETTY: false,
      HEALTH_HOST: '127.0.0.1',
      HEALTH_PORT: 0,
      SHUTDOWN_DEADLINE: 25_000,
    })
  })
})

describe('a secret from a file', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'voltrail-config-'))
    writeFileSync(join(folder, 'good'), 'from-the-file\n')
    writeFileSync(join(folder, 'empty'), '\n')
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const withFile = (file: string) => ({ NATS_URL: enough.NATS_URL, HMAC_KEY_FILE: join(folder, file) })

  it('is read without its last line break', () => {
    expect(readConfig(schema, withFile('good'), 'edge').HMAC_KEY).toBe('from-the-file')
  })

  it('is refused when the variable is set too', () => {
    expect(problemsOf({ ...enough, ...withFile('good') }).message).toContain('HMAC_KEY is set and so is HMAC_KEY_FILE')
  })

  it('is reported when the file is missing or empty', () => {
    expect(problemsOf(withFile('missing')).message).toMatch(
      /^HMAC_KEY cannot be read from the file .*missing named by HMAC_KEY_FILE \(ENOENT\)$/,
    )
    expect(problemsOf(withFile('empty')).problems).toHaveLength(1)
  })
})
