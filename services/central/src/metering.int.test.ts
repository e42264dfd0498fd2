import type { FactOf, MeterSample, SampledValue } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import { openCentral } from './fixtures/central-fixture.ts'

const now = Date.now()
const time = (minutesAgo: number) => {
  const at = instant(now - minutesAgo * 60_000)
  return { raw: at, at }
}
const register = (value: string, change: Partial<SampledValue> = {}): SampledValue => ({
  measurand: 'Energy.Active.Import.Register',
  value,
  unit: 'Wh',
  ...change,
})
const sample = (minutesAgo: number, ...values: SampledValue[]): MeterSample => ({ time: time(minutesAgo), values })
const idToken = { value: '04A1B2C3', type: 'ISO14443' as const }
const wh = (value: string) => ({ value, unit: 'Wh' as const })

const start = (meter: string | undefined, minutesAgo: number, evseId = 1): FactOf<'TransactionStart'> => ({
  type: 'TransactionStart',
  evseId,
  connectorId: 1,
  idToken,
  ...(meter === undefined ? {} : { meterStart: wh(meter) }),
  time: time(minutesAgo),
  raw: {
    connector: String(evseId),
    idToken: idToken.value,
    timestamp: time(minutesAgo).raw,
    meterStart: meter ?? '',
  },
})
let told = 0
const meter = (samples: MeterSample[], transactionId?: string, evseId = 1): FactOf<'MeterValues'> => ({
  type: 'MeterValues',
  evseId,
  connectorId: evseId === 0 ? 0 : 1,
  ...(transactionId === undefined ? {} : { transactionId: transactionId as never }),
  samples,
  raw: { transaction: transactionId ?? '', contentHash: `content ${++told}` },
})
const stop = (
  meterStop: string | undefined,
  minutesAgo: number,
  transactionId: string,
  samples: MeterSample[] = [],
): FactOf<'TransactionStop'> => ({
  type: 'TransactionStop',
  transactionId: transactionId as never,
  ...(meterStop === undefined ? {} : { meterStop: wh(meterStop) }),
  time: time(minutesAgo),
  samples,
  raw: { transaction: transactionId, idToken: '', timestamp: time(minutesAgo).raw, meterStop: meterStop ?? '' },
})
const types = (events: readonly { type: string }[]) => events.map(({ type }) => type)

