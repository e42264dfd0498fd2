import { parseArgs } from 'node:util'
import type { Environment } from '@voltrail/runtime/config'
import { StartError } from '@voltrail/runtime/start-error'
import { brands } from './brands.ts'

type Flag = { readonly variable: string; readonly value?: string; readonly help: string }

/** Every flag sets the environment variable beside it; `config.ts` reads and checks both the same way. */
const flags: Readonly<Record<string, Flag>> = {
  url: {
    variable: 'OCPP_URL',
    value: 'URL',
    help: 'where chargers connect, without their id (ws://127.0.0.1:9000/ocpp)',
  },
  chargers: { variable: 'CHARGERS', value: 'N', help: 'how many (10)' },
  brands: { variable: 'BRANDS', value: 'a,b', help: 'which brands, in turn (all)' },
  tokens: { variable: 'TOKENS', value: 'a,b', help: 'id tags of the drivers (04A1B2C3)' },
  password: {
    variable: 'PASSWORD',
    value: 'KEY',
    help: 'Basic authentication, the same for all; PASSWORD_FILE names a file',
  },
  prefix: { variable: 'PREFIX', value: 'TEXT', help: 'begin of the charger ids (SIM-, in a demo DEMO-)' },
  speed: { variable: 'SPEED', value: 'X', help: 'cars charge X times faster than in real time (60, in a demo 1)' },
  'simulated-clock': { variable: 'SIMULATED_CLOCK', help: 'timestamps run X times faster too' },
  'sessions-per-charger': {
    variable: 'SESSIONS_PER_CHARGER',
    value: 'N',
    help: '0 = remote starts only (1; with --demo or --duration unlimited)',
  },
  'session-min': { variable: 'SESSION_MIN', value: 'TIME', help: 'shortest session, simulated (20m, in a demo 2m)' },
  'session-max': { variable: 'SESSION_MAX', value: 'TIME', help: 'longest session, simulated (90m, in a demo 5m)' },
  'pause-min': {
    variable: 'PAUSE_MIN',
    value: 'TIME',
    help: 'shortest time between two drivers, simulated (1m, in a demo 3s)',
  },
  'pause-max': {
    variable: 'PAUSE_MAX',
    value: 'TIME',
    help: 'longest time between two drivers, simulated (20m, in a demo 30s)',
  },
  'meter-interval': {
    variable: 'METER_INTERVAL',
    value: 'TIME',
    help: 'MeterValueSampleInterval, simulated (by brand, in a demo 10s)',
  },
  duration: { variable: 'DURATION', value: 'TIME', help: 'stop after this real time' },
  'connects-per-second': { variable: 'CONNECTS_PER_SECOND', value: 'N', help: 'how fast the fleet comes online (100)' },
  seed: { variable: 'SEED', value: 'TEXT', help: 'the same seed, the same drivers and cars' },
  demo: { variable: 'DEMO', help: 'short sessions in real time, for people who watch' },
}

export type Arguments = { readonly help: true } | { readonly help: false; readonly env: Environment }

/** The environment with what the command line says on top. Throws StartError on a flag that does not exist. */
export function readArguments(argv: readonly string[], env: Environment): Arguments {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value }]) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const) },
    ]),
  )
  let values: Readonly<Record<string, string | boolean | undefined>>
  try {
    values = parseArgs({ args: [...argv], options: { ...options, help: { type: 'boolean', short: 'h' } } }).values
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error), 'see npm run simulate -- --help', {
      cause: error,
    })
  }
  if (values['help']) return { help: true }
  const said = Object.entries(flags)
    .filter(([name]) => values[name] !== undefined)
    .map(([name, { variable }]) => [variable, String(values[name])] as const)
  // what the command line says replaces a secret's file, too
  const replaced = said.map(([variable]) => [`${variable}_FILE`, undefined] as const)
  return { help: false, env: { ...env, ...Object.fromEntries(replaced), ...Object.fromEntries(said) } }
}

export function helpText(): string {
  const width = 30
  const lines = Object.entries(flags).map(
    ([name, { value, help, variable }]) =>
      `  ${`--${name}${value ? ` ${value}` : ''}`.padEnd(width)}${help} [${variable}]`,
  )
  const makes = Object.values(brands).map(
    ({ name, model, quirks }) =>
      `  ${name.padEnd(10)}${model}: ${quirks.length > 0 ? quirks.join('; ') : 'by the book'}`,
  )
  return [
    'Simulated OCPP 1.6J chargers that connect to a central system and charge cars.',
    '',
    'npm run simulate -- [options]        each option may also be set in the environment',
    '',
    ...lines,
    '',
    'Brands:',
    ...makes,
    '',
    'Exit code 0 when every charger was accepted and every transaction message acknowledged, else 1.',
  ].join('\n')
}
