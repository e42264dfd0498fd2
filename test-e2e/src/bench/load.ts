import { BenchCharger } from './bench-charger.ts'
import { Latencies, type Percentiles } from './latencies.ts'

/** What the parent asks of this process. */
export type LoadOrder =
  | {
      readonly do: 'connect'
      /** several: by turns */
      readonly url: string | readonly string[]
      readonly chargers: number
      readonly prefix: string
      readonly atOnce: number
      readonly ca?: string
    }
  /** sessions back to back for so long */
  | { readonly do: 'sessions'; readonly seconds: number; readonly idTag: string }
  /** all start a session at the same moment, and stop it afterwards */
  | { readonly do: 'start-together'; readonly idTag: string }
  /** heartbeats and status notifications at this rate over all chargers */
  | { readonly do: 'steady'; readonly seconds: number; readonly perSecond: number }
  | { readonly do: 'close' }

export interface LoadReport {
  readonly messages: number
  readonly seconds: number
  readonly latencies: Readonly<Record<string, Percentiles>>
  /** CPU seconds of this process */
  readonly cpu: number
}
export type LoadAnswer = { readonly report: LoadReport } | { readonly error: string }

let chargers: BenchCharger[] = []

/** Calls `work` for each charger, so many at a time. */
const each = async (atOnce: number, work: (charger: BenchCharger) => Promise<void>): Promise<void> => {
  const left = chargers.values()
  const worker = async (): Promise<void> => {
    for (const charger of left) await work(charger)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, chargers.length) }, worker))
}

/** Renewed before each order, so that a report is of that order alone. */
let latencies = new Latencies()
const recorder = { record: (action: string, ms: number) => latencies.record(action, ms) } as Latencies

const steady = async (perSecond: number, seconds: number): Promise<void> => {
  const free = chargers.slice()
  const under = new Set<Promise<void>>()
  const total = perSecond * seconds
  const began = performance.now()
  let failed: Error | undefined
  for (let sent = 0, next = 0; sent < total && failed === undefined;) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1_000) * perSecond))
    for (; sent < due; sent++) {
      const charger = free[next++ % free.length] as BenchCharger
      // one that still waits for its answer is passed over: the offered rate is kept by the others
      const work = (sent % 4 === 3 ? charger.status('Available') : charger.heartbeat()).catch((error: Error) => {
        if (!error.message.includes('open CALL')) failed = error
      })
      under.add(work)
      void work.then(() => under.delete(work))
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(under)
  if (failed !== undefined) throw failed
}

const carryOut = async (order: LoadOrder): Promise<void> => {
  switch (order.do) {
    case 'connect': {
      const { prefix, atOnce, ca } = order
      const urls = [order.url].flat()
      chargers = Array.from(
        { length: order.chargers },
        (_, i) =>
          new BenchCharger({ url: urls[i % urls.length] as string, id: `${prefix}${i}`, latencies: recorder, ca }),
      )
      return each(atOnce, async (charger) => {
        await charger.connect()
        await charger.boot()
      })
    }
    case 'sessions': {
      const until = performance.now() + order.seconds * 1_000
      const goOn = () => performance.now() < until
      return each(chargers.length, async (charger) => {
        while (goOn()) await charger.session(order.idTag, goOn)
      })
    }
    case 'start-together':
      await each(chargers.length, async (charger) => {
        const transactionId = await charger.start(order.idTag)
        transactions.set(charger.id, transactionId)
      })
      return
    case 'steady':
      return steady(order.perSecond, order.seconds)
    case 'close':
      for (const charger of chargers) charger.close()
      chargers = []
  }
}
const transactions = new Map<string, number>()

process.on('message', (order: LoadOrder) => {
  latencies = new Latencies()
  const began = performance.now()
  const cpu = process.cpuUsage()
  carryOut(order).then(
    () => {
      const percentiles = latencies.percentiles()
      const used = process.cpuUsage(cpu)
      const report: LoadReport = {
        messages: percentiles['all']?.count ?? 0,
        seconds: (performance.now() - began) / 1_000,
        latencies: percentiles,
        cpu: (used.user + used.system) / 1e6,
      }
      process.send?.({ report } satisfies LoadAnswer)
    },
    (error: unknown) => process.send?.({ error: String(error) } satisfies LoadAnswer),
  )
})
process.on('disconnect', () => process.exit())
