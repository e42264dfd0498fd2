import { recordSession } from './fixtures/recorded-session.ts'
import { operatorKey, runApi, until } from './fixtures/running-api.ts'
import type { RunningApi } from './fixtures/running-api.ts'

describe('the REST surface', () => {
  let api: RunningApi
  let recorded: Awaited<ReturnType<typeof recordSession>>
  let going: Awaited<ReturnType<typeof recordSession>>

  beforeAll(async () => {
    api = await runApi()
    recorded = await recordSession(api, { tenant: 'default', charger: 'CP 1', transaction: '4711', token: '04A1B2C3' })
    going = await recordSession(api, {
      tenant: 'default',
      charger: 'CP-2',
      transaction: '12',
      token: 'DEADBEEF',
      stop: false,
    })
    await recordSession(api, { tenant: 'other', charger: 'CP-9', transaction: '1', token: 'SECRET' })
    await until(async () => (await api.ask('GET', '/v1/sessions')).json?.items?.length === 2)
  }, 60_000)
  afterAll(() => api?.stop())

  describe('the operator key', () => {
    it.each(['', 'Bearer', 'Bearer wrong', `Basic ${operatorKey}`, `Bearer ${operatorKey}x`])(
      'is wanted: "%s" gets a 401 problem',
      async (authorization) => {
        const answer = await api.ask('GET', '/v1/chargers', undefined, { authorization })
        expect(answer.status).toBe(401)
        expect(answer.type).toBe('application/problem+json')
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /)
      },
    )
    it('is wanted for paths below /v1 that do not exist, and however they are spelt', async () => {
      for (const path of ['/v1/nothing', '/%76%31/chargers', '/v1/events']) {
        expect((await api.ask('GET', path, undefined, { authorization: '' })).status).toBe(401)
      }
    })
    it('is not wanted for probes, the document and the pages', async () => {
      for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs', '/']) {
        expect([path, (await api.ask('GET', path, undefined, { authorization: '' })).status]).toEqual([path, 200])
      }
    })
  })

  describe('problems', () => {
    it.each([
      ['GET', '/nothing', undefined, 404],
      ['GET', '/v1/nothing', undefined, 404],
      ['DELETE', '/v1/chargers', undefined, 405],
      ['POST', '/v1/id-tokens', '{"token":', 400],
      ['POST', '/v1/id-tokens', [], 400],
      ['POST', '/v1/id-tokens', { token: 7 }, 400],
      ['POST', '/v1/id-tokens', { token: 'X', colour: 'red' }, 400],
      ['POST', '/v1/id-tokens', { token: 'A\u0000B' }, 400],
      ['POST', '/v1/id-tokens', { token: 'A', label: 'B\ud800' }, 400],
      ['GET', '/v1/id-tokens/A%00B', undefined, 400],
      ['GET', '/v1/sessions?cursor=%00', undefined, 400],
      ['POST', '/v1/chargers/CP-1/commands/change-configuration', { key: 'A', value: '\u0000' }, 400],
      ['PUT', '/v1/id-tokens/X', { status: 'Maybe' }, 400],
      ['POST', '/v1/tariffs', { id: 'a b' }, 400],
      ['POST', '/v1/tariffs/none/assignments', { scope: { kind: 'planet' } }, 400],
      ['POST', '/v1/tariffs/none/assignments', { scope: { kind: 'tenant' } }, 404],
      ['PUT', `/v1/chargers/${'x'.repeat(49)}`, {}, 400],
      ['PUT', '/v1/chargers/CP-3', { registration: 'Sure' }, 400],
      ['PATCH', '/v1/settings', { heartbeatSeconds: 1 }, 400],
      ['POST', '/v1/chargers/CP-1/commands/reset', { kind: 'Soggy' }, 400],
      ['POST', '/v1/chargers/CP-1/commands/explode', {}, 404],
      ['GET', '/v1/chargers?limit=0', undefined, 400],
      ['GET', '/v1/quirks?bogus=1', undefined, 400],
      ['PUT', '/v1/local-list', { mode: 'selected' }, 400],
      ['PUT', '/v1/chargers/CP-2/local-list', { mode: 'selected' }, 400],
      ['GET', '/v1/chargers?cursor=xyz', undefined, 400],
      ['GET', '/v1/chargers/none', undefined, 404],
      ['GET', '/v1/chargers/none/commands', undefined, 404],
      ['GET', '/v1/sessions/none', undefined, 404],
      ['GET', '/v1/sessions/CP-2.99', undefined, 404],
      ['GET', '/v1/sessions/CP-2.99/history', undefined, 404],
      ['GET', '/v1/sessions?from=yesterday', undefined, 400],
      ['GET', '/v1/id-tokens/unknown', undefined, 404],
      ['GET', '/v1/tariffs/none', undefined, 404],
      ['GET', '/v1/events?after=soon', undefined, 400],
      ['GET', '/v1/events?category=weather', undefined, 400],
      ['GET', '/v1/events?types=SunShone', undefined, 400],
      ['GET', '/%zz', undefined, 400],
    ])('%s %s %j is answered %#', async (method, path, body, status) => {
      const answer = await api.ask(method, path, body)
      expect(answer.json).toMatchObject({
        status,
        type: expect.stringMatching(/^urn:voltrail:problem:/),
        title: expect.any(String),
      })
      expect(answer.json.detail.length).toBeGreaterThan(10)
      expect([answer.status, answer.type]).toEqual([status, 'application/problem+json'])
    })
    it('name the field and what is allowed', async () => {
      const { json } = await api.ask('POST', '/v1/id-tokens', { token: 'X', status: 'Maybe' })
      expect(json.errors).toEqual([
        { path: '/body/status', message: 'must be one of "Accepted", "Blocked", "Expired", "Invalid"' },
      ])
    })
    it('say which methods there are', async () => {
      expect((await api.ask('DELETE', '/v1/id-tokens')).headers.get('allow')).toBe('GET, HEAD, POST')
    })
    it('are given for a body that is too large and for one that is not announced as JSON', async () => {
      expect((await api.ask('POST', '/v1/id-tokens', { token: 'x'.repeat(1_100_000) })).json).toMatchObject({
        status: 413,
      })
      expect(
        (await api.ask('POST', '/v1/id-tokens', 'token=X', { 'content-type': 'application/x-www-form-urlencoded' }))
          .json,
      ).toMatchObject({ status: 415 })
    })
  })

  describe('id tokens', () => {
    it('are issued once, and shown in clear', async () => {
      const body = {
        token: '04 a1',
        type: 'ISO14443',
        status: 'Accepted',
        label: 'Ann',
        groupToken: 'FLEET',
        expiresAt: '2030-01-01T00:00:00+01:00',
      }
      const first = await api.ask('POST', '/v1/id-tokens', body)
      expect(first.status).toBe(201)
      const again = await api.ask('POST', '/v1/id-tokens', body)
      expect(again.status).toBe(200)
      const shown = {
        token: '04 a1',
        type: 'ISO14443',
        status: 'Accepted',
        label: 'Ann',
        groupToken: 'FLEET',
        expiresAt: '2029-12-31T23:00:00.000Z',
        erased: false,
      }
      expect(again.json).toMatchObject(shown)
      expect((await api.ask('GET', '/v1/id-tokens/04%20A1')).json).toMatchObject(shown)
    })
    it('are changed by PUT, and what is absent is cleared', async () => {
      await api.ask('PUT', '/v1/id-tokens/BEEF', { label: 'Bob' })
      const changed = await api.ask('PUT', '/v1/id-tokens/beef', { status: 'Blocked' })
      expect([changed.status, changed.json.status, changed.json.label]).toEqual([200, 'Blocked', null])
    })
    it('are changed by PATCH in what it names alone, and null clears', async () => {
      const body = { label: 'Eve', groupToken: 'FLEET', expiresAt: '2030-01-01T00:00:00.000Z' }
      await api.ask('PUT', '/v1/id-tokens/PATCHED', body)
      const blocked = await api.ask('PATCH', '/v1/id-tokens/patched', { status: 'Blocked' })
      expect(blocked).toMatchObject({ status: 200, json: { ...body, token: 'PATCHED', status: 'Blocked' } })
      const cleared = await api.ask('PATCH', '/v1/id-tokens/PATCHED', { label: null, expiresAt: null })
      expect(cleared.json).toMatchObject({ label: null, expiresAt: null, groupToken: 'FLEET', status: 'Blocked' })
      expect((await api.ask('PATCH', '/v1/id-tokens/NEVER', { status: 'Blocked' })).status).toBe(404)
      expect((await api.ask('PATCH', '/v1/id-tokens/PATCHED', {})).status).toBe(400)
    })
    it('are listed once the read model has them, page by page', async () => {
      await until(async () => (await api.ask('GET', '/v1/id-tokens')).json.items.length >= 2)
      const first = await api.ask('GET', '/v1/id-tokens?limit=1')
      expect(first.json.items).toHaveLength(1)
      const second = await api.ask('GET', `/v1/id-tokens?limit=1&cursor=${first.json.next}`)
      expect(second.json.items[0].ref).not.toBe(first.json.items[0].ref)
    })
    it('that were erased say so', async () => {
      await api.ask('POST', '/v1/id-tokens', { token: 'FORGET', label: 'Carl' })
      await api.vault.erase('default' as never, api.vault.tokenRef('default' as never, 'FORGET'))
      // the api keeps keys in memory for up to 30 s; a token it never opened is asked for
      const list = await until(async () => {
        const found = (await api.ask('GET', '/v1/id-tokens?limit=500')).json.items
        return found.length >= 3 && found
      })
      expect(list.every((one: { token: string | null; erased: boolean }) => one.erased === (one.token === null))).toBe(
        true,
      )
    })
  })

  describe('tariffs', () => {
    const tariff = {
      id: 'standard',
      name: 'Standard',
      currency: 'EUR',
      elements: [{ price_components: [{ type: 'ENERGY', price: '0.39', vat: '19' }] }],
      assign: 'tenant',
    }
    it('are defined and assigned in one request, once', async () => {
      const first = await api.ask('POST', '/v1/tariffs', tariff)
      expect([first.status, first.json.assignments.length]).toEqual([201, 1])
      const again = await api.ask('POST', '/v1/tariffs', tariff)
      expect([again.status, again.json.assignments.length, again.json.revision]).toEqual([200, 1, '0'])
      expect((await api.ask('GET', '/v1/tariffs/standard')).json).toMatchObject({
        tariffId: 'standard',
        elements: [{ price_components: [{ type: 'ENERGY', price: '0.39', vat: '19', step_size: 1 }] }],
      })
    })
    it('are made the tenant’s again by who asks for it, when another one was in between', async () => {
      await api.ask('POST', '/v1/tariffs', tariff)
      await api.ask('POST', '/v1/tariffs', { ...tariff, id: 'weekend', name: 'Weekend' })
      await until(async () => (await api.ask('GET', '/v1/tariffs')).json.items.length === 2)
      expect((await api.ask('POST', '/v1/tariffs', tariff)).json.assignments).toHaveLength(2)
    })
    it('are assigned to a charger from an instant on', async () => {
      await api.ask('POST', '/v1/tariffs', tariff)
      const answer = await api.ask('POST', '/v1/tariffs/standard/assignments', {
        scope: { kind: 'charger', chargerId: 'CP 1' },
        validFrom: '2026-02-01T00:00:00Z',
      })
      expect(answer.json.assignments).toContainEqual({
        scope: { kind: 'charger', chargerId: 'CP 1' },
        validFrom: '2026-02-01T00:00:00.000Z',
      })
      const listed = await until(async () => {
        const [one] = (await api.ask('GET', '/v1/tariffs')).json.items
        return one?.assignments.length === 3 && one
      })
      expect(listed).toMatchObject({ tariffId: 'standard', currency: 'EUR' })
    })
  })

  describe('settings', () => {
    it('are the defaults until they are changed', async () => {
      expect((await api.ask('GET', '/v1/settings')).json).toEqual({
        adoption: 'closed',
        unknownTokens: 'Invalid',
        heartbeatSeconds: 300,
        concurrentUse: 'allowed',
        inferAvailableMinutes: 15,
        inferSilentHours: 72,
        settleAfterHours: 168,
        strict: false,
        defaultSubprotocol: 'edge',
        revision: null,
      })
      expect((await api.ask('PATCH', '/v1/settings', { adoption: 'pending' })).json).toEqual({
        adoption: 'pending',
        unknownTokens: 'Invalid',
        heartbeatSeconds: 300,
        concurrentUse: 'allowed',
        inferAvailableMinutes: 15,
        inferSilentHours: 72,
        settleAfterHours: 168,
        strict: false,
        defaultSubprotocol: 'edge',
        revision: '0',
      })
    })

    it('are not strict while a tariff is assigned', async () => {
      const answer = await api.ask('PATCH', '/v1/settings', { strict: true })
      expect([answer.status, answer.json.type]).toEqual([422, 'urn:voltrail:problem:refused'])
      expect((await api.ask('GET', '/v1/settings')).json).toMatchObject({ strict: false })
    })

    it('say when sessions end by inference and settle; a change of one leaves the others', async () => {
      const change = { concurrentUse: 'refused', inferAvailableMinutes: 30, inferSilentHours: 24, settleAfterHours: 48 }
      expect((await api.ask('PATCH', '/v1/settings', change)).json).toMatchObject({ ...change, revision: '1' })
      expect((await api.ask('PATCH', '/v1/settings', { heartbeatSeconds: 60 })).json).toMatchObject({
        ...change,
        adoption: 'pending',
        heartbeatSeconds: 60,
        revision: '2',
      })
      for (const wrong of [{ inferAvailableMinutes: 0 }, { settleAfterHours: 8761 }, { concurrentUse: 'sometimes' }])
        expect((await api.ask('PATCH', '/v1/settings', wrong)).status).toBe(400)
    })
  })

  describe('chargers', () => {
    it('are listed with connectors and connection', async () => {
      const { json } = await api.ask('GET', '/v1/chargers')
      expect(json.items.map((one: { chargerId: string }) => one.chargerId)).toEqual(['CP 1', 'CP-2'])
      expect(json.items[1]).toMatchObject({
        connected: true,
        registration: 'Accepted',
        vendor: 'Acme',
        connectors: [{ evseId: 1, status: 'Charging', errorCode: 'NoError' }],
        openTransactions: [{ transactionId: '12', evseId: 1 }],
      })
      expect((await api.ask('GET', '/v1/chargers?connected=false')).json.items).toHaveLength(1)
    })
    it('are found by their percent-encoded id', async () => {
      expect((await api.ask('GET', '/v1/chargers/CP%201')).json).toMatchObject({
        chargerId: 'CP 1',
        connected: false,
        faults: [],
      })
    })
    it.each([
      ['fewer bytes than a key has', 'correct horse'],
      ['more bytes than a key has', 'correct horse battery staple'],
      ['hex digits of too few bytes', '0123456789abcdef01234567'],
    ])('are given no password of %s, but by force', async (_what, password) => {
      const refused = await api.ask('PUT', '/v1/chargers/NEW-3', { password, securityProfile: 1 })
      expect(refused).toMatchObject({ status: 422, json: { errors: [{ path: '/body/password' }] } })
      expect(refused.json.detail).toContain('an AuthorizationKey has 16 to 20 bytes, or 32 to 40 hexadecimal digits')
      expect(JSON.stringify(refused.json)).not.toContain(password)
      const taken = await api.ask('PUT', '/v1/chargers/NEW-3', { password, securityProfile: 1, force: true })
      expect([200, 201]).toContain(taken.status)
    })
    it('are given no security profile with a password while they have none, not even by force', async () => {
      for (const force of [{}, { force: true }]) {
        const refused = await api.ask('PUT', '/v1/chargers/NEW-4', { securityProfile: 2, ...force })
        expect([refused.status, refused.json.reason]).toEqual([422, 'password-needed'])
      }
    })
    it('are registered, with digests of the password in place of it', async () => {
      const first = await api.ask('PUT', '/v1/chargers/NEW-1', { password: 'correct horse', force: true })
      expect([first.status, first.json.registration]).toEqual([201, 'Accepted'])
      const again = await api.ask('PUT', '/v1/chargers/NEW-1', { password: 'correct horse', force: true })
      expect([again.status, again.json.changed]).toEqual([200, false])
      // taken, as the charger has no other, and flagged
      const flagged = async () => (await api.ask('GET', '/v1/chargers/NEW-1')).json.passwordShort as boolean
      await until(async () => (await flagged()) === true)
      expect((await api.ask('GET', '/v1/chargers/NEW-1/security')).json).toMatchObject({ passwordShort: true })
      await api.ask('PUT', '/v1/chargers/NEW-1', { registration: 'Rejected' })
      const changed = await api.ask('PUT', '/v1/chargers/NEW-1', { password: 'another horse batter' })
      expect([changed.status, changed.json.registration]).toEqual([200, 'Rejected'])
      const locked = await api.ask('PUT', '/v1/chargers/NEW-2', { securityProfile: 1 })
      expect([locked.status, locked.json.kind ?? locked.json.type]).toEqual([422, expect.stringContaining('refused')])
      await until(async () => (await api.ask('GET', '/v1/chargers/NEW-1')).json.securityProfile === 1)
      await until(async () => (await flagged()) === false)
    })
  })

  describe('commands', () => {
    it('reach central as the operator means them, and bring back what the charger said', async () => {
      const answer = await api.ask('POST', '/v1/chargers/CP-2/commands/remote-start?timeoutMs=5000', {
        connectorId: 1,
        idToken: '04A1B2C3',
      })
      expect(answer.json).toMatchObject({ outcome: 'result', status: 'Accepted', payload: { status: 'Accepted' } })
      expect(api.commands.at(-1)).toMatchObject({
        commandId: answer.json.commandId,
        chargerId: 'CP-2',
        timeoutMs: 5000,
        actor: { kind: 'operator' },
        command: { type: 'RemoteStart', evseId: 1, idToken: { value: '04A1B2C3', type: 'ISO14443' } },
      })
    })
    it('say what the word of a charger means, whatever the command', async () => {
      const usual: Parameters<typeof api.answerWith>[0] = ({ commandId }) => ({
        outcome: 'result',
        commandId,
        status: 'Accepted',
        payload: { status: 'Accepted' },
      })
      for (const [status, meaning, detail] of [
        ['Unlocked', 'done', undefined],
        ['UnlockFailed', 'failed', expect.stringContaining('still locked')],
        ['NotSupported', 'notSupported', undefined],
      ]) {
        api.answerWith(({ commandId }) => ({ outcome: 'result', commandId, status, payload: { status } }))
        const { json } = await api.ask('POST', '/v1/chargers/CP-2/commands/unlock-connector', { connectorId: 1 })
        expect([json.status, json.meaning, json.detail]).toEqual([status, meaning, detail])
      }
      api.answerWith(usual)
    })
    it('need no body when they have no fields', async () => {
      expect((await api.ask('POST', '/v1/chargers/CP-2/commands/ClearCache')).json).toMatchObject({ outcome: 'result' })
      expect((await api.ask('POST', '/v1/chargers/CP-2/commands/clear-cache', '')).json).toMatchObject({
        outcome: 'result',
      })
    })
    it('with the same Idempotency-Key are the same command of that charger', async () => {
      const send = (charger: string, key: string) =>
        api
          .ask('POST', `/v1/chargers/${charger}/commands/reset`, { kind: 'Soft' }, { 'idempotency-key': key })
          .then(({ json }) => json.commandId)
      expect(await send('CP-2', 'k1')).toBe(await send('CP-2', 'k1'))
      expect(await send('CP-2', 'k1')).not.toBe(await send('CP-2', 'k2'))
      expect(await send('CP-2', 'k1')).not.toBe(await send('CP-3', 'k1'))
    })
    it('with the same Idempotency-Key and another body are no repeat: nothing is told of what was not sent', async () => {
      const send = (kind: string, command = 'reset') =>
        api
          .ask('POST', `/v1/chargers/CP-2/commands/${command}`, { kind }, { 'idempotency-key': 'k9' })
          .then(({ json }) => json.commandId)
      const soft = await send('Soft')
      expect(await send('Soft', 'Reset')).toBe(soft)
      expect(await send('Hard')).not.toBe(soft)
    })
    it.each([
      ['callError', { outcome: 'callError', code: 'NotSupported', description: 'no' }, 200],
      ['timeout', { outcome: 'timeout' }, 200],
      ['offline', { outcome: 'offline' }, 200],
      ['unknown', { outcome: 'unknown', detail: 'the edge died' }, 200],
      ['an unknown charger', { outcome: 'refused', reason: 'unknown-charger', detail: '' }, 404],
      ['a refusal', { outcome: 'refused', reason: 'invalid-request', detail: 'no such EVSE' }, 422],
      ['an outage', { outcome: 'unavailable', reason: 'the log is away' }, 503],
    ])('that end as %s say so', async (_name, reply, status) => {
      api.answerWith(({ commandId }) => ({ commandId, ...reply }) as never)
      const answer = await api.ask('POST', '/v1/chargers/CP-2/commands/reset', { kind: 'Soft' })
      expect(answer.status).toBe(status)
      if (status === 200) expect(answer.json.outcome).toBe(reply.outcome)
      else expect(answer.type).toBe('application/problem+json')
    })
    it('are listed, newest first', async () => {
      const { json } = await api.ask('GET', '/v1/chargers/CP-2/commands')
      expect(json.items).toMatchObject([
        { commandId: 'stop-12', type: 'RemoteStop', outcome: 'result', status: 'Accepted' },
        { commandId: 'other-12', outcome: 'pending' },
      ])
    })
    it('are a 503 at once when no central runs', async () => {
      await api.centralAway()
      const answer = await api.ask('POST', '/v1/chargers/CP-2/commands/reset', { kind: 'Soft' })
      const token = await api.ask('POST', '/v1/id-tokens', { token: 'X' })
      await api.centralBack()
      expect([answer.status, token.status]).toEqual([503, 503])
      expect(answer.headers.get('retry-after')).toBe('2')
    })
  })

  describe('sessions', () => {
    it('are listed with energy and cost, the token in clear', async () => {
      const { json } = await api.ask('GET', '/v1/sessions?chargerId=CP%201')
      expect(json).toMatchObject({
        next: null,
        items: [
          {
            sessionId: recorded.session,
            chargerId: 'CP 1',
            transactionId: '4711',
            state: 'stopped',
            energyWh: 7400,
            energySource: 'meter-stop',
            costMinor: 344,
            currency: 'EUR',
            billing: 'final',
            idToken: { token: '04A1B2C3', type: 'ISO14443', erased: false },
          },
        ],
      })
    })
    it('are filtered by state and start', async () => {
      const ids = async (query: string) =>
        (await api.ask('GET', `/v1/sessions?${query}`)).json.items.map((one: { sessionId: string }) => one.sessionId)
      expect(await ids('state=active')).toEqual([going.session])
      expect(await ids('from=2026-01-31T13:00:00%2B01:00&to=2026-01-31T13:00:01%2B01:00')).toHaveLength(2)
      expect(await ids('from=2026-01-31T12:00:01Z')).toEqual([])
    })
    it('are shown with the bill and the energy over time', async () => {
      const { json } = await api.ask('GET', `/v1/sessions/${recorded.session}`)
      expect(json).toMatchObject({
        bill: {
          kind: 'final',
          tariffId: 'standard',
          lines: [{ type: 'ENERGY', quantity: '7.4', netMinor: 289 }],
          vatMinor: 55,
          costMinor: 344,
        },
        billingEntries: [{ kind: 'rated', revision: '0' }],
        energy: [{ at: '2026-01-31T12:30:00.000Z', registerWh: 4700, energyWh: 3700 }],
      })
    })
  })

  describe('the history of a session', () => {
    type Entry = {
      type: string
      stream: string
      revision: string
      frame: { text: string } | null
      personal: { text: string; path: string }[]
      [key: string]: unknown
    }
    let items: Entry[]
    beforeAll(async () => {
      items = (await api.ask('GET', `/v1/sessions/${recorded.session}/history`)).json.items
    })

    it('has every event of the session, of its bill, and those of the charger that concern it, in order', () => {
      expect(items.map(({ type }) => type)).toEqual([
        'AuthorizationDecided',
        'TransactionOpened',
        'SessionStarted',
        'ConnectorStatusChanged',
        'SessionEnergyMetered',
        'CommandRequested',
        'CommandSettled',
        'SessionStopped',
        'TransactionClosed',
        'ConnectorStatusChanged',
        'SessionRated',
      ])
    })
    it('opens what is sealed beside the data, and leaves the data as it is in the log', () => {
      const started = items.find(({ type }) => type === 'SessionStarted')!
      expect(started.personal).toEqual([{ path: '/idToken/sealed', text: '04A1B2C3', erased: false }])
      expect(JSON.stringify(started['data'])).not.toContain('04A1B2C3')
    })
    it('shows the frame that caused an event, sealed ones too, and finds it where the same message keeps it', () => {
      const frameOf = (type: string) => items.find((entry) => entry.type === type)!
      expect(frameOf('SessionStarted').frame).toEqual({ text: recorded.startFrame, sealed: true })
      expect(frameOf('TransactionOpened')).toMatchObject({
        frame: { text: recorded.startFrame },
        frameKeptBy: `session-default.${recorded.session}@0`,
      })
      expect(frameOf('CommandSettled')['frames']).toEqual({
        sent: { text: '[2,"c1","RemoteStopTransaction",{}]', sealed: false },
        received: { text: '[3,"c1",{"status":"Accepted"}]', sealed: false },
      })
      expect(frameOf('SessionEnergyMetered').frame).toEqual({ text: '[2,"19","MeterValues",{}]', sealed: false })
    })
    it('has decision inputs, times and hashes', () => {
      for (const entry of items)
        expect(entry).toMatchObject({ decision: { build: 'test' }, hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
      expect(items.find(({ type }) => type === 'SessionStopped')).toMatchObject({
        occurredAt: '2026-01-31T13:00:00.000Z',
        receivedAt: '2026-01-31T13:00:00.000Z',
      })
    })
    it('comes in pages when asked', async () => {
      const path = `/v1/sessions/${recorded.session}/history?limit=6`
      const first = (await api.ask('GET', path)).json
      const second = (await api.ask('GET', `${path}&cursor=${first.next}`)).json
      expect([...first.items, ...second.items]).toEqual(items)
      expect(second.next).toBeNull()
    })
    it('says what was erased', async () => {
      const gone = await recordSession(api, { tenant: 'default', charger: 'CP-E', transaction: '5', token: 'ERASE-ME' })
      await api.vault.erase('default' as never, gone.tokenRef)
      const { json } = await api.ask('GET', `/v1/sessions/${gone.session}/history`)
      expect(json.items.find((entry: Entry) => entry.type === 'SessionStarted')).toMatchObject({
        frame: { erased: true },
        personal: [{ text: null, erased: true }],
      })
    })
  })

  it('shows nothing of another tenant', async () => {
    expect((await api.ask('GET', '/v1/chargers/CP-9')).status).toBe(404)
    expect((await api.ask('GET', '/v1/sessions/CP-9.1/history')).status).toBe(404)
  })

  it('tells nobody who asks for the page anything but the page', async () => {
    const page = await api.ask('GET', '/', undefined, { authorization: '' })
    expect(page.type).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.text).not.toContain(operatorKey)
    expect(page.text).not.toMatch(/(src|href)="https?:/)
  })
})
