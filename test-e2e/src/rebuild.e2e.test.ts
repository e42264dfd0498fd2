import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { ChargerDetail } from '@voltrail/contracts/rest/chargers'
import type { SessionDetail, SessionPage } from '@voltrail/contracts/rest/sessions'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, timestamp, type Charger } from './fixtures/charger.ts'
import { openReadModels, projectors, type ReadModels } from './fixtures/read-models.ts'
import { openRest, type Rest } from './fixtures/rest.ts'

type Sessions = z.infer<typeof SessionPage>
interface Started {
  transactionId: number
}

const tag = 'AB1DE000'

describe('the read models', () => {
  let folder: string
  let product: Product
  let rest: Rest
  let readModels: ReadModels
  const chargers: Charger[] = []

  const connected = async (id: string): Promise<Charger> => {
    const charger = openCharger(product.ocppUrl, { id })
    chargers.push(charger)
    await charger.connect()
    await charger.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    return charger
  }
  const start = async (charger: Charger, meterStart: number, minutesAgo: number, connectorId = 1): Promise<number> => {
    const call = { connectorId, idTag: tag, meterStart, timestamp: timestamp(minutesAgo) }
    return (await charger.call<Started>('StartTransaction', call)).transactionId
  }
  const meter = (charger: Charger, transactionId: number, value: number, minutesAgo: number) =>
    charger.call('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [
        {
          timestamp: timestamp(minutesAgo),
          sampledValue: [
            { value: String(value) },
            { value: '16', measurand: 'Current.Import', phase: 'L1', unit: 'A' },
            { value: '3.68', measurand: 'Power.Active.Import', unit: 'kW' },
          ],
        },
      ],
    })
  const stop = (charger: Charger, transactionId: number, meterStop: number, minutesAgo: number) =>
    charger.call('StopTransaction', { transactionId, idTag: tag, meterStop, timestamp: timestamp(minutesAgo) })

  /** What REST shows of all that happened. */
  const shown = async () => {
    const { items } = await rest.get<Sessions>('/v1/sessions?limit=500')
    return {
      sessions: items,
      details: await Promise.all(items.map(({ sessionId }) => rest.get(`/v1/sessions/${sessionId}`))),
      chargers: await rest.get('/v1/chargers?limit=500'),
      commands: await rest.get('/v1/chargers/RB-1/commands'),
      tariffs: await rest.get('/v1/tariffs'),
      idTokens: await rest.get('/v1/id-tokens'),
    }
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: folder })
    readModels = await openReadModels(product)
    rest = openRest(product.apiUrl, product.operatorKey)
    await rest.send('POST', '/v1/id-tokens', { token: tag, type: 'ISO14443', status: 'Accepted', label: 'Ann' })
    await rest.send('POST', '/v1/tariffs', {
      id: 'energy-only',
      name: 'Energy only',
      currency: 'EUR',
      elements: [{ price_components: [{ type: 'ENERGY', price: '0.40', vat: '10' }] }],
    })
    for (const chargerId of ['RB-1', 'RB-2']) {
      await rest.send('PUT', `/v1/chargers/${chargerId}`, { registration: 'Accepted' })
      await rest.send('POST', '/v1/tariffs/energy-only/assignments', {
        scope: { kind: 'charger', chargerId },
        validFrom: timestamp(24 * 60),
      })
    }
  }, 180_000)
  afterAll(async () => {
    await Promise.all(chargers.map((one) => one.close().catch(() => {})))
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('show the inferred end of a session, and its late stop as a credit and a new price', async () => {
    const charger = await connected('RB-1')
    const forgotten = await start(charger, 0, 120)
    await meter(charger, forgotten, 3000, 90)
    // a new start on the connector: the one before must have ended
    const next = await start(charger, 3500, 60)
    const ended = await rest.eventually<Sessions>('/v1/sessions?chargerId=RB-1', ({ items }) =>
      items.some(({ inferred, costMinor }) => inferred && costMinor !== null),
    )
    const inferred = ended.items.find(({ transactionId }) => transactionId === String(forgotten))!
    // 3 kWh at 0.40 and 10 % VAT
    expect(inferred).toMatchObject({ inferred: true, energyWh: 3000, netMinor: 120, costMinor: 132, corrections: 0 })

    await stop(charger, forgotten, 3400, 61)
    const corrected = await rest.eventually<SessionDetail>(
      `/v1/sessions/${inferred.sessionId}`,
      ({ corrections, billing }) => corrections === 1 && billing === 'final',
    )
    // 3.4 kWh: 1.36 and 0.14
    expect(corrected).toMatchObject({
      inferred: false,
      energyWh: 3400,
      energySource: 'meter-stop',
      netMinor: 136,
      vatMinor: 14,
      costMinor: 150,
      billing: 'final',
    })
    expect(corrected.billingEntries).toMatchObject([
      { kind: 'rated', costMinor: 132 },
      { kind: 'credited', creditedRevision: '0' },
      { kind: 'rated', costMinor: 150 },
    ])
    // the other one goes on untouched
    await stop(charger, next, 5500, 1)
    await rest.eventually<Sessions>('/v1/sessions?chargerId=RB-1', ({ items }) =>
      items.every(({ billing }) => billing === 'final'),
    )
  })

  it('are rebuilt from the log to identical rows, by the process that an operator runs', async () => {
    const charger = await connected('RB-2')
    // something in every corner: a fault, a command, a parked frame, an unknown tag, a session that goes on, one that is suspended
    await charger.call('StatusNotification', {
      connectorId: 2,
      status: 'Faulted',
      errorCode: 'GroundFailure',
      info: 'wet',
    })
    await charger.call('StatusNotification', { connectorId: 2, status: 'Available', errorCode: 'NoError' })
    await rest.send('POST', '/v1/chargers/RB-2/commands/ClearCache', {})
    await charger.call('StopTransaction', { transactionId: 7, meterStop: 1, timestamp: timestamp(1) })
    const odd = { connectorId: 2, idTag: 'STRANGER', meterStart: 0, timestamp: timestamp(20) }
    await stop(charger, (await charger.call<Started>('StartTransaction', odd)).transactionId, 700, 10)
    await meter(charger, await start(charger, 100, 30), 2100, 15)
    await charger.call('StatusNotification', { connectorId: 1, status: 'SuspendedEV', errorCode: 'NoError' })
    await rest.send('POST', '/v1/id-tokens', { token: 'RB-BLOCKED', status: 'Blocked' })
    // with an alias, which is an event of another stream that no row comes of
    await rest.send('POST', '/v1/id-tokens', { token: 'DE-8AC-RB-TOKEN-TOO-LONG', type: 'eMAID' })
    await rest.eventually<Sessions>('/v1/sessions?chargerId=RB-2', ({ items }) =>
      items.some(({ chargingState }) => chargingState?.toLowerCase().includes('suspended') === true),
    )
    await rest.eventually<Sessions>('/v1/sessions?state=stopped', ({ items }) =>
      items.every(({ billing }) => billing === 'final'),
    )

    const before = []
    for (const { projection } of projectors) before.push(await readModels.rowsOf(projection))
    const seen = await shown()
    expect(seen.sessions).toHaveLength(4)
    for (const { service } of projectors)
      expect(await readModels.rebuild(service)).toContain('identical to the live rows')
    const after = []
    for (const { projection } of projectors) after.push(await readModels.rowsOf(projection))
    expect(after).toEqual(before)
    expect(await shown()).toEqual(seen)
    // a sum over no rows would be equal too
    const [reporting, load] = after
    for (const sums of [reporting!, load!])
      expect(Object.values(sums).filter((sum) => !sum.startsWith('0:')).length).toBeGreaterThan(1)
  }, 60_000)

  it('hold what a rebuild makes, also after kill -9 and a rebuild in the middle of a stream of meter values', async () => {
    const charger = await connected('RB-3')
    const transactionId = await start(charger, 0, 400)
    const kill = () => projectors.forEach(({ service }) => product.processes.get(service)!.kill('SIGKILL'))
    const ready = () => Promise.all(projectors.map(({ service }) => product.processes.get(service)!.ready()))
    let meanwhile: Promise<unknown> = Promise.resolve()
    for (let i = 1; i <= 300; i++) {
      await meter(charger, transactionId, i * 10, 400 - i)
      if (i === 50) kill()
      if (i === 150)
        meanwhile = ready().then(() => Promise.all(projectors.map(({ service }) => readModels.rebuild(service))))
      if (i === 200) await ready()
      if (i === 220) kill()
    }
    await stop(charger, transactionId, 3005, 50)
    await meanwhile
    await charger.close()
    await ready()
    await rest.eventually<ChargerDetail>('/v1/chargers/RB-3', (one) => !one.connected)
    const [session] = (
      await rest.eventually<Sessions>(
        '/v1/sessions?chargerId=RB-3',
        ({ items: [one] }) => one?.billing === 'final',
        30_000,
      )
    ).items
    const detail = await rest.get<SessionDetail>(`/v1/sessions/${session!.sessionId}`)
    expect(detail.energyWh).toBe(3005)
    expect(new Set(detail.energy.map(({ registerWh }) => registerWh)).size).toBe(detail.energy.length)
    expect(detail.energy.length).toBeGreaterThanOrEqual(300)

    for (const { projection, service } of projectors) {
      const before = await readModels.rowsOf(projection)
      expect(await readModels.rebuild(service)).toContain('identical to the live rows')
      expect(await readModels.rowsOf(projection)).toEqual(before)
    }
  }, 120_000)
})
