import { z } from 'zod'
import { readConfig, text, url, type Environment } from '@voltrail/runtime/config'
import { processVariables } from '@voltrail/runtime/process-variables'

/** The settings of billing, one environment variable each. */
const Settings = z.object({
  ...processVariables,
  ESDB_URL: url(['esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'], 'esdb://localhost:2113?tls=false'),
  POD_NAME: text('billing-1').default('billing'),
  BUILD: text('0.1.0').default('development'),
})
export type BillingConfig = z.output<typeof Settings>

export const billingConfig = (env: Environment): BillingConfig => readConfig(Settings, env, 'billing')
