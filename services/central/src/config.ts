import { z } from 'zod'
import { processVariables } from '@voltrail/runtime/process-variables'
import { duration, integer, oneOf, readConfig, secret, text, url, type Environment } from '@voltrail/runtime/config'

/** The settings of central, one environment variable each. */
const Settings = z.object({
  ...processVariables,
  NATS_URL: url(['nats', 'tls'], 'nats://localhost:4222'),
  /** A NATS credentials file's text; NATS_CREDS_FILE names the file itself. */
  NATS_CREDS: secret().optional(),
  ESDB_URL: url(['esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'], 'esdb://localhost:2113?tls=false'),
  DATABASE_URL: url(['postgres', 'postgresql'], 'postgres://voltrail@localhost:5432/voltrail'),
  /** 32 random bytes as hex: wraps the keys of id tokens */
  MASTER_KEY: secret({ minLength: 64 }).regex(/^[0-9a-fA-F]{64}$/),
  /** one name per pod: charger facts are addressed to the pod that answered last */
  POD_NAME: text('central-1'),
  /** what happens to a charger that nobody registered, until the tenant decides otherwise */
  ADOPTION: oneOf(['open', 'pending', 'closed']).default('closed'),
  /** what an id token that nobody issued is worth, until the tenant decides otherwise */
  UNKNOWN_TOKENS: oneOf(['Invalid', 'Accepted']).default('Invalid'),
  HEARTBEAT_SECONDS: integer({ min: 10, max: 86_400, example: 300 }).default(300),
  /** streams whose folded state is kept in memory */
  CACHE_STREAMS: integer({ min: 100, max: 10_000_000, example: 100_000 }).default(100_000),
  /** how long a command looks for the charger's socket */
  OFFLINE_AFTER: duration('2s').default(2_000),
  /** how long probe appends must succeed after the log was away before chargers are let in again */
  LOG_WELL_AFTER: duration('30s').default(30_000),
  LOG_PROBE_EVERY: duration('1s').default(1_000),
  /** how often a log that is believed well is asked whether it is; nothing is written for that */
  LOG_IDLE_PROBE_EVERY: duration('5s').default(5_000),
  /** one attempt of an append, and an append with all its attempts */
  LOG_APPEND_TIMEOUT: duration('2s').default(2_000),
  LOG_APPEND_DEADLINE: duration('10s').default(10_000),
  /** how long telemetry that belongs to no session is kept */
  TELEMETRY_RETENTION: duration('7d').default(7 * 86_400_000),
  /** the operator's name: the O that chargers' certificate requests must have; absent: only where a charger's record names one */
  CPO_NAME: text('Acme Charging').max(64).optional(),
  BUILD: text('0.1.0').default('development'),
})
export type CentralConfig = z.output<typeof Settings>

export const centralConfig = (env: Environment): CentralConfig => readConfig(Settings, env, 'central')
