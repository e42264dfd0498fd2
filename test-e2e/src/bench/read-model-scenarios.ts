import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { openReadModels } from '../fixtures/read-models.ts'
import { benchTag, type Contender } from './contenders.ts'
import { Latencies } from './latencies.ts'
import { connected, measured, type Scenario } from './scenario.ts'

const chargers = 100

const productOf = ({ product, name }: Contender) => {
  if (product === undefined) throw new Error(`${name} has no read models`)
  return product
}

const lookEveryMs = 25

/**
 * How far the reporting read model is behind, again and again until told to stop: the age of the newest status in it. As statuses come
 * all the time, that is how long one takes from its edge to its row, and a little more: the pause until the next.
 */
const watchLag = async (databaseUrl: string, prefix: string) => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const lags = new Latencies()
  let over = false
  const watching = (async () => {
    while (!over) {
      const { rows } = await client.query<{ ms: string | null }>(
        `select extract(epoch from clock_timestamp() - max(status_at)) * 1000 as ms from reporting.connectors where charger_id like $1`,
        [`${prefix}%`],
      )
      const ms = rows[0]?.ms
      if (ms !== null && ms !== undefined) lags.record('lag', Number(ms))
      await wait(lookEveryMs)
    }
  })()
  return async () => {
    over = true
    await watching
    await client.end()
    return lags.percentiles()['all']
  }
}

export const projectionLag: Scenario = {
  name: 'lag-100',
  what: `how far the reporting read model is behind while ${chargers} chargers do session after session`,
  chargers,
  only: ['voltrail'],
  async run({ contender, load, prefix, seconds }) {
    const { databaseUrl } = productOf(contender)
    await connected(chargers, contender, load, prefix)
    let lag: Awaited<ReturnType<Awaited<ReturnType<typeof watchLag>>>>
    const figures = await measured(contender, async () => {
      const sessions = load.order({ do: 'sessions', seconds, idTag: benchTag })
      // the first statuses are on their way
      await wait(1_000)
      const end = await watchLag(databaseUrl, prefix)
      await wait((seconds - 1.5) * 1_000)
      lag = await end()
      return sessions
    })
    if (lag === undefined) throw new Error('nothing of it came into the read model')
    return { ...figures, more: { 'lag p50 ms': lag.p50, 'lag p99 ms': lag.p99, 'lag max ms': lag.max } }
  },
}

export const reportingRebuild: Scenario = {
  name: 'rebuild',
  what: 'the reporting read model made anew from the whole log, while nothing else is asked',
  chargers: 0,
  only: ['voltrail'],
  async run({ contender, load, prefix, seconds }) {
    // a log of a few events says more of the start of a process than of the events
    await connected(chargers, contender, load, prefix)
    await load.order({ do: 'sessions', seconds, idTag: benchTag })
    const readModels = await openReadModels(productOf(contender))
    let said = ''
    const began = performance.now()
    const figures = await measured(contender, async () => {
      said = await readModels.rebuild('projector-reporting')
      return { messages: 0, seconds: (performance.now() - began) / 1_000, latencies: {}, cpu: 0 }
    })
    const line = said.split('\n').find((one) => one.includes('rebuild: filled'))
    if (line === undefined) throw new Error(`the rebuild did not say how many events it took: ${said}`)
    const { events, eventsPerSecond } = JSON.parse(line) as { events: number; eventsPerSecond: number }
    return { ...figures, messages: events, more: { events, 'events/s': eventsPerSecond } }
  },
}
