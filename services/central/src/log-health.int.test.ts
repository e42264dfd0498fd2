import { LogHealthNotice } from '@voltrail/contracts/facts'
import { allLogHealth } from '@voltrail/contracts/subjects'
import { startEventStoreDev } from '@voltrail/event-store-dev/server'
import { connectEventLog, type EsdbLog } from '@voltrail/event-store/esdb-log'
import { openCentral } from './fixtures/central-fixture.ts'
import { logProbe } from './log-health.ts'

describe('a probe of the log', () => {
  let store: Awaited<ReturnType<typeof startEventStoreDev>>
  let log: EsdbLog
  const restarted = () => logProbe(log, 'central-1', 2_000)
  const tail = async () => (await log.readTail())[0]?.position

  beforeAll(async () => {
    store = await startEventStoreDev({ data: 'memory', port: 0, faults: true })
    log = connectEventLog({
      connectionString: store.connectionString,
      appendTimeoutMs: 200,
      appendDeadlineMs: 400,
    })
  })
  afterEach(() => store.faults.clear())
  afterAll(async () => {
    await log.close()
    await store.stop()
  })

  it('finds a log well that was never tried, and keeps one event however often it is written', async () => {
    const probe = restarted()
    expect(await probe.first()).toBe('well')
    for (let i = 0; i < 3; i++) expect(await probe.write('recovering')).toBe(true)
    const kept = []
    for await (const event of log.readStored('probe-log')) kept.push(event.revision)
    expect(kept).toEqual([3])
  })

  it('looks without writing anything', async () => {
    const probe = restarted()
    await probe.first()
    const before = await tail()
    for (let i = 0; i < 3; i++) expect(await probe.look()).toBe(true)
    expect(await tail()).toEqual(before)
  })

  it('goes on with a recovery in which the process before it ended, and not with one that was over', async () => {
    await restarted().write('recovering')
    expect(await restarted().first()).toBe('recovering')
    expect(await restarted().first()).toBe('recovering')
    await restarted().write('well')
    expect(await restarted().first()).toBe('well')
  })

  it('finds a log away that takes no append', async () => {
    store.faults.set({ silentAppend: { next: 1_000 } })
    expect(await restarted().first()).toBe('away')
    expect(await restarted().look()).toBe(false)
  })
})

it('a log that fails while nobody calls it is found away, and well again after its probes', async () => {
  const house = await openCentral({
    LOG_APPEND_TIMEOUT: '200ms',
    LOG_APPEND_DEADLINE: '400ms',
    LOG_PROBE_EVERY: '50ms',
    LOG_IDLE_PROBE_EVERY: '100ms',
    LOG_WELL_AFTER: '300ms',
  })
  const told: string[] = []
  const news = house.bus.listen(allLogHealth, ({ data }) => {
    const { state } = LogHealthNotice.parse(JSON.parse(Buffer.from(data).toString('utf8')))
    if (told.at(-1) !== state) told.push(state)
  })
  const heard = async (state: string) => {
    const giveUpAt = Date.now() + 20_000
    while (told.at(-1) !== state) {
      if (Date.now() > giveUpAt) throw new Error(`the log never became ${state}: ${told.join()}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  try {
    await news.ready
    await heard('well')
    house.faults.set({ silentAppend: { next: 100_000 } })
    await heard('away')
    house.faults.clear()
    await heard('well')
    expect(told).toEqual(['well', 'away', 'recovering', 'well'])
  } finally {
    news.stop()
    await house.close()
  }
}, 60_000)
