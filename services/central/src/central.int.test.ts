import { createHash } from 'node:crypto'
import type { Fact, FactOf } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import { epochCommands } from '@voltrail/contracts/subjects'
import { verifyChain } from '@voltrail/domain/hash-chain'
import { json, openCentral, tenant } from './fixtures/central-fixture.ts'

const minutesAgo = (minutes: number) => instant(Date.now() - minutes * 60_000)
const time = (minutes: number) => ({ raw: minutesAgo(minutes), at: minutesAgo(minutes) })
const wh = (value: string) => ({ value, unit: 'Wh' as const })
const idToken = { value: '04A1B2C3', type: 'ISO14443' as const }

const start = (meter: string, at: ReturnType<typeof time>, change: Partial<FactOf<'TransactionStart'>> = {}) => ({
  type: 'TransactionStart' as const,
  evseId: 1,
  connectorId: 1,
  idToken,
  meterStart: wh(meter),
  time: at,
  raw: { connector: '1', idToken: idToken.value, timestamp: at.raw, meterStart: meter },
  ...change,
})
const meter = (value: string, at: ReturnType<typeof time>, transactionId?: string, evseId = 1) => ({
  type: 'MeterValues' as const,
  evseId,
  connectorId: evseId === 0 ? 0 : 1,
  ...(transactionId === undefined ? {} : { transactionId: transactionId as never }),
  samples: [{ time: at, values: [{ measurand: 'Energy.Active.Import.Register', value, unit: 'Wh' }] }],
  raw: { transaction: transactionId ?? '', contentHash: `${value}@${at.raw}` },
})
const stop = (meterStop: string, at: ReturnType<typeof time>, transactionId?: string, raw = transactionId ?? '') => ({
  type: 'TransactionStop' as const,
  ...(transactionId === undefined ? {} : { transactionId: transactionId as never }),
  idToken,
  meterStop: wh(meterStop),
  time: at,
  samples: [],
  raw: { transaction: raw, idToken: idToken.value, timestamp: at.raw, meterStop },
})

const textOf = (events: readonly { data: unknown; metadata: unknown }[]) =>
  JSON.stringify(events.map(({ data, metadata }) => [data, metadata]))

