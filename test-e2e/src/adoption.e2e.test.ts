import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { z } from 'zod'
import type { ChargerDetail } from '@voltrail/contracts/rest/chargers'
import type { ReviewPage } from '@voltrail/contracts/rest/reviews'
import type { SessionPage } from '@voltrail/contracts/rest/sessions'
import type { SettingsView } from '@voltrail/contracts/rest/settings'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, timestamp, type Charger, type ChargerOptions } from './fixtures/charger.ts'
import { refusedUpgrade } from './fixtures/raw-charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'
import { until } from './fixtures/until.ts'

type Reviews = z.infer<typeof ReviewPage>
type Sessions = z.infer<typeof SessionPage>
interface Booted {
  status: string
  interval: number
  currentTime: string
}
const heartbeatSeconds = 120

/** Everything that a charger may be asked, with what it is called on the wire. */
const allowedWhilePending = [
  ['GetConfiguration', { keys: ['HeartbeatInterval'] }],
  ['ChangeConfiguration', { key: 'HeartbeatInterval', value: '60' }],
  ['TriggerMessage', { message: 'StatusNotification' }],
] as const
const onlyWhenAccepted = [
  ['RemoteStart', { connectorId: 1, idToken: 'AD01' }],
  ['RemoteStop', { transactionId: '17', force: true }],
  ['Reset', { kind: 'Soft' }],
  ['UnlockConnector', { connectorId: 1 }],
  ['ChangeAvailability', { evseId: 0, availability: 'Inoperative' }],
  ['ClearCache', {}],
  ['DataTransfer', { vendorId: 'acme', data: 'hello' }],
] as const

