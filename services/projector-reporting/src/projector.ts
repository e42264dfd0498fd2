import { derivedPaceMs, subscribeInBatches } from '@voltrail/event-store/subscription'
import { reportingProjection } from '@voltrail/read-models/reporting/projection'
import type { Subscribe } from '@voltrail/read-models/projection'
import { startProjectorProcess } from '@voltrail/read-models/projector-process'
import type { RunningProjector } from '@voltrail/read-models/projector-process'
import { rebuild } from '@voltrail/read-models/rebuild'
import type { RebuildResult } from '@voltrail/read-models/rebuild'
import { createLog } from '@voltrail/runtime/log'
import type { Log } from '@voltrail/runtime/log'
import type { ProjectorConfig } from './config.ts'

const service = 'projector-reporting'

const subscribeTo =
  (connectionString: string): Subscribe =>
  (request) =>
    subscribeInBatches({ connectionString, paceMs: derivedPaceMs, ...request })

const logOf = (config: ProjectorConfig): Log =>
  createLog({ service, level: config.LOG_LEVEL, pretty: config.LOG_PRETTY })

/** Keeps the read model `reporting` up to date until it is stopped; a second instance stands by. */
export const startProjector = (config: ProjectorConfig, log: Log = logOf(config)): Promise<RunningProjector> =>
  startProjectorProcess({
    service,
    projection: reportingProjection,
    databaseUrl: config.DATABASE_URL,
    subscribe: subscribeTo(config.ESDB_URL),
    health: { host: config.HEALTH_HOST, port: config.HEALTH_PORT },
    log,
  })

/** Makes the read model anew from the whole log, beside the live one, and puts it in its place. The projector may run meanwhile. */
export const rebuildReadModel = (
  config: ProjectorConfig,
  signal?: AbortSignal,
  log: Log = logOf(config),
): Promise<RebuildResult> =>
  rebuild({
    projection: reportingProjection,
    databaseUrl: config.DATABASE_URL,
    subscribe: subscribeTo(config.ESDB_URL),
    log,
    ...(signal && { signal }),
  })
