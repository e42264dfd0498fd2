import { connectBus } from '@voltrail/bus/bus'
import { openTestNats } from '@voltrail/nats-dev/test-nats'
import { createLog } from '@voltrail/runtime/log'
import { readEdgeConfig } from '../config.ts'
import { startEdge } from '../edge.ts'
import type { RunningEdge } from '../edge.ts'
import type { EdgeLimits } from '../limits.ts'
import { startCentralTwin } from './central-twin.ts'
import { openRawCharger } from './raw-charger.ts'

export const testPepper = '0123456789abcdef0123456789abcdef'

/** A nats-server, a twin of central and as many edges as a test wants, all on free ports. */
export const openEdgeFixture = async () => {
  const nats = await openTestNats()
  const bus = await connectBus({ url: nats.url, name: 'central-twin' })
  const central = await startCentralTwin(bus)
  const edges: RunningEdge[] = []
  let names = 0
  return {
    nats,
    bus,
    central,
    async startEdge(limits: Partial<EdgeLimits> = {}, env: Record<string, string> = {}) {
      const config = readEdgeConfig({
        NATS_URL: nats.url,
        OCPP_PORT: '0',
        PEPPER: testPepper,
        POD_NAME: `edge-${edges.length}`,
        ...env,
      })
      const log = createLog({ service: 'edge', level: 'silent' })
      const edge = await startEdge(config, { limits: { knownHoldMs: 0, closeMs: 500, ...limits }, log })
      edges.push(edge)
      return { ...edge, url: `ws://127.0.0.1:${edge.port}/ocpp` }
    },
    /** Another id for each charger, so that tests do not meet. */
    newId: () => `CP${++names}`,
    connect: openRawCharger,
    async stop() {
      await Promise.all(edges.map((edge) => edge.stop()))
      await bus.close()
      await nats.stop()
    },
  }
}
export type EdgeFixture = Awaited<ReturnType<typeof openEdgeFixture>>

/** Waits until something holds, 5 s at most. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 5_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it never came about that ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const readMetric = async (edge: RunningEdge, name: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${edge.healthPort}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
