import type { Fact, FactOf } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import { epochCommands } from '@voltrail/contracts/subjects'
import { json, openCentral, tenant } from './fixtures/central-fixture.ts'

const minutesAgo = (minutes: number) => instant(Date.now() - minutes * 60_000)
const time = (minutes: number) => ({ raw: minutesAgo(minutes), at: minutesAgo(minutes) })
const idToken = { value: '04A1B2C3', type: 'ISO14443' as const }
const start = (
  meter: string,
  at: ReturnType<typeof time>,
  change: Partial<FactOf<'TransactionStart'>> = {},
): FactOf<'TransactionStart'> => ({
  type: 'TransactionStart',
  evseId: 1,
  connectorId: 1,
  idToken,
  meterStart: { value: meter, unit: 'Wh' },
  time: at,
  raw: { connector: '1', idToken: idToken.value, timestamp: at.raw, meterStart: meter },
  ...change,
})
const meter = (value: string, at: ReturnType<typeof time>, transactionId?: string): FactOf<'MeterValues'> => ({
  type: 'MeterValues',
  evseId: 1,
  connectorId: 1,
  ...(transactionId === undefined ? {} : { transactionId: transactionId as never }),
  samples: [{ time: at, values: [{ measurand: 'Energy.Active.Import.Register', value, unit: 'Wh' }] }],
  raw: { transaction: transactionId ?? '', contentHash: `${value}@${at.raw}` },
})
const stop = (meterStop: string, at: ReturnType<typeof time>, transactionId?: string): FactOf<'TransactionStop'> => ({
  type: 'TransactionStop',
  ...(transactionId === undefined ? {} : { transactionId: transactionId as never }),
  idToken,
  meterStop: { value: meterStop, unit: 'Wh' },
  time: at,
  samples: [],
  raw: { transaction: transactionId ?? '-1', idToken: idToken.value, timestamp: at.raw, meterStop },
})
const types = (events: readonly { type: string }[]) => events.map((event) => event.type)

