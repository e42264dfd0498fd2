import { ConfigError } from '@voltrail/runtime/config'
import { StartError } from '@voltrail/runtime/start-error'
import { helpText, readArguments } from './arguments.ts'
import { fleetOptions, readSimulatorConfig } from './config.ts'

const optionsOf = (argv: string[], env: Record<string, string> = {}) => {
  const read = readArguments(argv, env)
  if (read.help) throw new Error('help')
  return fleetOptions(readSimulatorConfig(read.env))
}

it('flags and environment describe the same fleet; a flag wins', () => {
  const flags = optionsOf([
    '--url',
    'ws://h:1/ocpp',
    '--chargers',
    '3',
    '--brands',
    'lumen,rapida',
    '--tokens',
    'A,B',
    '--speed',
    '30',
  ])
  const env = optionsOf([], {
    OCPP_URL: 'ws://h:1/ocpp',
    CHARGERS: '3',
    BRANDS: 'lumen, rapida',
    TOKENS: 'A,B',
    SPEED: '30',
  })
  expect(flags).toEqual(env)
  expect(flags).toMatchObject({
    url: 'ws://h:1/ocpp',
    chargers: 3,
    brands: ['lumen', 'rapida'],
    tokens: ['A', 'B'],
    speed: 30,
  })
  expect(optionsOf(['--chargers', '5'], { CHARGERS: '3' }).chargers).toBe(5)
})

it('a demo has short sessions in real time, without end', () => {
  expect(optionsOf(['--demo'])).toMatchObject({
    prefix: 'DEMO-',
    speed: 1,
    sessionsPerCharger: undefined,
    session: { minMs: 120_000, maxMs: 300_000 },
    configuration: { MeterValueSampleInterval: '10' },
  })
})

it('otherwise each charger has one session, or as many as come in the time given', () => {
  expect(optionsOf([]).sessionsPerCharger).toBe(1)
  expect(optionsOf(['--duration', '10m']).sessionsPerCharger).toBeUndefined()
  expect(optionsOf(['--sessions-per-charger', '0']).sessionsPerCharger).toBe(0)
})

it('a longest session below the usual shortest one shortens that', () => {
  expect(optionsOf(['--session-max', '30s']).session).toEqual({ minMs: 30_000, maxMs: 30_000 })
  expect(optionsOf(['--session-min', '3h']).session).toEqual({ minMs: 10_800_000, maxMs: 10_800_000 })
})

it('names everything that is wrong', () => {
  const wrong = { CHARGERS: 'many', BRANDS: 'norden,acme', TOKENS: 'X'.repeat(21), SPEED: '0', OCPP_URL: 'http://h' }
  expect(() => readSimulatorConfig(wrong)).toThrow(ConfigError)
  for (const variable of Object.keys(wrong)) expect(() => readSimulatorConfig(wrong)).toThrow(variable)
  expect(() => readArguments(['--colour', 'red'], {})).toThrow(StartError)
})

it('a password on the command line replaces the file that the environment names', () => {
  expect(optionsOf(['--password', 'secret'], { PASSWORD_FILE: '/nowhere' }).password).toBe('secret')
})

it('explains every flag and every brand', () => {
  expect(readArguments(['--help'], {}).help).toBe(true)
  expect(helpText()).toContain('--sessions-per-charger N')
  expect(helpText()).toContain('stops a transaction that began offline with transactionId -1')
})
