import { z } from 'zod'
import { readConfig, text, url, type Environment } from '@voltrail/runtime/config'
import { processVariables } from '@voltrail/runtime/process-variables'

/** The settings of timers, one environment variable each. */
const Settings = z.object({
  ...processVariables,
  NATS_URL: url(['nats', 'tls'], 'nats://localhost:4222'),
  ESDB_URL: url(['esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'], 'esdb://localhost:2113?tls=false'),
  /** one name per pod: it says who holds the lease */
  POD_NAME: text('timers-1').default('timers'),
  BUILD: text('0.1.0').default('development'),
})
export type TimersConfig = z.output<typeof Settings>

export const timersConfig = (env: Environment): TimersConfig => readConfig(Settings, env, 'timers')
