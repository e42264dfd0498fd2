import { fork } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { HostileCharger, type Fault } from './hostile-charger.ts'
import { blockSize, hostileBlock } from './hostile-frames.ts'

export type HostileOrder =
  | {
      readonly do: 'open'
      readonly url: string
      readonly sockets: number
      readonly seed: string
      readonly perSecond: number
    }
  /** frames `from` to `to - 1`; resolves when they are answered */
  | { readonly do: 'send'; readonly from: number; readonly to: number }
  | { readonly do: 'report' }

export interface HostileReport {
  readonly faults: readonly Fault[]
  /** by identity: the message ids from which events may come */
  readonly mayCause: readonly (readonly [identity: string, ids: readonly string[]])[]
  readonly closes: Readonly<Record<string, number>>
}
type Answer = { readonly report: HostileReport } | { readonly error: string }

/** The hostile chargers in a process of their own: what they cost is not in the honest chargers' times. */
export const startHostile = () => {
  const child = fork(fileURLToPath(import.meta.url), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, NODE_OPTIONS: '', VOLTRAIL_HOSTILE: '1' },
  })
  return {
    order: (order: HostileOrder): Promise<HostileReport> =>
      new Promise((resolve, reject) => {
        const ended = (code: number | null) => reject(new Error(`the hostile chargers' process ended with ${code}`))
        child.once('exit', ended)
        child.once('message', (answer: Answer) => {
          child.off('exit', ended)
          if ('error' in answer) reject(new Error(answer.error))
          else resolve(answer.report)
        })
        child.send(order)
      }),
    stop: () => void child.kill('SIGKILL'),
  }
}

const serve = (): void => {
  let chargers: HostileCharger[] = []
  let seed = ''
  let perSecond = 1
  const nothing: HostileReport = { faults: [], mayCause: [], closes: {} }

  const send = async (from: number, to: number): Promise<void> => {
    const began = performance.now()
    let next = from
    let block = hostileBlock(seed, Math.floor(from / blockSize))
    const worker = async (charger: HostileCharger): Promise<void> => {
      while (next < to) {
        const index = next++
        if (index % blockSize === 0) block = hostileBlock(seed, index / blockSize)
        const frame = block[index % blockSize]
        const dueIn = ((index - from) / perSecond) * 1000 - (performance.now() - began)
        if (dueIn > 1) await wait(dueIn)
        if (frame !== undefined) await charger.send(frame)
      }
      await charger.settled()
    }
    await Promise.all(chargers.map(worker))
  }

  const carryOut = async (order: HostileOrder): Promise<HostileReport> => {
    switch (order.do) {
      case 'open':
        seed = order.seed
        perSecond = order.perSecond
        chargers = Array.from({ length: order.sockets }, (_, i) => new HostileCharger(order.url, `HOSTILE-${i}`))
        return nothing
      case 'send':
        await send(order.from, order.to)
        return nothing
      case 'report': {
        const closes: Record<string, number> = {}
        for (const charger of chargers)
          for (const [code, count] of Object.entries(charger.closes)) closes[code] = (closes[code] ?? 0) + count
        await Promise.all(chargers.map((charger) => charger.close()))
        return {
          faults: chargers.flatMap(({ faults }) => faults),
          mayCause: chargers.flatMap(({ mayCause }) => [...mayCause].map(([id, ids]) => [id, [...ids]] as const)),
          closes,
        }
      }
    }
  }
  process.on('message', (order: HostileOrder) => {
    carryOut(order).then(
      (report) => process.send?.({ report } satisfies Answer),
      (error: unknown) => process.send?.({ error: String(error) } satisfies Answer),
    )
  })
  process.on('disconnect', () => process.exit())
}
if (process.env['VOLTRAIL_HOSTILE'] === '1') serve()