describe('central', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral()
    await house.admin({ type: 'PutIdToken', token: idToken, status: 'Accepted' })
  }, 60_000)
  afterAll(() => house.close())

  it('runs a session: each fact is in the log before it is answered, once', async () => {
    const cp = house.charger('CP-session')
    expect(await cp.connect()).toMatchObject({ registration: 'Accepted', known: false })
    expect(await cp.answer({ type: 'Boot', vendor: 'V', model: 'M' })).toMatchObject({ registration: 'Accepted' })
    expect(await cp.answer({ type: 'Authorize', idToken })).toEqual({
      type: 'Authorize',
      authorization: { status: 'Accepted' },
    })
    const { transactionId, authorization } = await cp.answer(start('1000', time(60)))
    expect(authorization.status).toBe('Accepted')
    expect(Number(transactionId)).toBeGreaterThan(0)
    expect(Number(transactionId)).toBeLessThanOrEqual(2 ** 31 - 1)
    await cp.answer(meter('4000', time(30), transactionId))
    expect(await cp.answer(stop('8500', time(1), transactionId))).toMatchObject({
      authorization: { status: 'Accepted' },
    })

    const events = await cp.sessionEvents(transactionId)
    expect(events.map((event) => event.type)).toEqual(['SessionStarted', 'SessionEnergyMetered', 'SessionStopped'])
    expect(events[2]!.data).toMatchObject({ energyWh: 7500, energySource: 'meter-stop' })
    expect((await cp.events()).map((event) => event.type)).toEqual([
      'ChargerRegistered',
      'ChargerConnected',
      'ChargerBooted',
      'AuthorizationDecided',
      'TransactionOpened',
      'TransactionClosed',
    ])
  })

  it('keeps no id token in clear anywhere in the log, and every chain verifies', async () => {
    const cp = house.charger('CP-private')
    await cp.connect()
    await cp.answer({ type: 'Authorize', idToken })
    const { transactionId } = await cp.answer(start('1', time(10)))
    await cp.answer(stop('2', time(1), transactionId))
    for (const stream of [`charger-default.CP-private`, `session-default.CP-private.${transactionId}`]) {
      const stored = []
      for await (const event of house.log.readStored(stream)) stored.push(event)
      expect(stored.length).toBeGreaterThan(1)
      expect(JSON.stringify(stored)).not.toContain(idToken.value)
      expect(verifyChain(stored)).toMatchObject({ ok: true })
    }
  })

  it('gives a start that is told again, with the same fact or a new one, the same transaction and one session', async () => {
    const cp = house.charger('CP-retry')
    await cp.connect()
    const fact = start('100', time(20))
    const first = await cp.answer(fact, { factId: 'x.1' })
    expect(await cp.answer(fact, { factId: 'x.1' })).toEqual(first)
    expect(await cp.answer(fact, { factId: 'x.2' })).toEqual(first)
    await cp.connect()
    expect(await cp.answer(fact)).toEqual(first)
    await cp.answer(stop('300', time(5), first.transactionId))
    expect(await cp.answer(fact)).toEqual(first)
    expect((await cp.sessionEvents(first.transactionId)).map((event) => event.type)).toEqual([
      'SessionStarted',
      'SessionStopped',
    ])
  })

  it('answers every fact asked again from what it decided, and appends nothing', async () => {
    const cp = house.charger('CP-again')
    await cp.connect()
    const { transactionId } = await cp.answer(start('100', time(20)))
    const facts: Fact[] = [
      { type: 'Boot', vendor: 'V', model: 'M' },
      { type: 'Authorize', idToken },
      { type: 'ConnectorStatus', evseId: 1, connectorId: 1, status: 'Charging', errorCode: 'NoError' },
      { type: 'VendorData', vendorId: 'v' },
      meter('150', time(10), transactionId),
      stop('200', time(5), transactionId),
      stop('200', time(4), undefined, '-1'),
    ]
    for (const [i, fact] of facts.entries()) {
      const first = await cp.answer(fact, { factId: `again.${i}` })
      const before = [await cp.events(), await cp.sessionEvents(transactionId)].map((events) => events.length)
      expect(await cp.answer(fact, { factId: `again.${i}` })).toEqual(first)
      expect([await cp.events(), await cp.sessionEvents(transactionId)].map((events) => events.length)).toEqual(before)
    }
  })

  it('records the start of a token that may not charge and says what it is worth', async () => {
    const blocked = { value: 'B10CKED', type: 'ISO14443' as const }
    await house.admin({ type: 'PutIdToken', token: blocked, status: 'Blocked' })
    const cp = house.charger('CP-blocked')
    await cp.connect()
    const blockedStart = start('0', time(3), {
      idToken: blocked,
      raw: { connector: '1', idToken: blocked.value, timestamp: 't', meterStart: '0' },
    })
    const answer = await cp.answer(blockedStart)
    expect(answer.authorization).toEqual({ status: 'Blocked' })
    expect((await cp.sessionEvents(answer.transactionId))[0]!.data).toMatchObject({
      authorization: { status: 'Blocked' },
    })
    const unknown = { value: 'WHO', type: 'ISO14443' as const }
    expect(await cp.answer({ type: 'Authorize', idToken: unknown })).toEqual({
      type: 'Authorize',
      authorization: { status: 'Invalid' },
    })
    expect((await cp.events()).at(-1)).toMatchObject({
      type: 'AuthorizationDecided',
      data: { status: 'Invalid', reason: 'unknown token' },
    })
  })

  it('answers and records a stop for transaction -1: matched with the one open session, or parked', async () => {
    const cp = house.charger('CP-orphan')
    await cp.connect()
    const { transactionId } = await cp.answer(start('100', time(20)))
    const orphan = stop('900', time(2), undefined, '-1')
    await cp.answer(orphan)
    expect((await cp.sessionEvents(transactionId)).at(-1)).toMatchObject({
      type: 'SessionStopped',
      data: { energyWh: 800 },
    })
    await cp.answer(orphan)
    expect((await cp.events()).filter((event) => event.type === 'FrameParked')).toHaveLength(0)
    await cp.answer(stop('5000', time(1), undefined, '-1'))
    expect((await cp.events()).at(-1)).toMatchObject({
      type: 'FrameParked',
      data: { reason: 'unknown-transaction', meant: 'TransactionStop' },
    })
  })

  it('gives meter values without a usable transaction to the session that is open on their EVSE, and keeps others as telemetry', async () => {
    const cp = house.charger('CP-meter')
    await cp.connect()
    const { transactionId } = await cp.answer(start('100', time(20)))
    await cp.answer(meter('200', time(10)))
    await cp.answer(meter('300', time(9), '999999'))
    expect((await cp.sessionEvents(transactionId)).map((event) => event.type)).toEqual([
      'SessionStarted',
      'SessionEnergyMetered',
      'SessionEnergyMetered',
    ])
    await cp.answer({ type: 'ConnectorStatus', evseId: 2, connectorId: 1, status: 'Available', errorCode: 'NoError' })
    await cp.answer(meter('77', time(0), undefined, 2))
    const kept = await house.bus.lastMessage('TELEMETRY')
    expect(kept?.subject).toBe('voltrail.default.telemetry.CP-meter.2')
  })

  it('gives what is told at connector 0 to the one open session, and what is below its meter start to no session: it is of the main meter', async () => {
    const cp = house.charger('CP-main-meter')
    await cp.connect()
    const { transactionId } = await cp.answer(start('100', time(20)))
    await cp.answer(meter('400', time(10), undefined, 0))
    await cp.answer(meter('70', time(9), undefined, 0))
    expect((await house.bus.lastMessage('TELEMETRY'))?.subject).toBe('voltrail.default.telemetry.CP-main-meter.0')
    await cp.answer(stop('900', time(2), transactionId))
    const events = await cp.sessionEvents(transactionId)
    expect(events.map((event) => event.type)).toEqual(['SessionStarted', 'SessionEnergyMetered', 'SessionStopped'])
    expect(events[1]).toMatchObject({ data: { registers: [{ reading: { wh: 400 } }] } })
  })

  it('seals a frame that names a person where none is expected, and all vendor data', async () => {
    const cp = house.charger('CP-personal')
    await cp.connect()
    const status = {
      type: 'ConnectorStatus' as const,
      evseId: 1,
      connectorId: 1,
      status: 'Preparing' as const,
      errorCode: 'NoError',
    }
    await cp.answer(status, { frame: '[2,"1","StatusNotification",{"connectorId":1,"idTag":"PRIVATE1"}]' })
    await cp.answer(
      { type: 'VendorData', vendorId: 'v' },
      { frame: '[2,"2","DataTransfer",{"vendorId":"v","data":"PRIVATE2"}]' },
    )
    await cp.answer(meter('1', time(5), undefined, 0), {
      frame: String.raw`[2,"3","MeterValues",{"x":"{\"id_token\" :\"PRIVATE3\"}"}]`,
    })
    // broken JSON that the edge repaired: the frame is kept as it came
    await cp.answer(
      { ...status, errorCode: 'OtherError' },
      { frame: `[2,'5','StatusNotification',{'idTag':'PRIVATE4'}]` },
    )
    await cp.answer({ ...status, status: 'Available' }, { frame: '[2,"4","StatusNotification",{"connectorId":1}]' })
    const events = await cp.events()
    expect(textOf(events)).not.toContain('PRIVATE')
    expect(events.slice(-3).map(({ metadata }) => (metadata as { frame: object }).frame)).toEqual([
      { sealed: expect.anything() },
      { sealed: expect.anything() },
      { text: '[2,"4","StatusNotification",{"connectorId":1}]' },
    ])
    const kept = await house.bus.lastMessage('TELEMETRY')
    expect(Buffer.from(kept!.data).toString()).toContain('"sealed"')
    expect(Buffer.from(kept!.data).toString()).not.toContain('PRIVATE')
  })

  it('ends a session by inference when the next begins on its EVSE, and corrects it when its stop comes after all', async () => {
    const cp = house.charger('CP-inferred')
    await cp.connect()
    const first = await cp.answer(start('100', time(60)))
    await cp.answer(meter('600', time(50), first.transactionId))
    const second = await cp.answer(start('900', time(30)))
    expect(second.transactionId).not.toBe(first.transactionId)
    expect((await cp.sessionEvents(first.transactionId)).at(-1)).toMatchObject({
      type: 'SessionStopped',
      data: { inferred: true, energyWh: 500 },
    })
    await cp.answer(stop('850', time(35), first.transactionId))
    expect((await cp.sessionEvents(first.transactionId)).at(-1)).toMatchObject({
      type: 'SessionCorrected',
      data: { cause: 'late-stop', stop: { energyWh: 750, inferred: false } },
    })
  })

  it('parks a start that breaks its schema and answers it with a transaction id', async () => {
    const cp = house.charger('CP-malformed')
    await cp.connect()
    const answer = await cp.answer({
      type: 'Malformed',
      meant: 'TransactionStart',
      violations: ['connectorId is missing'],
    })
    expect(Number(answer.transactionId)).toBeGreaterThan(0)
    expect((await cp.events()).at(-1)).toMatchObject({
      type: 'FrameParked',
      data: { reason: 'malformed', detail: 'connectorId is missing' },
    })
  })

  it('lets the newest connection win: the late close of an older one changes nothing', async () => {
    const cp = house.charger('CP-epoch')
    const first = await cp.connect()
    const second = await cp.connect()
    expect(BigInt(second.epoch)).toBeGreaterThan(BigInt(first.epoch))
    const other = house.charger('CP-epoch')
    await other.tell({ type: 'Disconnect', code: 1006, reason: '' }, {}) // names no epoch: refused
    const events = await cp.events()
    expect(events.at(-1)!.type).toBe('ChargerConnected')
    await cp.answer({ type: 'Disconnect', code: 1000, reason: 'bye' })
    expect((await cp.events()).at(-1)).toMatchObject({ type: 'ChargerDisconnected', data: { epoch: second.epoch } })
  })

  it('refuses an unknown charger where the tenant takes none, and a wrong key, and says so once', async () => {
    await house.admin({
      type: 'RegisterCharger',
      chargerId: 'CP-key' as never,
      registration: 'Accepted',
      passwordDigests: ['d1'],
    })
    const cp = house.charger('CP-key')
    const connect = (proofs: string[]): Fact => ({
      type: 'Connect',
      edge: 'edge-test',
      subprotocol: 'ocpp1.6',
      remoteAddress: '127.0.0.1',
      tls: false,
      credential: { kind: 'basic', proofs },
    })
    expect(await cp.tell(connect(['wrong']))).toMatchObject({ outcome: 'refused', reason: 'bad-credential' })
    expect(await cp.tell(connect(['wrong']))).toMatchObject({ outcome: 'refused', reason: 'bad-credential' })
    expect((await cp.events()).filter((event) => event.type === 'ChargerConnectionRefused')).toHaveLength(1)
    expect(await cp.tell(connect(['x', 'd1']))).toMatchObject({ outcome: 'answered' })

    await house.admin({ type: 'ChangeTenantSettings', settings: { adoption: 'closed' } })
    const unknown = house.charger('CP-unknown')
    await expect(unknown.connect()).rejects.toThrow('unknown-charger')
    expect(await unknown.events()).toHaveLength(0)
    await house.admin({ type: 'ChangeTenantSettings', settings: { adoption: 'open' } })
  })

  it('sends a command to the newest epoch only, settles it in the log and tells a repeated request what is known', async () => {
    const cp = house.charger('CP-command')
    await cp.connect()
    const { epoch } = await cp.connect()
    const heard: string[] = []
    const edge = house.bus.respond(epochCommands(tenant, 'CP-command' as never, epoch), {}, async (message) => {
      heard.push(message.subject)
      message.reply(
        json({
          result: { outcome: 'result', status: 'Accepted', payload: {} },
          frames: { sent: '[2,"1","RemoteStartTransaction",{"idTag":"04A1B2C3"}]' },
        }),
      )
    })
    await edge.ready
    const command = { type: 'RemoteStart' as const, evseId: 1, idToken }
    expect(await house.command('CP-command', command, 'once')).toMatchObject({ outcome: 'result', status: 'Accepted' })
    expect(await house.command('CP-command', command, 'once')).toMatchObject({ outcome: 'result', status: 'Accepted' })
    expect(heard).toEqual([`voltrail.default.charger.CP-command.${epoch}.command.RemoteStart`])
    const events = await cp.events()
    expect(events.slice(-2).map((event) => event.type)).toEqual(['CommandRequested', 'CommandSettled'])
    expect(textOf(events)).not.toContain(idToken.value)
    edge.stop()
  })

  it('reports a charger without a socket as offline, and an unknown charger as unknown', async () => {
    const cp = house.charger('CP-offline')
    await cp.connect()
    expect(await house.command('CP-offline', { type: 'ClearCache' })).toMatchObject({ outcome: 'offline' })
    expect((await cp.events()).at(-1)).toMatchObject({ type: 'CommandOffline' })
    expect(await house.command('nobody', { type: 'ClearCache' })).toMatchObject({
      outcome: 'refused',
      reason: 'unknown-charger',
    })
  })

  it('assigns a tariff to no charger that there is not', async () => {
    const price = { type: 'ENERGY' as const, price: '0.40', step_size: 1 }
    const terms = { name: 'T', currency: 'EUR', elements: [{ price_components: [price] }] }
    await house.admin({ type: 'DefineTariff', tariffId: 'aimed', terms } as never)
    const assign = (chargerId: string) =>
      house.admin({
        type: 'AssignTariff',
        tariffId: 'aimed' as never,
        scope: { kind: 'charger', chargerId: chargerId as never },
        validFrom: minutesAgo(0),
      })
    await house.charger('CP-priced').connect()
    expect(await assign('CP-prized')).toEqual({
      outcome: 'refused',
      reason: 'unknown-charger',
      detail: 'no charger CP-prized is registered: register it first, or correct the id',
    })
    expect(await assign('CP-priced')).toMatchObject({ outcome: 'done', changed: true })
  })

  it('digests a secret before it is stored', async () => {
    const cp = house.charger('CP-secret')
    await cp.connect()
    await house.command('CP-secret', {
      type: 'ChangeConfiguration',
      key: 'AuthorizationKey',
      value: 'hunter2hunter2hunter2',
    })
    await house.command('CP-secret', { type: 'DataTransfer', vendorId: 'v', data: '{"pin":"hunter2"}' })
    const text = textOf(await cp.events())
    expect(text).not.toContain('hunter2')
    expect(new Set(text.match(/digest:[0-9a-f]{32}/g)).size).toBe(2)
  })

  it('keeps a frame that is too large for an event in a stream that its content names', async () => {
    const cp = house.charger('CP-large')
    await cp.connect()
    const { transactionId } = await cp.answer(start('0', time(60)))
    const samples = Array.from({ length: 20_000 }, (_, i) => ({
      time: time(59 - i / 1000),
      values: [{ measurand: 'Energy.Active.Import.Register', value: String(i), unit: 'Wh' }],
    }))
    const frame = `[2,"1","StopTransaction",${JSON.stringify({ pad: '€'.repeat(1_000_000) })}]`
    await cp.answer({ ...stop('30000', time(1), transactionId), samples }, { frame })
    const stopped = (await cp.sessionEvents(transactionId)).at(-1)!
    expect(stopped).toMatchObject({ type: 'SessionStopped', data: { energyWh: 30_000 } })
    const evidence = stopped.metadata.frame as { sha256: string; stream: string; bytes: number }
    expect(evidence.bytes).toBeGreaterThan(3_000_000)
    const parts: { part: number; parts: number; text: string }[] = []
    for await (const event of house.log.readStored(evidence.stream)) parts.push(event.data as never)
    expect(parts.map(({ part }) => part)).toEqual(Array.from({ length: parts[0]!.parts }, (_, i) => i))
    const text = parts.map((part) => part.text).join('')
    expect(createHash('sha256').update(text).digest('hex')).toBe(evidence.sha256)
    expect(evidence.stream).toBe(`frame-default.${evidence.sha256}`)
  })

  it('answers once the log has it, however the append came to be known', async () => {
    const cp = house.charger('CP-away')
    await cp.connect()
    const faults = [
      { silentAppend: { next: 1, stream: 'session-' } },
      { silentAppend: { next: 1, stream: 'session-', commit: true } },
      { dropConnection: { next: 1, stream: 'session-', when: 'after-commit' as const } },
      { wrongExpectedVersion: { next: 1, stream: 'charger-' } },
    ]
    for (const [i, fault] of faults.entries()) {
      house.faults.set(fault)
      const { transactionId } = await cp.answer(start(`${100 + i}`, time(20 - i)), { factId: `away.${i}` })
      expect((await cp.sessionEvents(transactionId)).filter((event) => event.type === 'SessionStarted')).toHaveLength(1)
    }
    const opened = (await cp.events()).filter((event) => event.type === 'TransactionOpened')
    expect(opened).toHaveLength(faults.length)
  }, 60_000)
})
