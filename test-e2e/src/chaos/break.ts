import type { Product } from '@voltrail/embedded/product'
import { sleep } from '@voltrail/runtime/ticker'
import { freezer } from '../fixtures/freezer.ts'
import { until } from '../fixtures/until.ts'
import { flapS, lastsS, type Fault } from './plan.ts'

export interface Kill {
  readonly process: string
  /** `performance.now()` of the signal */
  readonly at: number
}

/** How long a process may take until it is back. */
const backMs = 90_000

/** Carries faults out on a product that was started `breakable`. */
export const openBreaker = (product: Product, secondMs: number) => {
  const kills: Kill[] = []
  const processOf = (name: string) => {
    const process = product.processes.get(name)
    if (process === undefined) throw new Error(`there is no process ${name} in this product`)
    return process
  }
  const kill = async (name: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    const process = processOf(name)
    await process.ready()
    const before = process.pid
    // SIGTERM makes Postgres wait for its clients; SIGINT ends them and it
    process.kill(name === 'postgres' && signal === 'SIGTERM' ? 'SIGINT' : signal)
    kills.push({ process: name, at: performance.now() })
    await until(
      `${name} is back after ${signal}`,
      async () => process.pid !== undefined && process.pid !== before,
      backMs,
    )
  }
  const freeze = async (name: string, ms: number): Promise<void> => {
    const process = freezer(processOf(name))
    try {
      await process.freeze()
      await sleep(ms)
    } finally {
      process.thaw()
    }
  }
  const switches = async (method: 'POST' | 'DELETE', body?: object): Promise<void> => {
    const { host } = new URL(product.eventStoreUrl.replace('esdb:', 'http:'))
    const given = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`http://${host}/faults`, { method, ...given })
    if (!response.ok) throw new Error(`the event store takes no fault switches: ${await response.text()}`)
  }

  return {
    kills: kills as readonly Kill[],
    /** Resolves when the fault is over and what was killed is back. */
    async run(fault: Fault): Promise<void> {
      const ms = lastsS(fault) * secondMs
      switch (fault.kind) {
        case 'kill':
          return void (await Promise.all(fault.processes.map((name) => kill(name, fault.signal))))
        case 'freeze':
          return freeze(fault.process, ms)
        case 'flap':
          for (let i = 0; i < fault.times; i++) {
            if (i > 0) await sleep(flapS * secondMs)
            await freeze('event-store', flapS * secondMs)
          }
          return
        case 'store':
          await switches('POST', fault.settings)
          await sleep(ms)
          return switches('DELETE')
        default:
          return fault satisfies never
      }
    },
  }
}
export type Breaker = ReturnType<typeof openBreaker>
