import type { FactOf } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import { epochCommands, factSubject } from '@voltrail/contracts/subjects'
import type { SessionEvent } from '@voltrail/contracts/events/registry'
import type { Recorded } from '@voltrail/domain/decider'
import { session } from '@voltrail/domain/session'
import { json, openCentral, tenant } from './fixtures/central-fixture.ts'

const minutesAgo = (minutes: number) => instant(Date.now() - minutes * 60_000)
const time = (minutes: number) => ({ raw: minutesAgo(minutes), at: minutesAgo(minutes) })
const idToken = { value: '04A1B2C3', type: 'ISO14443' as const }
const start = (meter: string, at: { raw: string; at?: ReturnType<typeof instant> }): FactOf<'TransactionStart'> => ({
  type: 'TransactionStart',
  evseId: 1,
  connectorId: 1,
  idToken,
  meterStart: { value: meter, unit: 'Wh' },
  time: at,
  raw: { connector: '1', idToken: idToken.value, timestamp: at.raw, meterStart: meter },
})
const stop = (meterStop: string, transactionId: string): FactOf<'TransactionStop'> => ({
  type: 'TransactionStop',
  transactionId: transactionId as never,
  meterStop: { value: meterStop, unit: 'Wh' },
  time: time(0),
  samples: [],
  raw: { transaction: transactionId, idToken: '', timestamp: '', meterStop },
})
const idle = (value: string): FactOf<'MeterValues'> => ({
  type: 'MeterValues',
  evseId: 1,
  connectorId: 1,
  samples: [{ time: time(0), values: [{ measurand: 'Energy.Active.Import.Register', value, unit: 'Wh' }] }],
  raw: { transaction: '', contentHash: value },
})

