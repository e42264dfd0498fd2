import type { FactOf } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import { openCentral } from './fixtures/central-fixture.ts'

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
})
