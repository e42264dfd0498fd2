import type { Environment } from '@voltrail/runtime/config'

/** What would change how our processes run, or contradict what we tell them. */
const withheld = [
  // event-store-dev refuses `production`; a debugger's options are meant for us
  'NODE_ENV',
  'NODE_OPTIONS',
  // each comes from its file
  'MASTER_KEY',
  'PEPPER',
  'OPERATOR_KEY',
  'FILES_KEY',
  // one for all would be one for each
  'HEALTH_HOST',
  'HEALTH_PORT',
  'POD_NAME',
  'NATS_URL',
  'ESDB_URL',
  'POSTGRES_URL',
  // the simulator's, but names that others use too
  'PREFIX',
  'PASSWORD',
  'DURATION',
]

/**
 * What every process of the product gets from the environment of `npm start`, so that a setting that embedded mode does not make itself
 * (HEARTBEAT_SECONDS, LOG_LEVEL, …) can be given there.
 */
export function inheritedEnvironment(env: Environment): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !withheld.includes(entry[0]),
  )
  return { SHUTDOWN_DEADLINE: '8s', ...Object.fromEntries(kept), VOLTRAIL_EXIT_WITH_PARENT: '1' }
}