describe('central, with facts that are hard to take', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral()
    await house.admin({ type: 'PutIdToken', token: idToken, status: 'Accepted' })
  }, 60_000)
  afterAll(() => house.close())

  it('keeps the telemetry of each charger, though fact ids are only unique within one', async () => {
    const [one, two] = [house.charger('CP-tele-1'), house.charger('CP-tele-2')]
    await one.connect()
    await two.connect()
    expect(one.epoch).toBe(two.epoch)
    for (const cp of [one, two])
      await cp.answer({ type: 'ConnectorStatus', evseId: 1, connectorId: 1, status: 'Available', errorCode: 'NoError' })
    await one.answer(idle('1'))
    await two.answer(idle('2'))
    expect((await house.bus.lastMessage('TELEMETRY'))?.subject).toBe('voltrail.default.telemetry.CP-tele-2.1')
  })

  it('writes into the end that it infers the summary that the fold of the session gives', async () => {
    const cp = house.charger('CP-fold')
    await cp.connect()
    const first = await cp.answer(start('100', time(60)))
    await cp.answer(start('900', time(10)))
    const events = (await cp.sessionEvents(first.transactionId)) as unknown as Recorded<SessionEvent>[]
    const stopped = events.at(-1)!
    expect(stopped.type).toBe('SessionStopped')
    const folded = events.reduce((state, event) => session.evolve(state, event), session.initialState)
    expect((stopped.data as { summary: unknown }).summary).toEqual(folded.summary)
  })

  it('tells any number of sessions of a charger without a clock apart', async () => {
    const cp = house.charger('CP-clockless')
    await cp.connect()
    const seen = new Set<string>()
    for (let i = 0; i < 40; i++) {
      const fact = start('0', { raw: '1970-01-01T00:00:00Z' })
      const { transactionId } = await cp.answer(fact)
      expect((await cp.answer(fact)).transactionId).toBe(transactionId)
      await cp.answer(stop('500', transactionId))
      seen.add(transactionId)
    }
    expect(seen.size).toBe(40)
    expect((await cp.events()).filter((event) => event.type === 'FrameParked')).toHaveLength(0)
  }, 30_000)

  it('parks what fails for good, without what came with it if that is the reason, and answers it', async () => {
    const cp = house.charger('CP-poison')
    await cp.connect()
    const poison = (factId: string) => ({ factId, frame: '[2,"1","StartTransaction",{}]' })
    const fact = { ...start('1', time(1)), reservationId: 'x'.repeat(600_000) }
    expect(await cp.tell(fact, poison('poison.1'))).toMatchObject({ outcome: 'unavailable' })
    expect(await cp.tell(fact, poison('poison.1'))).toMatchObject({
      outcome: 'answered',
      answer: { type: 'TransactionStart', authorization: { status: 'Accepted' } },
    })
    expect((await cp.events()).at(-1)).toMatchObject({
      type: 'FrameParked',
      data: { reason: 'poison', meant: 'TransactionStart', authorization: 'Accepted' },
    })

    const loaded = { factId: 'poison.2', normalisations: [{ rule: 'r', path: '', raw: '\u0000' }] }
    expect(await cp.tell(stop('5', '77'), loaded)).toMatchObject({ outcome: 'unavailable' })
    expect(await cp.tell(stop('5', '77'), loaded)).toMatchObject({ outcome: 'answered' })
    expect((await cp.events()).at(-1)).toMatchObject({
      type: 'FrameParked',
      data: { reason: 'poison', meant: 'TransactionStop' },
    })
  })

  it('answers a start that cannot be read with the true status of its token, the same when it is told again', async () => {
    const cp = house.charger('CP-status')
    await cp.connect()
    for (const [value, status] of [
      [idToken.value, 'Accepted'],
      ['NOBODY-1', 'Invalid'],
    ] as const) {
      const readable = { evseId: 1, connectorId: 1, idToken: { value, type: 'ISO14443' as const }, time: time(5) }
      const parked = { type: 'Malformed', meant: 'TransactionStart', violations: ['/meterStart is missing'], readable }
      const frame = JSON.stringify([2, 'm1', 'StartTransaction', { idTag: value }])
      const first = await cp.answer(parked as never, { frame })
      expect(first).toMatchObject({ type: 'TransactionStart', authorization: { status } })
      expect(await cp.answer(parked as never, { frame })).toEqual(first)
    }
  })

  it('counts the failures of each charger by itself', async () => {
    const fact = { ...start('1', time(1)), reservationId: 'x'.repeat(600_000) }
    for (const id of ['CP-fail-1', 'CP-fail-2']) {
      const cp = house.charger(id)
      await cp.connect()
      expect(await cp.tell(fact, { factId: 'same.1' })).toMatchObject({ outcome: 'unavailable' })
    }
  })

  it('parks a fact about energy that breaks the contract between edge and central', async () => {
    const cp = house.charger('CP-contract')
    await cp.connect()
    const fact = { ...start('1', time(1)), idToken: { value: 'x'.repeat(600), type: 'Unknown' as const } }
    expect(await cp.tell(fact)).toMatchObject({ outcome: 'answered', answer: { type: 'Malformed' } })
    expect((await cp.events()).at(-1)).toMatchObject({
      type: 'FrameParked',
      data: { reason: 'malformed', meant: 'TransactionStart' },
    })
    expect(await cp.tell({ type: 'Authorize', idToken: fact.idToken })).toMatchObject({
      outcome: 'refused',
      reason: 'invalid-request',
    })
  })

  it('refuses any other message that can never be recorded, so that the queue behind it goes on', async () => {
    const cp = house.charger('CP-stuck')
    await cp.connect()
    const boot = { type: 'Boot' as const, vendor: 'V', model: 'x'.repeat(600_000) }
    expect(await cp.tell(boot, { factId: 'stuck.1' })).toMatchObject({ outcome: 'unavailable' })
    expect(await cp.tell(boot, { factId: 'stuck.1' })).toMatchObject({ outcome: 'refused', reason: 'invalid-request' })
    await cp.answer({ type: 'Boot', vendor: 'V', model: 'M' })
  })

  it('records the end of a connection whatever text came with it', async () => {
    const cp = house.charger('CP-close')
    await cp.connect()
    await cp.answer({ type: 'Disconnect', code: 1000, reason: 'Reset\u0000' })
    expect((await cp.events()).at(-1)).toMatchObject({ type: 'ChargerDisconnected', data: { reason: 'Reset' } })
  })

  it('settles a command whose answer no event can carry, and tells the operator what came', async () => {
    const cp = house.charger('CP-configured')
    await cp.connect()
    const configurationKey = Array.from({ length: 2000 }, (_, i) => ({
      key: `Key${i}`,
      value: 'v'.repeat(300),
      readonly: false,
    }))
    const edge = house.bus.respond(
      epochCommands(tenant, 'CP-configured' as never, cp.epoch as never),
      {},
      async (message) => {
        message.reply(
          json({ result: { outcome: 'result', status: 'Accepted', payload: { configurationKey } }, frames: {} }),
        )
      },
    )
    await edge.ready
    const reply = await house.command('CP-configured', { type: 'GetConfiguration' }, 'get-1')
    expect(reply).toMatchObject({ outcome: 'result', payload: { configurationKey: expect.any(Array) } })
    expect((await cp.events()).at(-1)).toMatchObject({
      type: 'CommandSettled',
      data: { result: { status: 'Accepted', payload: {} } },
    })

    configurationKey.length = 100
    expect(await house.command('CP-configured', { type: 'GetConfiguration' }, 'get-2')).toMatchObject({
      outcome: 'result',
      payload: { configurationKey },
    })
    expect((await cp.events()).at(-1)).toMatchObject({ type: 'ConfigurationSeen' })
    expect(await house.command('CP-configured', { type: 'GetConfiguration' }, 'get-2')).toMatchObject({
      outcome: 'unknown',
      detail: expect.stringContaining('stands in the log'),
    })
    edge.stop()
  })

  it('takes a fact only from where the subject says that it comes', async () => {
    const cp = house.charger('CP-own')
    await cp.connect()
    const fact = { type: 'Boot' as const, vendor: 'V', model: 'M' }
    const request = {
      factId: 'own.1',
      tenant,
      chargerId: 'CP-own',
      epoch: cp.epoch,
      edge: 'e',
      receivedAt: minutesAgo(0),
      normalisations: [],
      fact,
    }
    for (const subject of [
      factSubject('acme' as never, 'CP-own' as never, 'Boot'),
      factSubject(tenant, 'CP-other' as never, 'Boot'),
    ]) {
      const outcome = await house.bus.request(subject, json(request), { timeoutMs: 5_000 })
      if (outcome.kind !== 'reply') throw new Error(outcome.kind)
      expect(JSON.parse(Buffer.from(outcome.data).toString())).toMatchObject({
        outcome: 'refused',
        reason: 'invalid-request',
      })
    }
    expect((await cp.events()).at(-1)).toMatchObject({ type: 'ChargerConnected' })
  })

  it('keeps no password of a URL and no id token that an error repeats', async () => {
    const cp = house.charger('CP-words')
    await cp.connect()
    const description = `unknown idTag ${idToken.value}`
    const edge = house.bus.respond(
      epochCommands(tenant, 'CP-words' as never, cp.epoch as never),
      {},
      async (message) => {
        message.reply(json({ result: { outcome: 'callError', code: 'GenericError', description }, frames: {} }))
      },
    )
    await edge.ready
    await house.command('CP-words', {
      type: 'ChangeConfiguration',
      key: 'UploadServer',
      value: 'ftp://joe:hunter2@files.example/x',
    })
    expect(await house.command('CP-words', { type: 'RemoteStart', idToken })).toMatchObject({
      outcome: 'callError',
      description,
    })
    const stored = JSON.stringify((await cp.events()).map(({ data, metadata }) => [data, metadata]))
    expect(stored).not.toContain('hunter2')
    expect((await cp.events()).at(-1)).toMatchObject({ data: { result: { description: 'unknown idTag [id token]' } } })
    edge.stop()
  })

  it('parks the stop of a start that was parked, and leaves the session at the other connector open', async () => {
    const cp = house.charger('CP-two')
    await cp.connect()
    const other = await cp.answer(start('100', time(60)))
    const parked = await cp.tell({
      type: 'Malformed',
      meant: 'TransactionStart',
      violations: ['/connectorId is missing'],
    })
    const { transactionId } = (parked as { answer: { transactionId: string } }).answer
    expect(await cp.answer(stop('9000', transactionId))).toEqual({ type: 'TransactionStop' })
    expect((await cp.events()).at(-1)).toMatchObject({ type: 'FrameParked', data: { reason: 'unknown-transaction' } })
    await cp.answer(stop('400', other.transactionId))
    expect((await cp.sessionEvents(other.transactionId)).at(-1)).toMatchObject({
      type: 'SessionStopped',
      data: { energyWh: 300 },
    })
  })
})
