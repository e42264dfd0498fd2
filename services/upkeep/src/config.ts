import { z } from 'zod'
import { readConfig, text, url, type Environment } from '@voltrail/runtime/config'
import { processVariables } from '@voltrail/runtime/process-variables'

/** The settings of upkeep, one environment variable each. */
const Settings = z.object({
  ...processVariables,
  NATS_URL: url(['nats', 'tls'], 'nats://localhost:4222'),
  ESDB_URL: url(['esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'], 'esdb://localhost:2113?tls=false'),
  /** one name per pod: it says who holds the lease */
  POD_NAME: text('upkeep-1').default('upkeep'),
  BUILD: text('0.1.0').default('development'),
})
export type UpkeepConfig = z.output<typeof Settings>

export const upkeepConfig = (env: Environment): UpkeepConfig => readConfig(Settings, env, 'upkeep')
