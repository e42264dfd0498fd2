import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { z } from 'zod'
import type { SessionHistory, SessionPage } from '@voltrail/contracts/rest/sessions'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { timestamp } from './fixtures/charger.ts'
import { openQueueingCharger } from './fixtures/queueing-charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'
import { until } from './fixtures/until.ts'

type Sessions = z.infer<typeof SessionPage>
type History = z.infer<typeof SessionHistory>

/** A fifth of the times of the field: answers are held for 4 s, chargers wait 6 s, a socket without a wish stays for 6 s. */
const times = {
  ANSWER_HOLD: '4s',
  QUIET_OUTAGE: '6s',
  LOG_WELL_AFTER: '2s',
  LOG_PROBE_EVERY: '200ms',
  LOG_APPEND_TIMEOUT: '400ms',
  LOG_APPEND_DEADLINE: '1200ms',
}
const usual = { attempts: 3, queue: 4, answerMs: 6_000, reconnectMs: 300 }

describe('while the log is frozen', () => {
  let folder: string
  let product: Product
  let rest: Rest
  const log = (signal: 'SIGSTOP' | 'SIGCONT') => product.processes.get('event-store')!.kill(signal)
  const frozen = async (milliseconds: number) => {
    log('SIGSTOP')
    await wait(milliseconds)
    log('SIGCONT')
  }
  const begin = async (id: string) => {
    const cp = openQueueingCharger(product.ocppUrl, { ...usual, id })
    await cp.tell('BootNotification', () => ({ chargePointVendor: 'Acme', chargePointModel: 'One' }))
    const start = { connectorId: 1, idTag: 'A0A1', meterStart: 1000, timestamp: timestamp(60) }
    const answer = await cp.tell('StartTransaction', () => start)
    // an outage before this one is over
    cp.ends.splice(0)
    return { cp, transactionId: Number(answer?.['transactionId']) }
  }
  const meter = (transactionId: number, minutesAgo: number, value: string) => () => ({
    connectorId: 1,
    transactionId,
    meterValue: [{ timestamp: timestamp(minutesAgo), sampledValue: [{ value }] }],
  })
  const stop = (transactionId: number) => () => ({
    transactionId,
    idTag: 'A0A1',
    meterStop: 9000,
    timestamp: timestamp(1),
  })
  const told = async (id: string) => {
    const { items } = await rest.eventually<Sessions>(
      `/v1/sessions?chargerId=${id}`,
      (answer) => answer.items.length > 0 && answer.items.every((one) => one.billing === 'final'),
      30_000,
    )
    const history = await rest.get<History>(`/v1/sessions/${items[0]!.sessionId}/history`)
    const types = history.items.map((one) => one.type)
    const count = (type: string) => types.filter((one) => one === type).length
    return {
      energyWh: items.map((one) => one.energyWh),
      once: [count('SessionStarted'), count('SessionStopped'), count('TransactionOpened'), count('TransactionClosed')],
      metered: count('SessionEnergyMetered'),
    }
  }
  const report = (id: string, cp: ReturnType<typeof openQueueingCharger>) =>
    process.stdout.write(
      `${id}: ${cp.connections} connections; ends ${JSON.stringify(cp.ends)}; dropped ${JSON.stringify(cp.dropped)}\n`,
    )

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: folder, env: { ...process.env, ...times } })
    rest = openRest(product.apiUrl, product.operatorKey)
    await rest.send('POST', '/v1/id-tokens', { token: 'A0A1', type: 'ISO14443', status: 'Accepted' })
  }, 180_000)
  afterEach(() => log('SIGCONT'))
  afterAll(async () => {
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('for a moment, an answer comes late on the same socket', async () => {
    const { cp, transactionId } = await begin('CP-moment')
    const thawing = frozen(2_000)
    expect(await cp.tell('StopTransaction', stop(transactionId))).toMatchObject({ idTagInfo: { status: 'Accepted' } })
    await thawing
    report('CP-moment', cp)
    expect([cp.connections, cp.ends, cp.dropped]).toEqual([1, [], []])
    expect(await told('CP-moment')).toEqual({ energyWh: [8000], once: [1, 1, 1, 1], metered: 0 })
    await cp.stop()
  }, 60_000)

  it('for longer, the socket that waits closes, upgrades get 503, and the queue comes after: whole, and once', async () => {
    const { cp, transactionId } = await begin('CP-longer')
    const idle = openQueueingCharger(product.ocppUrl, { ...usual, id: 'CP-idle' })
    await idle.tell('BootNotification', () => ({ chargePointVendor: 'Acme', chargePointModel: 'One' }))
    idle.ends.splice(0)
    log('SIGSTOP')
    const answers = [
      cp.tell('MeterValues', meter(transactionId, 30, '4000')),
      cp.tell('MeterValues', meter(transactionId, 20, '6000')),
      cp.tell('StopTransaction', stop(transactionId)),
    ]
    await until('the charger is turned away', async () => cp.ends.includes('HTTP 503'), 40_000)
    expect(cp.ends[0]).toBe('closed 1013')
    // what waits for nothing stays for a while, and then is told that it is offline
    await until('the quiet socket is closed too', async () => idle.ends.length > 0, 40_000)
    expect(idle.ends[0]).toBe('closed 1013')
    log('SIGCONT')
    expect(await Promise.all(answers)).toMatchObject([{}, {}, { idTagInfo: { status: 'Accepted' } }])
    report('CP-longer', cp)
    expect(cp.ends.filter((end) => end.startsWith('closed'))).toEqual(['closed 1013'])
    expect(cp.dropped).toEqual([])
    expect(await told('CP-longer')).toEqual({ energyWh: [8000], once: [1, 1, 1, 1], metered: 2 })
    await Promise.all([cp.stop(), idle.stop()])
  }, 60_000)

  it('again and again, no message is doubled, and no charger pays an attempt for each time', async () => {
    const { cp, transactionId } = await begin('CP-flapping')
    const flapping = (async () => {
      for (let i = 0; i < 4; i++) {
        await frozen(5_000)
        await wait(1_000)
      }
    })()
    await wait(100)
    const answers = [
      cp.tell('MeterValues', meter(transactionId, 30, '4000')),
      cp.tell('MeterValues', meter(transactionId, 20, '6000')),
      cp.tell('MeterValues', meter(transactionId, 10, '7000')),
      cp.tell('StopTransaction', stop(transactionId)),
    ]
    await flapping
    await Promise.all(answers)
    report('CP-flapping', cp)
    expect(cp.dropped).toEqual([])
    expect(cp.ends.filter((end) => end.startsWith('closed'))).toEqual(['closed 1013'])
    expect(await told('CP-flapping')).toEqual({ energyWh: [8000], once: [1, 1, 1, 1], metered: 3 })
    await cp.stop()
  }, 90_000)
})
