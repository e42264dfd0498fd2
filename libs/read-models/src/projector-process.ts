import { startHealthServer } from '@voltrail/runtime/health'
import type { Log } from '@voltrail/runtime/log'
import { counter, createMetrics, gauge } from '@voltrail/runtime/metrics'
import type { Projection, Subscribe } from './projection.ts'
import { runProjection } from './run-projection.ts'
import type { ProjectionState } from './run-projection.ts'

export interface ProjectorOptions {
  /** the process's name, on its metrics */
  readonly service: string
  readonly projection: Projection
  readonly databaseUrl: string
  readonly subscribe: Subscribe
  readonly health: { readonly host: string; readonly port: number }
  readonly log: Log
}

export interface RunningProjector {
  /** of /healthz, /readyz and /metrics */
  readonly healthPort: number
  state(): ProjectionState
  /** Writing or standing by; not while Postgres or the log is away, nor in front of an event that cannot be applied. */
  ready(): boolean
  stop(): Promise<void>
}

/** A whole projector service: one projection, its health and its metrics. */
export const startProjectorProcess = async (options: ProjectorOptions): Promise<RunningProjector> => {
  const { service, projection, databaseUrl, subscribe, log } = options
  const metrics = createMetrics(service)
  const applied = counter(metrics, {
    name: 'voltrail_projection_events_total',
    help: 'Events that this instance has applied.',
  })
  const running = runProjection({ projection, databaseUrl, subscribe, log, onApplied: (events) => applied.inc(events) })
  gauge(metrics, {
    name: 'voltrail_projection_lag_seconds',
    help: 'Age of the event that is being applied, or was last; 0 when caught up or standing by.',
    read: running.lagSeconds,
  })
  gauge(metrics, {
    name: 'voltrail_projection_position',
    help: 'Commit position of the checkpoint; 0 before the first event and while standing by.',
    read: () => Number(running.position()?.commit ?? 0n),
  })
  gauge(metrics, {
    name: 'voltrail_projection_active',
    help: '1 while this instance writes, 0 while it stands by or cannot work.',
    read: () => Number(['catchingUp', 'live', 'waiting'].includes(running.state())),
  })
  gauge(metrics, {
    name: 'voltrail_projection_stopped',
    help: '1 in front of an event that cannot be applied.',
    read: () => Number(running.state() === 'stopped'),
  })

  try {
    const health = await startHealthServer({
      ...options.health,
      registry: metrics,
      checks: { projection: () => running.failing() },
    })
    health.setReady()
    return {
      healthPort: health.port,
      state: running.state,
      ready: () => running.failing() === undefined,
      async stop() {
        health.setReady(false)
        await running.stop()
        await health.stop()
      },
    }
  } catch (error) {
    await running.stop()
    throw error
  }
}
