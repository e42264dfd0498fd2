import { ChargerId, FactId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream } from '@voltrail/contracts/streams'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import { accept } from '@voltrail/domain/decider'
import type { Aggregate } from '@voltrail/domain/decider'
import { quirks } from '@voltrail/ocpp/quirks'
import { runApi, until } from './fixtures/running-api.ts'
import type { RunningApi } from './fixtures/running-api.ts'

const asTold: Aggregate<null, ChargerEvent> = { initialState: null, evolve: () => null }

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
  await api.ask('PUT', '/v1/chargers/CP-1', {})
}, 60_000)
afterAll(() => api?.stop())

/** A boot of CP-1 whose message took these rules. */
const boot = async (n: number, rules: readonly string[]): Promise<void> => {
  const tenant = TenantId.parse('default')
  const chargerId = ChargerId.parse('CP-1')
  const receivedAt = instant(Date.parse('2026-01-31T12:00:00Z') + n * 1000)
  const booted: ChargerEvent = {
    type: 'ChargerBooted',
    data: { vendor: 'Keba AG', model: 'P30', registration: 'Accepted', intervalSeconds: 300 },
  }
  const decided = await api.loop.decide(asTold, chargerStream(tenant, chargerId), () => accept(booted), {
    tenant,
    causation: { pod: 'test', factId: FactId.parse(`0.${n}`) },
    correlation: `0.${n}`,
    actor: { kind: 'charger', id: chargerId },
    receivedAt,
    frame: { text: '[2,"1","BootNotification",{}]' },
    normalisations: rules.map((rule) => ({ rule, path: '', raw: '' })),
    decision: { build: 'test', clock: receivedAt, lookups: [], settings: {} },
  })
  if (decided.outcome !== 'accepted') throw new Error(JSON.stringify(decided))
}

describe('the quirks of chargers', () => {
  it('are listed with what is done, where they were seen, and where each was needed', async () => {
    await boot(1, ['Q25-null-field'])
    await boot(2, ['Q25-null-field', 'Q24-stray-comma'])
    const list = await until(async () => {
      const { json } = await api.ask('GET', '/v1/quirks')
      return (
        json.items?.some((one: { id: string; fired: number }) => one.id === 'Q24-stray-comma' && one.fired === 1) &&
        json.items
      )
    })
    expect(list.map(({ id }: { id: string }) => id)).toEqual(quirks.map(({ id }) => id))
    expect(list.find(({ id }: { id: string }) => id === 'Q25-null-field')).toMatchObject({
      kind: 'format',
      matches: 'all',
      default: 'on',
      switchable: false,
      fired: 2,
      lastAt: '2026-01-31T12:00:02.000Z',
      chargerCount: 1,
      chargers: [{ chargerId: 'CP-1', vendor: 'Keba AG', model: 'P30', firmwareVersion: null, fired: 2 }],
    })
    expect(list.find(({ id }: { id: string }) => id === 'Q18-connector-zero')).toMatchObject({
      matches: 'vendor /\\bkeba\\b/i',
      switchable: true,
      fired: 0,
      lastAt: null,
      chargers: [],
    })
  })
})

describe('the settings of a charger', () => {
  it('are what was put last, all at once', async () => {
    const none = await api.ask('GET', '/v1/chargers/CP-1/settings')
    expect([none.status, none.json]).toEqual([
      200,
      { chargerId: 'CP-1', rulesOff: [], rulesOn: [], revision: expect.any(String) },
    ])
    const settings = { zone: 'Europe/Berlin', rulesOff: ['Q22-phase-sum'], rulesOn: ['Q27-tag-terminal-prefix'] }
    const put = await api.ask('PUT', '/v1/chargers/CP-1/settings', settings)
    expect([put.status, put.json]).toEqual([200, { chargerId: 'CP-1', ...settings, revision: expect.any(String) }])
    const again = await api.ask('PUT', '/v1/chargers/CP-1/settings', settings)
    expect(again.json).toEqual(put.json)
    expect((await api.ask('GET', '/v1/chargers/CP-1/settings')).json).toEqual(put.json)
    expect((await api.ask('PUT', '/v1/chargers/CP-1/settings', { zone: '+02:00' })).json).toEqual({
      chargerId: 'CP-1',
      zone: '+02:00',
      rulesOff: [],
      rulesOn: [],
      revision: expect.any(String),
    })
  })

  it.each([
    [{ zone: 'Mars/Olympus' }, '/body/zone'],
    [{ rulesOff: ['Q99-none'] }, '/body/rulesOff/0'],
    [{ rulesOff: ['Q22-phase-sum', 'Q24-nul-stripped'] }, '/body/rulesOff/1'],
    [{ rulesOn: ['Q7-newest-wins'] }, '/body/rulesOn/0'],
    [{ subprotocol: 'ocpp9' }, '/body/subprotocol'],
    [{ colour: 'red' }, 'colour'],
  ])('are refused when they are %j, with where', async (settings, path) => {
    const answer = await api.ask('PUT', '/v1/chargers/CP-1/settings', settings)
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.json.errors)).toContain(path)
  })

  it('of a charger that nobody knows are not there', async () => {
    expect((await api.ask('GET', '/v1/chargers/none/settings')).status).toBe(404)
    expect((await api.ask('PUT', '/v1/chargers/none/settings', {})).status).toBe(404)
  })
})
