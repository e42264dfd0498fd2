import { connectEventLog } from '@voltrail/event-store/esdb-log'
import { prepareEvents } from '@voltrail/event-store/prepare'
import { genesisHash } from '@voltrail/domain/hash-chain'
import { startEventStoreDev } from '@voltrail/event-store-dev/server'
import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import { sampleEvents } from '@voltrail/read-models/fixtures/events'
import { rowsOf, silent } from '@voltrail/read-models/fixtures/projected'
import { until } from '@voltrail/read-models/fixtures/until'
import { readProjectorConfig } from './config.ts'
import { rebuildReadModel, startProjector } from './projector.ts'

describe('projector-load', () => {
  it('shows who charges from the real log, serves its health, and a rebuild gives the same rows', async () => {
    const store = await startEventStoreDev({ data: 'memory', port: 0 })
    const database = await openTestDatabase()
    const log = connectEventLog({ connectionString: store.connectionString, besideAnotherAppender: true })
    const heads = new Map<string, string>()
    for (const event of sampleEvents()) {
      const { version: _, prevHash: __, hash: ___, ...meta } = event.metadata
      const after = { revision: event.revision - 1, hash: heads.get(event.stream) ?? genesisHash }
      const prepared = prepareEvents(event.stream, [event], meta, after)
      heads.set(event.stream, prepared[0]?.recorded.metadata.hash ?? '')
      expect(await log.append(event.stream, prepared, after.revision)).toMatchObject({ outcome: 'appended' })
    }
    const config = readProjectorConfig({ ESDB_URL: store.connectionString, DATABASE_URL: database.url })
    const projector = await startProjector(config, silent)
    await until('it is live', () => projector.state() === 'live')
    const evses = await rowsOf(database.url, 'load', 'evses')
    expect(evses.filter((row) => row['charger_id'] !== 'ODD')).toMatchObject([
      { charger_id: 'CP 1', session_id: null },
      { charger_id: 'CP2', session_id: 'CP2.1', power_w: 11_000, measured_l1_ma: 15_900 },
    ])
    expect((await fetch(`http://127.0.0.1:${projector.healthPort}/readyz`)).status).toBe(200)
    expect(await rebuildReadModel(config, undefined, silent)).toMatchObject({ differing: [] })
    await projector.stop()
    await log.close()
    await store.stop()
    await database.drop()
  })

  it('names every setting that is wrong', () => {
    expect(() => readProjectorConfig({ ESDB_URL: 'http://x' })).toThrow(
      /ESDB_URL must be a URL that begins with esdb:.*DATABASE_URL is not set/,
    )
  })
})
