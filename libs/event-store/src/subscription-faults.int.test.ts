import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEventStoreDev } from '@voltrail/event-store-dev/server'
import type { EventStoreDev } from '@voltrail/event-store-dev/server'
import { accept } from '@voltrail/domain/decider'
import { connectEventLog } from './esdb-log.ts'
import type { EsdbLog } from './esdb-log.ts'
import { newStream } from './fixtures/new-stream.ts'
import { until } from './fixtures/until.ts'
import { metadata, visit, visitsInFull } from './fixtures/visits.ts'
import { subscribeInBatches, subscribeLog } from './subscription.ts'
import { createWriteLoop } from './write-loop.ts'
import type { WriteLoop } from './write-loop.ts'

/** What only a server that can be stopped and broken can show. */
describe('subscriptions when the server fails', () => {
  let data: string
  let server: EventStoreDev
  let log: EsdbLog
  let loop: WriteLoop

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'voltrail-subscription-'))
    server = await startEventStoreDev({ data, port: 0, faults: true })
    log = connectEventLog({ connectionString: server.connectionString })
    loop = createWriteLoop({ log, cacheSize: 10, build: 'b' })
  })
  afterEach(async () => {
    await log.close()
    await server.stop()
    await rm(data, { recursive: true })
  })
  const append = (name: ReturnType<typeof newStream>, count: number) =>
    loop.decide(
      visitsInFull,
      name,
      () => accept(...Array.from({ length: count }, (_, i) => visit(`v${i}`))),
      metadata(),
    )
  const dense = (revisions: readonly number[]) => revisions.every((revision, i) => revision === i)

  it('go on where they were when the server was restarted', async () => {
    const name = newStream()
    await append(name, 50)
    const revisions: number[] = []
    const reasons: string[] = []
    const subscription = subscribeLog({
      connectionString: server.connectionString,
      filter: { streamPrefixes: ['charger-'] },
      from: 'start',
      onEvent: (event) => void revisions.push(event.revision),
      onDown: (reason) => void reasons.push(reason),
    })
    await until(() => revisions.length === 50)
    for (let restart = 1; restart <= 2; restart++) {
      const { port } = server
      await server.stop()
      await until(() => subscription.status().state === 'down')
      server = await startEventStoreDev({ data, port, faults: true })
      expect(await append(name, 50)).toMatchObject({ outcome: 'accepted' })
      await until(() => revisions.length >= 50 * (restart + 1))
    }
    expect(dense(revisions)).toBe(true)
    expect(reasons.length).toBeGreaterThanOrEqual(2)
    await subscription.stop()
  })

  it.each(['aborted', 'fell-behind'] as const)(
    'lose nothing when they are too slow and the server answers with %s',
    async (manner) => {
      const name = newStream()
      const revisions: number[] = []
      const subscription = subscribeInBatches({
        connectionString: server.connectionString,
        filter: { streamPrefixes: ['charger-'] },
        from: 'start',
        onBatch: ({ events }) => void revisions.push(...events.map((event) => event.revision)),
      })
      await until(() => subscription.status().state === 'live')
      for (let round = 1; round <= 4; round++) {
        server.faults.set({ slowConsumer: { next: 1, manner } })
        await append(name, 100)
        await until(() => revisions.length >= round * 100)
      }
      expect(server.faults.happened().slowConsumer).toBeGreaterThan(1)
      expect(dense(revisions)).toBe(true)
      expect(revisions).toHaveLength(400)
      await subscription.stop()
    },
  )

  it('end at once when they are stopped while the server is away', async () => {
    await server.stop()
    const subscription = subscribeLog({
      connectionString: server.connectionString,
      filter: { streamPrefixes: ['charger-'] },
      from: 'start',
      onEvent: () => undefined,
    })
    await until(() => subscription.status().state === 'down')
    await subscription.stop()
    expect(await subscription.done).toEqual({ outcome: 'stopped' })
  })
})
