import { recordSession } from './fixtures/recorded-session.ts'
import { runApi, until } from './fixtures/running-api.ts'
import type { RunningApi } from './fixtures/running-api.ts'

const profile = {
  chargingProfileId: 5,
  stackLevel: 0,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Relative',
  chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] },
}

const withCharger = async (env: Readonly<Record<string, string>> = {}): Promise<RunningApi> => {
  const api = await runApi({ env })
  await recordSession(api, { tenant: 'default', charger: 'CP-1', transaction: '1', token: '04A1' })
  await until(async () => (await api.ask('GET', '/v1/chargers/CP-1')).json?.subprotocol === 'ocpp1.6')
  return api
}

describe('calls of a charger’s own version', () => {
  let api: RunningApi
  beforeAll(async () => {
    api = await withCharger()
  }, 60_000)
  afterAll(() => api?.stop())

  it('of a known action are the command that says the same, marked as a call', async () => {
    const answer = await api.ask('POST', '/v1/chargers/CP-1/calls/SetChargingProfile', {
      connectorId: 1,
      csChargingProfiles: profile,
    })
    expect(answer.json).toEqual({
      outcome: 'result',
      payload: { status: 'Accepted' },
      commandId: api.commands.at(-1)?.commandId,
    })
    expect(api.commands.at(-1)).toMatchObject({
      asCall: true,
      actor: { kind: 'operator', id: 'operator-key' },
      command: { type: 'SetChargingProfile', evseId: 1, profile: { profileId: 5, purpose: 'TxDefaultProfile' } },
    })
  })

  it('of an unknown action go out as they are, with or without a body', async () => {
    await api.ask('POST', '/v1/chargers/CP-1/calls/CustomOperation', { what: [1.5, null] })
    expect(api.commands.at(-1)?.command).toEqual({
      type: 'RawCall',
      action: 'CustomOperation',
      payload: { what: [1.5, null] },
    })
    await api.ask('POST', '/v1/chargers/CP-1/calls/ClearCache')
    expect(api.commands.at(-1)?.command).toEqual({ type: 'ClearCache' })
  })

  it.each([
    [
      { outcome: 'callError', code: 'NotSupported', description: 'no' } as const,
      { code: 'NotSupported', description: 'no' },
    ],
    [{ outcome: 'timeout' } as const, null],
    [{ outcome: 'offline' } as const, null],
    [{ outcome: 'unknown', detail: 'the edge died' } as const, null],
  ])('answer 200 whatever the charger made of it: %j', async (came, payload) => {
    api.answerWith(({ commandId }) => ({ ...came, commandId }))
    const answer = await api.ask('POST', '/v1/chargers/CP-1/calls/Reset', { type: 'Soft' })
    expect([answer.status, answer.json.outcome, answer.json.payload]).toEqual([200, came.outcome, payload])
    api.answerWith(({ commandId }) => ({ outcome: 'result', commandId, status: 'Accepted', payload: {} }))
  })

  it('are refused when the official schema of a known action refuses them, by field', async () => {
    const before = api.commands.length
    const answer = await api.ask('POST', '/v1/chargers/CP-1/calls/Reset', { type: 'Soggy' })
    expect(answer.status).toBe(422)
    expect(answer.json).toMatchObject({ errors: [{ path: '/body/type' }] })
    expect((await api.ask('POST', '/v1/chargers/CP-1/calls/BootNotification', {})).status).toBe(422)
    const bySlip = await api.ask('POST', '/v1/chargers/CP-1/commands/changeconfiguration', { key: 'a', value: 'b' })
    expect([bySlip.status, api.commands.length]).toEqual([404, before])
    const slip = await api.ask('POST', '/v1/chargers/CP-1/calls/changeconfiguration', { key: 'a', value: 'b' })
    expect([slip.status, slip.json.detail]).toEqual([422, expect.stringContaining('is written ChangeConfiguration')])
    expect((await api.ask('POST', '/v1/chargers/CP-1/calls/Re-set', {})).status).toBe(400)
    expect((await api.ask('POST', '/v1/chargers/CP-1/calls/Reset', [])).status).toBe(400)
    expect(api.commands).toHaveLength(before)
  })

  it.each(['calls/ChangeConfiguration', 'commands/ChangeConfiguration', 'commands/change-configuration'])(
    'and commands that may lock the charger out are refused: %s',
    async (path) => {
      const before = api.commands.length
      for (const key of ['AuthorizationKey', 'securityProfile', ' authorizationKEY']) {
        const body = { key, value: '3' }
        const refused = await api.ask('POST', `/v1/chargers/CP-1/${path}`, body)
        expect([refused.status, refused.json.detail]).toEqual([422, expect.stringContaining('/security, which keeps')])
        expect(api.commands).toHaveLength(before)
      }
    },
  )

  it('to a charger that is not there are not found', async () => {
    api.answerWith(() => ({ outcome: 'refused', reason: 'unknown-charger', detail: 'none' }))
    expect((await api.ask('POST', '/v1/chargers/nobody/calls/Reset', { type: 'Soft' })).status).toBe(404)
    api.answerWith(({ commandId }) => ({ outcome: 'result', commandId, status: 'Accepted', payload: {} }))
  })

  it('with the same Idempotency-Key are the same call, file transfers included', async () => {
    const payload = { location: 'https://files.example/1', retrieveDate: '2026-01-31T12:00:00Z' }
    const send = async (key: string) => {
      await api.ask('POST', '/v1/chargers/CP-1/calls/UpdateFirmware', payload, { 'idempotency-key': key })
      const { commandId, command } = api.commands.at(-1)!
      return { commandId, command }
    }
    const first = await send('a')
    expect(first.command).toMatchObject({ type: 'UpdateFirmware', requestId: expect.any(Number) })
    expect(await send('a')).toEqual(first)
    expect((await send('b')).commandId).not.toBe(first.commandId)
  })
})

describe('an operator key without the role grid', () => {
  let api: RunningApi
  beforeAll(async () => {
    api = await withCharger({ OPERATOR_ROLES: 'none' })
  }, 60_000)
  afterAll(() => api?.stop())

  it('may make any call but one that touches limits, by whichever route', async () => {
    for (const [path, body] of [
      ['calls/SetChargingProfile', { connectorId: 1, csChargingProfiles: profile }],
      [
        'calls/RemoteStartTransaction',
        { idTag: 'A', chargingProfile: { ...profile, chargingProfilePurpose: 'TxProfile' } },
      ],
      ['calls/DataTransfer', { vendorId: 'v' }],
      ['commands/raw-call', { action: 'ClearChargingProfile', payload: {} }],
    ] as const) {
      const answer = await api.ask('POST', `/v1/chargers/CP-1/${path}`, body)
      expect([path, answer.status, answer.json.type]).toEqual([path, 403, 'urn:voltrail:problem:forbidden'])
    }
    expect(api.commands).toEqual([])
    expect((await api.ask('POST', '/v1/chargers/CP-1/calls/Reset', { type: 'Soft' })).status).toBe(200)
    expect((await api.ask('POST', '/v1/chargers/CP-1/calls/RemoteStartTransaction', { idTag: 'A' })).status).toBe(200)
  })
})