describe('a charger that nobody has registered', () => {
  let folder: string
  let product: Product
  let rest: Rest
  const opened: Charger[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: folder, centrals: 2 })
    rest = openRest(product.apiUrl, product.operatorKey)
    await rest.send('POST', '/v1/id-tokens', { token: 'AD01', type: 'ISO14443', status: 'Accepted' })
    await rest.send('PATCH', '/v1/settings', { heartbeatSeconds })
  }, 240_000)
  afterAll(async () => {
    await Promise.all(opened.map((charger) => charger.close().catch(() => {})))
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  const charger = async (id: string, answers: ChargerOptions['answers'] = {}): Promise<Charger> => {
    const one = openCharger(product.ocppUrl, {
      id,
      answers: { GetConfiguration: { configurationKey: [] }, UnlockConnector: { status: 'Unlocked' }, ...answers },
    })
    opened.push(one)
    await one.connect()
    return one
  }
  /** A setting holds at each central a moment after it was made: chargers that come to test it are new ones each time. */
  const adoption = async (value: 'open' | 'pending' | 'closed', holds: (id: string) => Promise<boolean>) => {
    const view = await rest.send<SettingsView>('PATCH', '/v1/settings', { adoption: value })
    expect(view.adoption).toBe(value)
    let tries = 0
    let inRow = 0
    await until(`adoption is ${value} everywhere`, async () => {
      inRow = (await holds(`TRY-${value}-${++tries}`)) ? inRow + 1 : 0
      return inRow >= 4
    })
  }
  const bootedAs = (status: string) => async (id: string) => {
    const one = await charger(id)
    const booted = await boot(one)
    await one.close()
    return booted.status === status
  }
  const boot = async (one: Charger): Promise<Booted> => {
    const booted = await one.call<Booted>('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    expect(booted.interval).toBeGreaterThan(0)
    return booted
  }
  const register = (id: string, registration: string) =>
    rest.send<{ changed: boolean }>('PUT', `/v1/chargers/${id}`, { registration })
  const command = (id: string, name: string, body: object) =>
    rest.send<{ outcome: string }>('POST', `/v1/chargers/${id}/commands/${name}`, body)
  const actions = (one: Charger) => one.calls.map(({ action }) => action)
  const securityError = expect.objectContaining({ rpcErrorCode: 'SecurityError' })

  /** A session of 3 kWh; what the charger is told of its token. */
  const charge = async (one: Charger): Promise<string> => {
    const started = await one.call<{ transactionId: number; idTagInfo: { status: string } }>('StartTransaction', {
      connectorId: 1,
      idTag: 'AD01',
      meterStart: 1000,
      timestamp: timestamp(60),
    })
    const { transactionId } = started
    const meter = { timestamp: timestamp(30), sampledValue: [{ value: '2500' }] }
    expect(await one.call('MeterValues', { connectorId: 1, transactionId, meterValue: [meter] })).toEqual({})
    await one.call('StopTransaction', { transactionId, idTag: 'AD01', meterStop: 4000, timestamp: timestamp(1) })
    const { items } = await rest.eventually<Sessions>(
      `/v1/sessions?chargerId=${one.id}`,
      (page) => page.items[0]?.state === 'stopped',
    )
    expect(items).toMatchObject([{ transactionId: String(transactionId), energyWh: 3000 }])
    return started.idTagInfo.status
  }

  it('is not let in while adoption is closed, until an operator registers it', async () => {
    const refusal = (id: string) => refusedUpgrade(`${product.ocppUrl}/${id}`)
    await adoption('closed', async (id) => (await refusal(id).catch(() => undefined))?.status === 404)
    expect(await refusal('CLOSED')).toMatchObject({ status: 404, body: expect.stringContaining('register it first') })
    await expect(rest.get('/v1/chargers/CLOSED')).rejects.toThrow(': 404 ')
    await expect(command('CLOSED', 'TriggerMessage', { message: 'BootNotification' })).rejects.toThrow(': 404 ')

    await register('CLOSED', 'Accepted')
    const invited = await charger('CLOSED')
    expect(await boot(invited)).toMatchObject({ status: 'Accepted', interval: heartbeatSeconds })
    expect(await charge(invited)).toBe('Accepted')
  }, 40_000)

  it('is accepted at once while adoption is open', async () => {
    await adoption('open', bootedAs('Accepted'))
    const one = await charger('OPEN')
    expect(await boot(one)).toMatchObject({ status: 'Accepted', interval: heartbeatSeconds })
    expect(
      await rest.eventually<ChargerDetail>('/v1/chargers/OPEN', ({ lastBootAt }) => lastBootAt !== null),
    ).toMatchObject({
      registration: 'Accepted',
      registeredBy: 'adoption',
    })
    expect(await charge(one)).toBe('Accepted')
    expect(await command('OPEN', 'ClearCache', {})).toMatchObject({ outcome: 'result' })
  }, 40_000)

  it('waits while adoption is pending: it may be configured, its energy counts, and it asks again each minute', async () => {
    await adoption('pending', bootedAs('Pending'))
    const one = await charger('WAITS')
    expect(await boot(one)).toMatchObject({ status: 'Pending', interval: 60 })
    expect(
      await rest.eventually<ChargerDetail>('/v1/chargers/WAITS', ({ lastBootAt }) => lastBootAt !== null),
    ).toMatchObject({
      registration: 'Pending',
      registeredBy: 'adoption',
    })
    for (const [name, body] of allowedWhilePending)
      expect([name, await command('WAITS', name, body)]).toEqual([name, expect.objectContaining({ outcome: 'result' })])
    for (const [name, body] of onlyWhenAccepted)
      await expect(command('WAITS', name, body)).rejects.toThrow(/: 422 .*waits for approval/)
    expect(await charge(one)).toBe('Accepted')
    expect(await boot(one)).toMatchObject({ status: 'Pending', interval: 60 })
    expect(actions(one)).toEqual(allowedWhilePending.map(([name]) => name))
  }, 40_000)

  it.each([
    ['stays billed when an operator dismisses that', 'KEPT', 'Pending', 3000],
    ['has neither energy nor time to bill when an operator says so', 'WAIVED', 'Rejected', 0],
  ])(
    'may charge with a good token, and that waits for review: it %s',
    async (_, id, registration, energyWh) => {
      const one = await charger(id)
      await boot(one)
      if (registration === 'Rejected') await register(id, registration)
      expect(await charge(one)).toBe('Accepted')
      const { items } = await rest.eventually<Reviews>(`/v1/reviews?chargerId=${id}`, (page) => page.items.length > 0)
      expect(items).toMatchObject([
        {
          kind: 'unapproved-charger',
          state: 'open',
          detail: expect.stringContaining(registration === 'Pending' ? 'not accepted yet' : 'rejected'),
        },
      ])
      const [review] = items
      const { items: sessions } = await rest.get<Sessions>(`/v1/sessions?chargerId=${id}`)
      const [{ startedAt } = {}] = sessions
      const decision =
        energyWh > 0
          ? { kind: 'dismiss' }
          : { kind: 'correct', transactionId: review?.transactionId, energyWh, stoppedAt: startedAt }
      await rest.send('POST', `/v1/reviews/${review?.id}/settle`, { decision })
      await rest.eventually<Reviews>(`/v1/reviews?chargerId=${id}`, (page) => page.items[0]?.state === 'settled')
      const settled = await rest.eventually<Sessions>(
        `/v1/sessions?chargerId=${id}`,
        (page) => page.items[0]?.energyWh === energyWh,
      )
      expect(settled.items).toMatchObject([{ energyWh, ...(energyWh === 0 && { stoppedAt: startedAt }) }])
    },
    40_000,
  )

  it.each([
    ['is told to boot', 'TOLD', {}, ['TriggerMessage']],
    [
      'is reset softly if it will not boot when told',
      'UNWILLING',
      { TriggerMessage: { status: 'Rejected' } },
      ['TriggerMessage', 'Reset'],
    ],
    [
      'is reset softly if it knows no triggers',
      'OLD',
      { TriggerMessage: { status: 'NotImplemented' } },
      ['TriggerMessage', 'Reset'],
    ],
  ])(
    '%s when an operator approves it',
    async (_, id, answers, expected) => {
      const one = await charger(id, answers)
      expect(await boot(one)).toMatchObject({ status: 'Pending', interval: 60 })
      expect(await register(id, 'Accepted')).toMatchObject({ changed: true })
      await until('it is asked', async () => one.calls.length >= expected.length)
      expect(actions(one)).toEqual(expected)
      expect(one.calls[0]?.params).toEqual({ requestedMessage: 'BootNotification' })
      if (expected.includes('Reset')) expect(one.calls[1]?.params).toEqual({ type: 'Soft' })
      expect(await boot(one)).toMatchObject({ status: 'Accepted', interval: heartbeatSeconds })
      expect(await command(id, 'UnlockConnector', { connectorId: 1 })).toMatchObject({ outcome: 'result' })
      expect(await register(id, 'Accepted')).toMatchObject({ changed: false })
      expect(actions(one)).toEqual([...expected, 'UnlockConnector'])
    },
    40_000,
  )

  it('is not reset on its approval while somebody is charging', async () => {
    const one = await charger('BUSY', { TriggerMessage: { status: 'Rejected' } })
    await boot(one)
    const { transactionId } = await one.call<{ transactionId: number }>('StartTransaction', {
      connectorId: 1,
      idTag: 'AD01',
      meterStart: 0,
      timestamp: timestamp(10),
    })
    await register('BUSY', 'Accepted')
    await until('it is asked to boot', async () => one.calls.length > 0)
    await wait(500)
    expect(actions(one)).toEqual(['TriggerMessage'])
    await one.call('StopTransaction', { transactionId, meterStop: 100, timestamp: timestamp(1) })
    // its own minute brings it here
    expect(await boot(one)).toMatchObject({ status: 'Accepted', interval: heartbeatSeconds })
  }, 40_000)

  it('and is rejected hears nothing and may tell nothing, but for its energy', async () => {
    const one = await charger('REFUSED')
    await boot(one)
    await register('REFUSED', 'Rejected')
    expect(await boot(one)).toMatchObject({ status: 'Rejected', interval: 60 })
    for (const [name, body] of [...allowedWhilePending, ...onlyWhenAccepted])
      await expect(command('REFUSED', name, body)).rejects.toThrow(/: 422 .*rejected/)
    const status = { connectorId: 1, status: 'Available', errorCode: 'NoError' }
    for (const [action, payload] of [
      ['StatusNotification', status],
      ['Authorize', { idTag: 'AD01' }],
      ['DataTransfer', { vendorId: 'acme' }],
      ['Heartbeat', {}],
    ] as const)
      await expect(one.call(action, payload).catch((error: unknown) => [action, error])).resolves.toEqual([
        action,
        securityError,
      ])
    expect(await charge(one)).toBe('Accepted')
    expect(actions(one)).toEqual([])

    // also over a connection that begins so
    await one.close()
    const back = await charger('REFUSED')
    await expect(back.call('Heartbeat', {})).rejects.toEqual(securityError)
    await expect(back.call('StatusNotification', status)).rejects.toEqual(securityError)
    expect(await boot(back)).toMatchObject({ status: 'Rejected', interval: 60 })
    expect(actions(back)).toEqual([])

    await register('REFUSED', 'Accepted')
    await until('it is told to boot', async () => actions(back).includes('TriggerMessage'))
    expect(await boot(back)).toMatchObject({ status: 'Accepted', interval: heartbeatSeconds })
    expect(await back.call('Heartbeat', {})).toMatchObject({ currentTime: expect.any(String) })
    expect(await back.call('StatusNotification', status)).toEqual({})
  }, 40_000)

  it('is never told an interval of 0, whatever is set', async () => {
    for (const wrong of [0, -1, 1])
      await expect(rest.send('PATCH', '/v1/settings', { heartbeatSeconds: wrong })).rejects.toThrow(': 400 ')
    expect((await rest.get<SettingsView>('/v1/settings')).heartbeatSeconds).toBe(heartbeatSeconds)
  })
})