describe('central, told the same again', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral()
    await house.admin({ type: 'PutIdToken', token: idToken, status: 'Accepted' })
  }, 60_000)
  afterAll(() => house.close())

  it('knows a start that was re-stamped after a time sync, gives it the same transaction and ends no session by it', async () => {
    const cp = house.charger('CP-restamp')
    await cp.connect()
    const first = await cp.answer(start('100', time(300)))
    const again = start('100', time(5))
    expect(await cp.answer(again)).toEqual(first)
    expect(await cp.answer(again)).toEqual(first)
    expect(types(await cp.events()).slice(-2)).toEqual(['TransactionOpened', 'TransactionRestamped'])
    expect(types(await cp.sessionEvents(first.transactionId))).toEqual(['SessionStarted'])

    await cp.answer(stop('400', time(1), first.transactionId))
    expect(await cp.answer(again)).toEqual(first)
    expect(types(await cp.sessionEvents(first.transactionId))).toEqual(['SessionStarted', 'SessionStopped'])
  })

  it('takes another key for a new start once a frame has carried the transaction id', async () => {
    const cp = house.charger('CP-known-id')
    await cp.connect()
    const first = await cp.answer(start('100', time(300)))
    await cp.answer(meter('100', time(290)))
    await cp.answer(meter('100', time(280), first.transactionId))
    const second = await cp.answer(start('100', time(5)))
    expect(second.transactionId).not.toBe(first.transactionId)
    expect((await cp.sessionEvents(first.transactionId)).at(-1)).toMatchObject({
      type: 'SessionStopped',
      data: { inferred: true },
    })
  })

  it('does not take a start from before the last boot for a retry of a session that has ended, and says so', async () => {
    const cp = house.charger('CP-same-date')
    await cp.connect()
    const fact = start('0', time(60))
    const first = await cp.answer(fact)
    await cp.answer(stop('500', time(50), first.transactionId))
    expect(await cp.answer(fact)).toEqual(first)
    await cp.answer({ type: 'Boot', vendor: 'V', model: 'M' })
    const second = await cp.answer(fact)
    expect(second.transactionId).not.toBe(first.transactionId)
    expect(await cp.answer(fact)).toEqual(second)
    expect((await cp.sessionEvents(second.transactionId))[0]).toMatchObject({ data: { ambiguousStart: true } })
    expect(await cp.sessionEvents(second.transactionId)).toHaveLength(1)
  })

  it('knows a start again after its session has ended whatever its clock says, where its register has gone on since', async () => {
    const cp = house.charger('CP-clock-wrong')
    await cp.connect()
    for (const minutes of [-120, 60 * 24 * 365 * 40]) {
      const fact = start(String(minutes + 1_000), time(minutes))
      const first = await cp.answer(fact)
      await cp.answer(stop(String(minutes + 1_400), time(minutes - 5), first.transactionId))
      await cp.answer({ type: 'Boot', vendor: 'V', model: 'M' })
      expect(await cp.answer(fact)).toEqual(first)
      expect(types(await cp.sessionEvents(first.transactionId))).toEqual(['SessionStarted', 'SessionStopped'])
    }
    // one whose session took nothing may be a new one
    const empty = start('77', time(-120))
    const first = await cp.answer(empty)
    await cp.answer(stop('77', time(-125), first.transactionId))
    expect((await cp.answer(empty)).transactionId).not.toBe(first.transactionId)
  })

  it('is not set back by a status that arrives over an older socket after a newer one has said more', async () => {
    const [older, newer] = [house.charger('CP-two-sockets'), house.charger('CP-two-sockets')]
    await older.connect()
    await newer.connect()
    const status = (to: 'Preparing' | 'Charging' | 'SuspendedEV', minutes: number): FactOf<'ConnectorStatus'> => ({
      type: 'ConnectorStatus',
      evseId: 1,
      connectorId: 1,
      status: to,
      errorCode: 'NoError',
      time: time(minutes),
    })
    const [preparing, suspended] = [status('Preparing', 3), status('SuspendedEV', 2)]
    await newer.answer(preparing)
    const { transactionId } = await newer.answer(start('10', time(2)))
    await newer.answer(status('Charging', 1))
    for (const said of [preparing, suspended, suspended]) await older.answer(said)
    expect(types(await newer.events()).slice(3)).toEqual([
      'ConnectorStatusChanged',
      'TransactionOpened',
      'ConnectorStatusChanged',
      'ConnectorStatusToldLate',
    ])
    expect(types(await newer.sessionEvents(transactionId))).toEqual(['SessionStarted'])
  })

  it('parks a stop that names no transaction once, however often it is told with another time and another id', async () => {
    const cp = house.charger('CP-stop-restamp')
    await cp.connect()
    const parked = async () => types(await cp.events()).filter((type) => type === 'FrameParked').length
    for (const minutes of [9, 7, 5]) await cp.answer(stop('4000', time(minutes)))
    expect(await parked()).toBe(1)
    for (const minutes of [9, 7]) await cp.answer(stop('4000', time(minutes), '4711'))
    expect(await parked()).toBe(2)
    // another register is another stop; one without any energy register tells nothing
    await cp.answer(stop('4001', time(4)))
    for (const minutes of [3, 2]) await cp.answer(stop('0', time(minutes)))
    expect(await parked()).toBe(5)
  })

  it('ends no other session by a stop without a transaction that is told with another time', async () => {
    const cp = house.charger('CP-stop-restamp-two')
    await cp.connect()
    const [first, second] = [
      await cp.answer(start('100', time(60))),
      await cp.answer(start('90', time(50), { evseId: 2, raw: { ...start('90', time(50)).raw, connector: '2' } })),
    ]
    // only the first fits: its register
    const told = (minutes: number) => ({
      ...stop('800', time(minutes)),
      samples: [{ time: time(60), values: [{ measurand: 'Energy.Active.Import.Register', value: '100', unit: 'Wh' }] }],
    })
    await cp.answer(told(10))
    await cp.answer(told(5))
    expect(types(await cp.sessionEvents(first.transactionId))).toEqual(['SessionStarted', 'SessionStopped'])
    expect(types(await cp.sessionEvents(second.transactionId))).toEqual(['SessionStarted'])
    expect(types(await cp.events())).not.toContain('FrameParked')
  })

  it('parks an unreadable stop once, however often it is told with another time and another id', async () => {
    const cp = house.charger('CP-stop-restamp-odd')
    await cp.connect()
    for (const minutes of [9, 7, 5]) {
      const at = time(minutes)
      const payload = { transactionId: '4711', meterStop: 'full', timestamp: at.raw }
      await cp.tell(
        {
          type: 'Malformed',
          meant: 'TransactionStop',
          violations: ['/meterStop must be integer'],
          readable: { transactionId: '4711' as never, time: at, samples: [] },
        },
        { frame: JSON.stringify([2, `m${minutes}`, 'StopTransaction', payload]) },
      )
    }
    expect(types(await cp.events()).filter((type) => type === 'FrameParked')).toHaveLength(1)
  })

  it('holds the registers of an EVSE in use without a session, once, and gives them to the start that comes later', async () => {
    const cp = house.charger('CP-late-start')
    await cp.connect()
    await cp.answer(meter('900', time(30)))
    const again = meter('1500', time(20))
    await cp.answer(again)
    await cp.answer(again)
    expect(types(await cp.events()).filter((type) => type === 'RegistersHeld')).toHaveLength(2)
    const begun = start('1000', time(25))
    const { transactionId } = await cp.answer(begun)
    expect((await cp.answer(begun)).transactionId).toBe(transactionId)
    await cp.answer(again)
    const events = await cp.sessionEvents(transactionId)
    expect(types(events)).toEqual(['SessionStarted', 'SessionEnergyMetered'])
    expect(events[1]!.data).toMatchObject({ summary: { energyWh: 500 } })
  })

  it('bills the meter stop of a session that took in registers of the next one', async () => {
    const cp = house.charger('CP-queue')
    await cp.connect()
    await cp.answer(meter('1500', time(40)))
    await cp.answer(meter('3000', time(10)))
    const first = await cp.answer(start('1000', time(50)))
    await cp.answer(stop('2000', time(30), first.transactionId))
    expect((await cp.sessionEvents(first.transactionId)).at(-1)).toMatchObject({
      data: { energyWh: 1000, energySource: 'meter-stop' },
    })
    const second = await cp.answer(start('2000', time(20)))
    expect((await cp.sessionEvents(second.transactionId)).at(-1)).toMatchObject({
      data: { summary: { energyWh: 1000 } },
    })
  })

  it('is corrected by the stop that names a session when another stop was matched with it before', async () => {
    const cp = house.charger('CP-matched')
    await cp.connect()
    const { transactionId } = await cp.answer(start('100', time(60)))
    await cp.answer(stop('400', time(30)))
    await cp.answer(stop('400', time(30)))
    expect((await cp.sessionEvents(transactionId)).at(-1)).toMatchObject({
      type: 'SessionStopped',
      data: { matched: true, energyWh: 300 },
    })
    await cp.answer(stop('900', time(1), transactionId))
    await cp.answer(stop('900', time(1), transactionId))
    const events = await cp.sessionEvents(transactionId)
    expect(types(events)).toEqual(['SessionStarted', 'SessionStopped', 'SessionCorrected'])
    expect(events[2]!.data).toMatchObject({ cause: 'late-stop', stop: { energyWh: 800 } })
  })

  it('parks a stop without a transaction whose tag none of the open ones has', async () => {
    const cp = house.charger('CP-other-tag')
    await cp.connect()
    const { transactionId } = await cp.answer(start('100', time(60)))
    const other = { value: 'SOMEONE', type: 'ISO14443' as const }
    await cp.answer({ ...stop('400', time(30)), idToken: other })
    expect((await cp.events()).at(-1)).toMatchObject({ type: 'FrameParked', data: { reason: 'unknown-transaction' } })
    expect(types(await cp.sessionEvents(transactionId))).toEqual(['SessionStarted'])
  })

  it('answers a stop with the status that its token had then, whatever became of the token since', async () => {
    const cp = house.charger('CP-blocked-since')
    await cp.connect()
    const token = { value: 'BLOCKED-SINCE', type: 'ISO14443' as const }
    await house.admin({ type: 'PutIdToken', token, status: 'Accepted' })
    const { transactionId } = await cp.answer(start('100', time(60), { idToken: token }))
    const named = { ...stop('400', time(30), transactionId), idToken: token }
    const parked = { ...stop('700', time(20)), idToken: token }
    const first = await cp.answer(named)
    const stopped = await cp.answer(parked, { factId: 'stop.parked' })
    expect([first, stopped]).toMatchObject(Array(2).fill({ authorization: { status: 'Accepted' } }))
    await house.admin({ type: 'PutIdToken', token, status: 'Blocked' })
    const until = Date.now() + 10_000
    const statusNow = async () => (await cp.answer({ type: 'Authorize', idToken: token })).authorization.status
    while ((await statusNow()) !== 'Blocked' && Date.now() < until);
    expect(await statusNow()).toBe('Blocked')
    expect(await cp.answer(named)).toEqual(first)
    expect(await cp.answer(parked, { factId: 'stop.parked' })).toEqual(stopped)
    expect(types(await cp.sessionEvents(transactionId))).toEqual(['SessionStarted', 'SessionStopped'])
  })

  it('never takes a boot, an authorisation, vendor data or a status that changed for a repeat by its content', async () => {
    const cp = house.charger('CP-not-content')
    await cp.connect()
    const status = {
      type: 'ConnectorStatus',
      evseId: 1,
      connectorId: 1,
      status: 'Faulted',
      errorCode: 'OtherError',
    } as const
    const facts: Fact[] = [
      { type: 'Boot', vendor: 'V', model: 'M' },
      { type: 'Authorize', idToken },
      { type: 'VendorData', vendorId: 'v', messageId: 'm', data: 'd' },
    ]
    // the first is asked again, the last is told again
    for (const fact of facts)
      for (const factId of ['1', '1', '2'])
        await cp.tell(fact, { factId: `${fact.type}.${factId}`, frame: '[2,"1","X",{}]' })
    for (const told of [
      status,
      status,
      { ...status, errorCode: 'GroundFailure' },
      { ...status, errorCode: 'GroundFailure', vendorErrorCode: '0x17' },
      { ...status, errorCode: 'GroundFailure', vendorErrorCode: '0x17', info: 'lid open' },
      status,
    ])
      await cp.answer(told)
    expect(types(await cp.events())).toEqual([
      'ChargerRegistered',
      'ChargerConnected',
      ...Array(2).fill('ChargerBooted'),
      ...Array(2).fill('AuthorizationDecided'),
      ...Array(2).fill('VendorDataReceived'),
      ...Array(5).fill('ConnectorStatusChanged'),
    ])
  })

  it('corrects the times of a charger whose clock is off by the same each time it is measured', async () => {
    const cp = house.charger('CP-behind')
    await cp.connect()
    const now = Date.now()
    const wrong = (minutes: number) => {
      const at = instant(now - minutes * 60_000 - 3_600_000)
      return { raw: at, at }
    }
    for (const [i, status] of (['Available', 'Preparing', 'Charging'] as const).entries())
      await cp.answer(
        { type: 'ConnectorStatus', evseId: 1, connectorId: 1, status, errorCode: 'NoError', time: wrong(30 - i * 2) },
        { receivedAt: instant(now - (30 - i * 2) * 60_000) },
      )
    const { transactionId } = await cp.answer(start('100', wrong(20)), { receivedAt: instant(now - 20 * 60_000) })
    await cp.answer(meter('300', wrong(10), transactionId))
    await cp.answer(stop('900', wrong(1), transactionId))
    const [begun, metered, ended] = await cp.sessionEvents(transactionId)
    const inTime = (minutes: number) => ({ effectiveAt: instant(now - minutes * 60_000), reason: 'corrected-offset' })
    expect(begun!.data).toMatchObject({ startedAt: inTime(20) })
    expect(metered!.data).toMatchObject({ measuredAt: instant(now - 10 * 60_000), summary: { energyWh: 200 } })
    expect(ended!.data).toMatchObject({ stoppedAt: inTime(1), energyWh: 800 })
  })

  it('lets a token charge that nobody issued where our own remote start has named it, but no blocked one', async () => {
    const cp = house.charger('CP-remote')
    await cp.connect()
    const guest = { value: 'GUEST1', type: 'ISO14443' as const }
    const blocked = { value: 'BLOCKED1', type: 'ISO14443' as const }
    await house.admin({ type: 'PutIdToken', token: blocked, status: 'Blocked' })
    const statusOf = async (token: typeof guest) =>
      (await cp.answer({ type: 'Authorize', idToken: token })).authorization.status
    expect(await statusOf(guest)).toBe('Invalid')
    const edge = house.bus.respond(
      epochCommands(tenant, 'CP-remote' as never, cp.epoch as never),
      {},
      async (message) => {
        message.reply(json({ result: { outcome: 'result', status: 'Accepted', payload: {} }, frames: {} }))
      },
    )
    await edge.ready
    for (const token of [guest, blocked]) await house.command('CP-remote', { type: 'RemoteStart', idToken: token })
    edge.stop()
    expect(await statusOf(guest)).toBe('Accepted')
    expect(await statusOf(blocked)).toBe('Blocked')
    const begun = await cp.answer(start('100', time(0), { idToken: guest }))
    expect(begun.authorization.status).toBe('Accepted')
    const elsewhere = house.charger('CP-not-asked')
    await elsewhere.connect()
    expect((await elsewhere.answer(start('100', time(0), { idToken: guest }))).authorization.status).toBe('Invalid')
  })

  it('refuses concurrent use of a token only where the tenant says so, and never for a start that is old', async () => {
    const driver = { value: 'ONE-AT-A-TIME', type: 'ISO14443' as const }
    await house.admin({ type: 'PutIdToken', token: driver, status: 'Accepted' })
    await house.admin({ type: 'ChangeTenantSettings', settings: { concurrentUse: 'refused' } })
    const first = house.charger('CP-first')
    await first.connect()
    const begun = await first.answer(start('100', time(1), { idToken: driver }))
    expect(begun.authorization.status).toBe('Accepted')
    let elsewhere = 0
    const startElsewhere = async (minutes: number) => {
      const cp = house.charger(`CP-elsewhere-${++elsewhere}`)
      await cp.connect()
      const answer = await cp.answer(start('5', time(minutes), { idToken: driver }))
      await cp.answer(stop('6', time(0), answer.transactionId))
      return answer.authorization.status
    }
    // the index follows the log
    const until = Date.now() + 10_000
    let status = await startElsewhere(0)
    while (status !== 'ConcurrentTx' && Date.now() < until) status = await startElsewhere(0)
    expect(status).toBe('ConcurrentTx')
    expect(await startElsewhere(5)).toBe('Accepted')
    // where its EVSE must be asked first, the driver is told the same
    const anywhere = house.charger('CP-anywhere')
    await anywhere.connect()
    for (const evseId of [1, 2])
      await anywhere.answer({
        type: 'ConnectorStatus',
        evseId,
        connectorId: 1,
        status: 'Charging',
        errorCode: 'NoError',
      })
    const unplaced = { ...start('7', time(0), { idToken: driver }), evseId: 0, connectorId: 0 }
    const told = await anywhere.answer(unplaced)
    expect(told.authorization.status).toBe('ConcurrentTx')
    expect(await anywhere.answer(unplaced)).toEqual(told)
    expect((await anywhere.events()).map(({ type }) => type)).toContain('FrameParked')
    await house.admin({ type: 'ChangeTenantSettings', settings: { concurrentUse: 'allowed' } })
    let allowed = await startElsewhere(0)
    while (allowed !== 'Accepted' && Date.now() < until) allowed = await startElsewhere(0)
    expect(allowed).toBe('Accepted')
  }, 30_000)
})
