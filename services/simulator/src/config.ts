import { z } from 'zod'
import { boolean, duration, integer, readConfig, secret, text, url } from '@voltrail/runtime/config'
import type { Environment } from '@voltrail/runtime/config'
import { processVariables } from '@voltrail/runtime/process-variables'
import { brandNames } from './brands.ts'
import type { BrandName } from './brands.ts'
import type { FleetOptions } from './fleet.ts'

const items = (list: string) =>
  list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** One schema for the environment and the command line (`arguments.ts` maps flags to these names). */
const variables = z.object({
  LOG_LEVEL: processVariables.LOG_LEVEL,
  HEALTH_HOST: processVariables.HEALTH_HOST,
  HEALTH_PORT: processVariables.HEALTH_PORT,
  SHUTDOWN_DEADLINE: processVariables.SHUTDOWN_DEADLINE,
  OCPP_URL: url(['ws', 'wss'], 'ws://127.0.0.1:9000/ocpp').default('ws://127.0.0.1:9000/ocpp'),
  CHARGERS: integer({ min: 1, max: 100_000, example: 10 }).default(10),
  BRANDS: text('norden,lumen')
    .transform((list, context): BrandName[] => {
      const wanted = items(list)
      const known = brandNames.filter((name) => wanted.includes(name))
      if (known.length > 0 && wanted.every((name) => (brandNames as string[]).includes(name))) return known
      context.addIssue({ code: 'custom', message: `must name brands out of ${brandNames.join(', ')}` })
      return z.NEVER
    })
    .optional(),
  /** OCPP 1.6 §7.28: an id tag has at most 20 characters. */
  TOKENS: text('04A1B2C3,04D5E6F7')
    .default('04A1B2C3')
    .transform((list, context) => {
      const tokens = items(list)
      if (tokens.length > 0 && tokens.every((token) => token.length <= 20)) return tokens
      context.addIssue({ code: 'custom', message: 'must be id tags of at most 20 characters, separated by commas' })
      return z.NEVER
    }),
  PASSWORD: secret().optional(),
  PREFIX: text('DEMO-').optional(),
  SEED: text('voltrail').default('voltrail'),
  SPEED: text('60')
    .transform((value, context) => {
      const speed = Number(value)
      if (speed > 0 && speed <= 100_000) return speed
      context.addIssue({ code: 'custom', message: `must be a number above 0 and up to 100000, not "${value}"` })
      return z.NEVER
    })
    .optional(),
  SIMULATED_CLOCK: boolean().default(false),
  SESSIONS_PER_CHARGER: integer({ min: 0, max: 1_000_000, example: 3 }).optional(),
  SESSION_MIN: duration('20m').optional(),
  SESSION_MAX: duration('90m').optional(),
  PAUSE_MIN: duration('1m').optional(),
  PAUSE_MAX: duration('20m').optional(),
  METER_INTERVAL: duration('30s').optional(),
  DURATION: duration('10m').optional(),
  CONNECTS_PER_SECOND: integer({ min: 1, max: 10_000, example: 100 }).default(100),
  DEMO: boolean().default(false),
})

export type SimulatorConfig = Readonly<z.output<typeof variables>>

/** Throws ConfigError with every variable that is missing or wrong. */
export const readSimulatorConfig = (env: Environment): SimulatorConfig => readConfig(variables, env, 'simulator')

type Pace = {
  readonly speed: number
  readonly prefix: string
  /** Minutes. */
  readonly session: readonly [from: number, to: number]
  readonly pause: readonly [from: number, to: number]
  readonly meterSeconds: number | undefined
}

/** Somebody watches: sessions begin after seconds and are short, in real time. */
const demoPace: Pace = { speed: 1, prefix: 'DEMO-', session: [2, 5], pause: [0.05, 0.5], meterSeconds: 10 }
/** Somebody tries or measures: whole sessions, an hour in a minute. */
const trialPace: Pace = { speed: 60, prefix: 'SIM-', session: [20, 90], pause: [1, 20], meterSeconds: undefined }

/**
 * The fleet that the settings describe. Without a number of sessions there is one per charger, or in a demo or a run of fixed duration
 * as many as come.
 */
export function fleetOptions(config: SimulatorConfig): FleetOptions {
  const pace = config.DEMO ? demoPace : trialPace
  const meterMs = config.METER_INTERVAL ?? (pace.meterSeconds ?? 0) * 1_000
  const endless = config.DEMO || config.DURATION !== undefined
  return {
    url: config.OCPP_URL,
    chargers: config.CHARGERS,
    ...(config.BRANDS && { brands: config.BRANDS }),
    tokens: config.TOKENS,
    password: config.PASSWORD,
    prefix: config.PREFIX ?? pace.prefix,
    seed: config.SEED,
    speed: config.SPEED ?? pace.speed,
    simulatedClock: config.SIMULATED_CLOCK,
    sessionsPerCharger: config.SESSIONS_PER_CHARGER ?? (endless ? undefined : 1),
    session: span(config.SESSION_MIN, config.SESSION_MAX, pace.session),
    pause: span(config.PAUSE_MIN, config.PAUSE_MAX, pace.pause),
    configuration: meterMs > 0 ? { MeterValueSampleInterval: String(Math.max(1, Math.round(meterMs / 1_000))) } : {},
    connectsPerSecond: config.CONNECTS_PER_SECOND,
    // a demo runs for days
    keep: config.DEMO ? 1_000 : 100_000,
  }
}

function span(min: number | undefined, max: number | undefined, [from, to]: readonly [number, number]) {
  const minMs = min ?? Math.min(from * 60_000, max ?? Infinity)
  return { minMs, maxMs: Math.max(minMs, max ?? to * 60_000) }
}
