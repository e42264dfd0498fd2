import { recordSession } from './fixtures/recorded-session.ts'
import { runApi, until, type RunningApi } from './fixtures/running-api.ts'

describe('a request that is wrong', () => {
  let api: RunningApi
  beforeAll(async () => {
    api = await runApi()
    await recordSession(api, { tenant: 'default', charger: 'CP-1', transaction: '1', token: '04A1' })
    await until(async () => (await api.ask('GET', '/v1/chargers/CP-1')).json?.subprotocol === 'ocpp1.6')
  }, 60_000)
  afterAll(() => api?.stop())

  const settle = '/v1/reviews/charger-default.CP-1@1/settle'
  it.each([
    ['POST', settle, { decision: {} }, '/body/decision/kind', /must be one of "dismiss", "attribute", "correct"/],
    ['POST', settle, { decision: { kind: 'no' } }, '/body/decision/kind', /must be one of "dismiss"/],
    ['POST', settle, undefined, '/body', /is missing: send a JSON object, announced by/],
    [
      'POST',
      '/v1/reviews/nonsense/settle',
      {},
      '/path/id',
      /must be <stream>@<revision>, as the list of reviews shows/,
    ],
    ['GET', '/v1/sessions/nonsense', undefined, '/path/id', /must be <charger>.<transaction>, as the list of sessions/],
    ['POST', '/v1/chargers/CP-1/firmware', undefined, '/body', /is missing: send a JSON object/],
    ['POST', '/v1/chargers/CP-1/calls/clear-cache', {}, '/path/action', /as it stands in the frame, like ClearCache/],
    [
      'POST',
      '/v1/chargers/CP-1/commands/unlock-connector',
      { connectorId: 0 },
      '/body/connectorId',
      /must be at least 1: 0 is the charger as a whole/,
    ],
    [
      'POST',
      '/v1/chargers/CP-1/commands/remote-start',
      { evseId: 0, idToken: 'A' },
      '/body/evseId',
      /must be at least 1: 0 is the charger as a whole/,
    ],
  ] as const)(
    '%s %s with %j is told what is wrong, where and what to do',
    async (method, path, body, where, sentence) => {
      const { status, json } = await api.ask(method, path, body)
      expect([400, 404]).toContain(status)
      expect(json.errors).toContainEqual({ path: where, message: expect.stringMatching(sentence) })
      expect(json.detail).toMatch(sentence)
    },
  )

  it('because a charger sends that call, and is not sent it, is told what a charger can be sent', async () => {
    const { status, json } = await api.ask('POST', '/v1/chargers/CP-1/calls/BootNotification', {})
    expect([status, json.detail]).toEqual([
      422,
      expect.stringMatching(
        /^BootNotification is what a charger sends, .* can be sent CancelReservation, .*TriggerMessage/,
      ),
    ])
    expect(json.errors).toBeUndefined()
  })

  it('is none where a log is asked for without a body: it is the diagnostics log, to us', async () => {
    const { status, json } = await api.ask('POST', '/v1/chargers/CP-1/logs')
    // this one has no file service to send it to
    expect([status, json.detail]).toEqual([
      422,
      expect.stringMatching(/^No file service is set up .*: give a location/),
    ])
  })
})