describe('central, with what meters tell', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral()
    await house.admin({ type: 'PutIdToken', token: idToken, status: 'Accepted' })
  }, 60_000)
  afterAll(() => house.close())

  const online = async (id: string) => {
    const cp = house.charger(id)
    await cp.connect()
    return cp
  }
  const status = (to: 'Available' | 'Charging' | 'Preparing', evseId = 1): FactOf<'ConnectorStatus'> => ({
    type: 'ConnectorStatus',
    evseId,
    connectorId: 1,
    status: to,
    errorCode: 'NoError',
  })

  describe('bills', () => {
    it('a reset that only the transactionData of the stop shows, between two meter values', async () => {
      const cp = await online('CP-merge')
      const { transactionId } = await cp.answer(start('1000', 60))
      await cp.answer(meter([sample(50, register('1500'))], transactionId))
      await cp.answer(meter([sample(10, register('2600'))], transactionId))
      const data = [sample(50, register('1500')), sample(40, register('4000')), sample(30, register('100'))]
      await cp.answer(stop('3500', 0, transactionId, data))
      expect((await cp.sessionEvents(transactionId)).at(-1)!.data).toMatchObject({
        energyWh: 3000 + 3400,
        energySource: 'registers',
        meterResets: 1,
      })
    })

    it('a reset that meter values show which come after the stop, by a correction', async () => {
      const cp = await online('CP-late-reset')
      const { transactionId } = await cp.answer(start('1000', 60))
      await cp.answer(stop('3500', 1, transactionId))
      await cp.answer(meter([sample(40, register('4000')), sample(30, register('100'))], transactionId))
      const events = await cp.sessionEvents(transactionId)
      expect(types(events)).toEqual(['SessionStarted', 'SessionStopped', 'SessionEnergyMetered', 'SessionCorrected'])
      expect(events[1]!.data).toMatchObject({ energyWh: 2500 })
      expect(events[3]!.data).toMatchObject({ cause: 'late-meter', stop: { energyWh: 3000 + 3400, meterResets: 1 } })
    })

    it('the rise of an absolute register whose meter start was told as 0, flagged', async () => {
      const cp = await online('CP-zero-start')
      const { transactionId } = await cp.answer(start('0', 60))
      await cp.answer(meter([sample(59, register('1234567'))], transactionId))
      await cp.answer(meter([sample(30, register('1237000'))], transactionId))
      expect((await cp.sessionEvents(transactionId)).at(-1)!.data).toMatchObject({
        summary: { energyWh: 1237000 - 1234567 },
      })
      await cp.answer(stop('1240000', 1, transactionId))
      expect((await cp.sessionEvents(transactionId)).at(-1)!.data).toMatchObject({
        energyWh: 1240000 - 1234567,
        energySource: 'registers',
        meterResets: 1,
      })
    })

    it('the rise of the samples where the meter start is absolute and the meter stop the session alone, flagged', async () => {
      const cp = await online('CP-relative-stop')
      const { transactionId } = await cp.answer(start('1234567', 60))
      await cp.answer(meter([sample(59, register('0'))], transactionId))
      await cp.answer(stop('5433', 1, transactionId))
      expect((await cp.sessionEvents(transactionId)).at(-1)!.data).toMatchObject({ energyWh: 5433, meterResets: 1 })
    })

    it('the last register sample minus the first where neither meter start nor meter stop can be read', async () => {
      const cp = await online('CP-samples')
      const { transactionId } = await cp.answer(start(undefined, 60))
      await cp.answer(
        meter([sample(60, register('1.5', { unit: 'kWh', context: 'Transaction.Begin' }))], transactionId),
      )
      await cp.answer(
        stop(undefined, 1, transactionId, [sample(1, register('3500.4', { context: 'Transaction.End' }))]),
      )
      const data = (await cp.sessionEvents(transactionId)).at(-1)!.data
      expect(data).toMatchObject({ energyWh: 2000, energySource: 'registers' })
      expect(data).not.toHaveProperty('meterResets')
    })
  })

  describe('holds energy that contradicts its power back from its bill', () => {
    const contradicting = { normalisations: [{ rule: 'Q20-suspect', path: '/x', raw: 'x' }] }
    const summaryOf = async (cp: Awaited<ReturnType<typeof online>>, id: string) =>
      ((await cp.sessionEvents(id)).at(-1)!.data as { summary: { suspect?: boolean; energyWh: number } }).summary
    const dismiss = async (cp: Awaited<ReturnType<typeof online>>, chargerId: string, id: string, type: string) => {
      const event = (await cp.sessionEvents(id)).find(
        (one) => one.type === type && (one.data as { suspect?: boolean }).suspect === true,
      )!
      const subject = `${event.stream}@${event.revision}`
      return house.admin({ type: 'SettleReview', chargerId, subject, decision: { kind: 'dismiss' } } as never)
    }

    it('told before its start, held for it and claimed by it', async () => {
      const cp = await online('CP-suspect-held')
      await cp.answer(status('Charging'))
      await cp.answer(meter([sample(31, register('3000'))]))
      await cp.answer(meter([sample(30, register('4000000'))]), contradicting)
      const { transactionId } = await cp.answer(start('1000', 60))
      expect(await summaryOf(cp, transactionId)).toMatchObject({ suspect: true })
    })

    it('told with its stop, or after it, which its bill hears by a correction', async () => {
      const cp = await online('CP-suspect-stop')
      const first = await cp.answer(start('1000', 60))
      await cp.answer(stop('90000', 40, first.transactionId), contradicting)
      expect(await summaryOf(cp, first.transactionId)).toMatchObject({ suspect: true })
      const second = await cp.answer(start('1000', 30))
      await cp.answer(stop('9000', 10, second.transactionId))
      await cp.answer(meter([sample(20, register('5000'))], second.transactionId), contradicting)
      expect(types(await cp.sessionEvents(second.transactionId)).slice(1)).toEqual([
        'SessionStopped',
        'SessionEnergyMetered',
        'SessionCorrected',
      ])
      expect(await summaryOf(cp, second.transactionId)).toMatchObject({ suspect: true, energyWh: 8000 })
      expect(await dismiss(cp, 'CP-suspect-stop', second.transactionId, 'SessionEnergyMetered')).toMatchObject({
        outcome: 'done',
      })
      expect(await summaryOf(cp, second.transactionId)).toMatchObject({ suspect: false, energyWh: 8000 })
      expect(await dismiss(cp, 'CP-suspect-stop', first.transactionId, 'SessionStopped')).toMatchObject({
        outcome: 'done',
      })
      expect(await summaryOf(cp, first.transactionId)).toMatchObject({ suspect: false, energyWh: 89_000 })
    })

    it('told with a stop that is parked, once an operator has attributed it', async () => {
      const cp = await online('CP-suspect-parked')
      const one = await cp.answer(start('1000', 60))
      await cp.answer(start('1000', 60, 2))
      await cp.answer(stop('9000', 10, '999'), contradicting)
      const parked = (await cp.events()).find((event) => event.type === 'FrameParked')!
      expect(parked.data).toMatchObject({ meant: 'TransactionStop', suspect: true })
      const decision = { kind: 'attribute', transactionId: one.transactionId }
      const subject = `${parked.stream}@${parked.revision}`
      await house.admin({ type: 'SettleReview', chargerId: 'CP-suspect-parked', subject, decision } as never)
      expect(await summaryOf(cp, one.transactionId)).toMatchObject({ suspect: true, energyWh: 8000 })
    })

    it('told with a start or a stop that could not be read in full, or for such a start, once it is attributed', async () => {
      const id = 'CP-suspect-malformed'
      const cp = await online(id)
      const malformed = (meant: string, readable: object) =>
        ({ type: 'Malformed', meant, violations: ['/idTag: is too long'], readable }) as never
      const attribute = async (meant: string, transactionId: string) => {
        const parked = (await cp.events()).findLast(
          (one) => one.type === 'FrameParked' && (one.data as { meant: string }).meant === meant,
        )!
        const decision = { kind: 'attribute', transactionId }
        const subject = `${parked.stream}@${parked.revision}`
        expect(await house.admin({ type: 'SettleReview', chargerId: id, subject, decision } as never)).toMatchObject({
          outcome: 'done',
        })
        return parked.data
      }
      const readable = (evseId: number) => ({ evseId, connectorId: 1, idToken, meterStart: wh('1000'), samples: [] })
      const first = { ...readable(1), time: time(60) }
      const told = await cp.answer(malformed('TransactionStart', first), contradicting)
      const one = (told as unknown as { transactionId: string }).transactionId
      expect(await attribute('TransactionStart', one)).toMatchObject({ suspect: true })
      expect((await cp.sessionEvents(one))[0]!.data).toMatchObject({ suspect: true })

      // its start is good, a reading that it had before it was attributed is not
      const second = { ...readable(2), time: time(50) }
      const other = await cp.answer(malformed('TransactionStart', second))
      const two = (other as unknown as { transactionId: string }).transactionId
      await cp.answer(meter([sample(40, register('3000'))], two, 2), contradicting)
      expect(await attribute('TransactionStart', two)).not.toHaveProperty('suspect')
      expect((await cp.sessionEvents(two)).map(({ data }) => (data as { suspect?: boolean }).suspect)).toEqual([
        undefined,
        true,
      ])
      expect(await summaryOf(cp, two)).toMatchObject({ suspect: true, energyWh: 2000 })

      const { transactionId: three } = await cp.answer(start('1000', 30, 3))
      const ending = { meterStop: wh('9000'), time: time(10), samples: [] }
      await cp.answer(malformed('TransactionStop', ending), contradicting)
      expect(await attribute('TransactionStop', three)).toMatchObject({ suspect: true })
      expect(await summaryOf(cp, three)).toMatchObject({ suspect: true, energyWh: 8000 })
    })

    it('until an operator vouches for it, also while its session goes on, which goes on', async () => {
      const cp = await online('CP-suspect-on')
      const { transactionId } = await cp.answer(start('1000', 60))
      await cp.answer(meter([sample(50, register('2000'))], transactionId), contradicting)
      for (const changed of [true, false])
        expect(await dismiss(cp, 'CP-suspect-on', transactionId, 'SessionEnergyMetered')).toMatchObject({
          outcome: 'done',
          changed,
        })
      expect(types(await cp.events())).not.toContain('TransactionClosed')
      expect(await summaryOf(cp, transactionId)).toMatchObject({ suspect: false })
      await cp.answer(stop('3000', 10, transactionId))
      expect(await summaryOf(cp, transactionId)).toMatchObject({ suspect: false, energyWh: 2000 })
    })
  })

  describe('keeps signed records byte for byte', () => {
    const record = (wh_: number) =>
      `OCMF|{"FV":"1.0","GI":"Ünïcode µWh","ID":"04A1B2C3","RD":[{"RV":${wh_}}],"pad":"${'0123456789äöü€'.repeat(9_000)}"}|{"SD":"3046\\/AB=="}`
    const frameWith = (action: string, fields: object, signed: string) =>
      `[2,"17","${action}", ${JSON.stringify(fields).slice(0, -1)} , "x":[{"sampledValue":[{"value":${JSON.stringify(signed)},"format":"SignedData"}]}]}]`
    const signed = (text: string, context: string): SampledValue => ({
      measurand: 'Energy.Active.Import.Register',
      signed: text,
      context,
    })

    it('of 100 kB and more, the begin in meter values and the end in the stop, sealed and in no event', async () => {
      const cp = await online('CP-signed')
      const { transactionId } = await cp.answer(start('1000', 60))
      const [begin, end] = [record(1000), record(3500)]
      expect(Buffer.byteLength(begin)).toBeGreaterThan(100_000)
      const beginFrame = frameWith('MeterValues', { connectorId: 1 }, begin)
      const endFrame = frameWith('StopTransaction', { transactionId: 1 }, end)
      await cp.answer(meter([sample(60, signed(begin, 'Transaction.Begin'))], transactionId), { frame: beginFrame })
      await cp.answer(stop('3500', 1, transactionId, [sample(1, signed(end, 'Transaction.End'))]), { frame: endFrame })
      const [, metered, stopped] = await cp.sessionEvents(transactionId)
      expect(Buffer.from(await house.frameOf(metered!)).equals(Buffer.from(beginFrame))).toBe(true)
      expect(Buffer.from(await house.frameOf(stopped!)).equals(Buffer.from(endFrame))).toBe(true)
      expect(stopped!.data).toMatchObject({ energyWh: 2500, energySource: 'meter-stop' })
      for (const { metadata, data } of [metered!, stopped!])
        expect(JSON.stringify([metadata, data])).not.toContain(idToken.value)
    })

    it('sealed also where the charger marks them in its own way, or not at all', async () => {
      const cp = await online('CP-own-way')
      const { transactionId } = await cp.answer(start('1000', 60))
      const text = 'AP;0;3;04A1B2C3;IVB'
      for (const [minutes, frame, rules] of [
        [50, frameWith('MeterValues', { connectorId: 1 }, text).replace('SignedData', 'signedData'), []],
        [
          49,
          `[2,"18","MeterValues",{"meterValue":[{"sampledValue":[{"value":"${text}"}]}]}]`,
          ['Q23-decimal-unreadable'],
        ],
      ] as const)
        await cp.answer(meter([sample(minutes, signed(text, 'Sample.Clock'))], transactionId), {
          frame,
          normalisations: rules.map((rule) => ({ rule, path: '/value', raw: 'withheld: 19 characters' })),
        })
      const told = JSON.stringify((await cp.sessionEvents(transactionId)).map(({ data, metadata }) => [data, metadata]))
      expect(told).not.toContain(idToken.value)
    })

    it('where begin and end both come in the stop', async () => {
      const cp = await online('CP-signed-stop')
      const { transactionId } = await cp.answer(start('1000', 60))
      const both = [
        sample(60, signed(record(1000), 'Transaction.Begin')),
        sample(1, signed(record(3500), 'Transaction.End')),
      ]
      const frame = frameWith('StopTransaction', { transactionId: 1 }, record(1000) + record(3500))
      await cp.answer(stop('3500', 1, transactionId, both), { frame })
      expect(await house.frameOf((await cp.sessionEvents(transactionId)).at(-1)!)).toBe(frame)
    })

    it('where the begin comes before its start, on the charger’s stream', async () => {
      const cp = await online('CP-signed-early')
      await cp.answer(status('Available'))
      const frame = frameWith('MeterValues', { connectorId: 1 }, record(1000))
      await cp.answer(meter([sample(60, signed(record(1000), 'Transaction.Begin'))]), { frame })
      const held = (await cp.events()).at(-1)!
      expect(held.type).toBe('RegistersHeld')
      expect(await house.frameOf(held)).toBe(frame)
    })
  })

  describe('gives meter values', () => {
    it('to the session that they name, whatever connector they are at and whatever their time is', async () => {
      const cp = await online('CP-named')
      const { transactionId } = await cp.answer(start('100', 30))
      await cp.answer(meter([sample(20, register('200'))], transactionId, 2))
      await cp.answer(meter([sample(500, register('150'))], transactionId))
      expect(types(await cp.sessionEvents(transactionId))).toEqual([
        'SessionStarted',
        'SessionEnergyMetered',
        'SessionEnergyMetered',
      ])
    })

    it('without a transaction to the session that was open on their EVSE at their time, whatever their context', async () => {
      const cp = await online('CP-open')
      const first = await cp.answer(start('100', 60))
      await cp.answer(meter([sample(50, register('200', { context: 'Trigger' }))]))
      await cp.answer(meter([sample(49, register('210', { context: 'Sample.Clock' }))]))
      await cp.answer(stop(undefined, 30, first.transactionId))
      const second = await cp.answer(start('500', 20))
      // measured before the end of the first, told after the start of the second
      await cp.answer(meter([sample(35, register('400'))]))
      await cp.answer(meter([sample(10, register('700'))]))
      const events = await cp.sessionEvents(first.transactionId)
      expect(types(events).slice(1)).toEqual([
        'SessionEnergyMetered',
        'SessionEnergyMetered',
        'SessionStopped',
        'SessionEnergyMetered',
        'SessionCorrected',
      ])
      expect(events.at(-1)!.data).toMatchObject({ cause: 'late-meter', stop: { energyWh: 300 } })
      expect((await cp.sessionEvents(second.transactionId)).at(-1)!.data).toMatchObject({ summary: { energyWh: 200 } })
    })

    it('of an EVSE without a session to the start that comes later, those that fit it', async () => {
      const cp = await online('CP-claim')
      await cp.answer(status('Preparing'))
      for (const [minutes, value] of [
        [50, '900'],
        [40, '50'],
        [30, '1500'],
      ] as const)
        await cp.answer(meter([sample(minutes, register(value))]))
      const { transactionId } = await cp.answer(start('1000', 45))
      await cp.answer(stop(undefined, 1, transactionId))
      const events = await cp.sessionEvents(transactionId)
      expect(types(events)).toEqual(['SessionStarted', 'SessionEnergyMetered', 'SessionStopped'])
      expect(events.at(-1)!.data).toMatchObject({ energyWh: 500 })
    })

    it('of an EVSE without a session to one start each, where two come late', async () => {
      const cp = await online('CP-claim-once')
      await cp.answer(status('Preparing'))
      for (const [minutes, value] of [
        [50, '2000'],
        [40, '3000'],
        [20, '5000'],
        [10, '6000'],
      ] as const)
        await cp.answer(meter([sample(minutes, register(value))]))
      const first = await cp.answer(start('1000', 60))
      const second = await cp.answer(start('4000', 30))
      await cp.answer(stop('7000', 1, second.transactionId))
      const billed = async (id: string) => ((await cp.sessionEvents(id)).at(-1)!.data as { energyWh?: number }).energyWh
      expect([await billed(first.transactionId), await billed(second.transactionId)]).toEqual([2000, 3000])
    })

    it('that name a parked start to it once it becomes a session, and to no older one on its EVSE', async () => {
      const cp = await online('CP-of-parked')
      const old = await cp.answer(start('1000', 100))
      await cp.answer(meter([sample(90, register('2000'))], old.transactionId))
      const readable = { evseId: 1, connectorId: 1, idToken, meterStart: wh('2000'), time: time(50), samples: [] }
      const malformed = { type: 'Malformed', meant: 'TransactionStart', violations: ['/idTag: is too long'], readable }
      const answer = await cp.answer(malformed as never)
      const { transactionId } = answer as unknown as { transactionId: string }
      await cp.answer(meter([sample(30, register('7000'))], transactionId))
      expect(types(await cp.sessionEvents(old.transactionId))).toEqual(['SessionStarted', 'SessionEnergyMetered'])

      const parked = (await cp.events()).find((one) => one.type === 'FrameParked')!
      const decision = { kind: 'attribute', transactionId }
      const subject = `${parked.stream}@${parked.revision}`
      await house.admin({ type: 'SettleReview', chargerId: 'CP-of-parked', subject, decision } as never)
      expect((await cp.sessionEvents(old.transactionId)).at(-1)!.data).toMatchObject({ inferred: true, energyWh: 1000 })
      expect((await cp.sessionEvents(transactionId as never)).at(-1)!.data).toMatchObject({
        summary: { energyWh: 5000 },
      })
    })

    it('to a session that the next start has ended, though they were measured after its last known register', async () => {
      const cp = await online('CP-late-inferred')
      const { transactionId } = await cp.answer(start('1000', 60))
      await cp.answer(meter([sample(40, register('2000'))]))
      const next = await cp.answer(start('4000', 10))
      const end = async () => (await cp.sessionEvents(transactionId)).at(-1)!.data
      await cp.answer(meter([sample(20, register('3900'))]))
      expect(await end()).toMatchObject({ cause: 'late-meter', stop: { energyWh: 2900 } })
      // a moment before the next start, and no more than its meter start
      await cp.answer(meter([sample(10.5, register('4000'))]))
      expect(await end()).toMatchObject({ stop: { energyWh: 3000 } })
      await cp.answer(meter([sample(30, register('3000'))]))
      await cp.answer(meter([sample(10.4, register('4100'))]))
      await cp.answer(meter([sample(5, register('4500'))]))
      expect((await cp.sessionEvents(transactionId)).at(-1)!.data).toMatchObject({ summary: { energyWh: 3000 } })
      expect((await cp.sessionEvents(next.transactionId)).at(-1)!.data).toMatchObject({ summary: { energyWh: 500 } })
    })

    it('of connector 0, or of a connector that is free, to telemetry', async () => {
      const cp = await online('CP-idle')
      await cp.answer(status('Available'))
      for (const evseId of [0, 1]) {
        // measured since it is free
        const at = instant(Date.now())
        const samples = [{ time: { raw: at, at }, values: [register(`${evseId}`)] }]
        await cp.answer(meter(samples, undefined, evseId))
        expect((await house.bus.lastMessage('TELEMETRY'))?.subject).toBe(`voltrail.default.telemetry.CP-idle.${evseId}`)
      }
      expect(types(await cp.events())).not.toContain('RegistersHeld')
    })

    it('of a charger that never tells a status: held where its register moves, thinned out, and else telemetry', async () => {
      const cp = await online('CP-silent')
      for (let minute = 200; minute > 170; minute--) await cp.answer(meter([sample(minute, register('5000'))]))
      expect(types(await cp.events()).filter((type) => type === 'RegistersHeld')).toHaveLength(1)
      for (let minute = 120; minute > 0; minute--)
        await cp.answer(meter([sample(minute, register(String(5000 + 120 - minute + 1)))]))
      // 16 at once, then one in 15 minutes and the last
      const held = (await cp.events()).filter((event) => event.type === 'RegistersHeld')
      const lasting = held.filter((event) => !('replaces' in event.data))
      expect(lasting.length).toBeLessThanOrEqual(1 + 15 + 105 / 14 + 1)
      expect(lasting.length).toBeGreaterThan(16)
      expect(held.at(-1)!.data).toMatchObject({ candidates: [{ reading: { raw: '5120' } }] })
    })
  })
})
