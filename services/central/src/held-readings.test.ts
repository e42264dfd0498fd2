import type { FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { ChargerId, FactId, TenantId, TransactionId } from '@voltrail/contracts/ids'
import type { SessionSummary } from '@voltrail/contracts/events/session'
import { instant, type Instant } from '@voltrail/contracts/quantities'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { closeTransaction } from '@voltrail/domain/charger/transactions'
import { inferStop } from '@voltrail/domain/inference'
import { wholeSession } from '@voltrail/domain/session-end'
import { attributeParked, type Parked } from './commands/attribute-parked.ts'
import { factMetadata } from './evidence.ts'
import { createPods } from './oracle/pods.ts'
import { createSharedLog } from './oracle/shared-log.ts'
import { createTwinBus, createTwinVault } from './oracle/twins.ts'

const tenant = 'default' as TenantId
const chargerId = 'CP1' as ChargerId
const begin = Date.parse('2026-03-01T08:00:00.000Z')
const hour = (hours: number): Instant => instant(begin + hours * 3_600_000)
const wh = (value: string) => ({ value, unit: 'Wh' as const })
const idToken = { value: '04A1B2C3', type: 'ISO14443' as const }

let asked = 0
const ask = (fact: FactRequest['fact'], receivedAt: Instant): FactRequest => ({
  factId: `1.${++asked}` as FactId,
  tenant,
  chargerId,
  edge: 'edge-1',
  receivedAt,
  normalisations: [],
  frame: `[2,"${asked}","${fact.type}",{}]`,
  fact,
})
const startAt = (meter: string, at: Instant): FactOf<'TransactionStart'> => ({
  type: 'TransactionStart',
  evseId: 1,
  connectorId: 1,
  idToken,
  meterStart: wh(meter),
  time: { raw: at, at },
  raw: { connector: '1', idToken: idToken.value, timestamp: at, meterStart: meter },
})
const register = (value: string, at: Instant): FactOf<'MeterValues'> => ({
  type: 'MeterValues',
  evseId: 1,
  connectorId: 1,
  samples: [{ time: { raw: at, at }, values: [{ measurand: 'Energy.Active.Import.Register', value, unit: 'Wh' }] }],
  raw: { transaction: '', contentHash: `${value} at ${at}` },
})
const connector = (status: 'Charging' | 'Available', at: Instant): FactOf<'ConnectorStatus'> => ({
  type: 'ConnectorStatus',
  evseId: 1,
  connectorId: 1,
  status,
  errorCode: 'NoError',
  time: { raw: at, at },
})

/** Two centrals over one log. `stalls`: operations of the log in which one of them stands still. */
const openHouse = (stalls: readonly { operation: number; turns: number }[] = []) => {
  let now = hour(0)
  const log = createSharedLog({ pauses: [], stalls, faults: [] })
  const pods = createPods(2, { log, vault: createTwinVault(), bus: createTwinBus().bus, now: () => now })
  const transactionOf = (reply: FactReply | undefined): TransactionId => {
    if (reply?.outcome !== 'answered' || reply.answer.type !== 'TransactionStart')
      throw new Error(JSON.stringify(reply))
    return reply.answer.transactionId
  }
  const tell = (fact: FactRequest['fact'], at: Instant, pod = 0) => {
    now = at
    return pods.ask(pod, ask(fact, at))
  }
  const sessionEvents = (id: TransactionId) => log.stored(sessionStream(tenant, sessionId(chargerId, id)))
  return {
    tell,
    start: async (meter: string, at: Instant, toldAt: Instant, pod = 0) =>
      transactionOf(await tell(startAt(meter, at), toldAt, pod)),
    startAnywhere: async (meter: string, at: Instant) => {
      const start = startAt(meter, at)
      return transactionOf(
        await tell({ ...start, evseId: 0, connectorId: 0, raw: { ...start.raw, connector: '0' } }, at),
      )
    },
    /** What timers decide once a charger has been silent for too long. */
    endSilent: (id: TransactionId, at: Instant) =>
      pods.operate(0, async (deps) => {
        const meta = factMetadata(deps, ask(connector('Available', at), at), {})
        const stream = sessionStream(tenant, sessionId(chargerId, id))
        await deps.decide(wholeSession, stream, (s) => inferStop({ because: 'ChargerSilent', receivedAt: at }, s), meta)
        await deps.decide(
          charger,
          chargerStream(tenant, chargerId),
          (s) => closeTransaction({ transactionId: id, reason: 'inferred' }, s),
          meta,
        )
      }),
    /** What an operator decides about the newest frame that was parked. */
    attribute: (transactionId: TransactionId, evseId: number, at: Instant, pod = 0) =>
      pods.operate(pod, (deps) => {
        const events = log.stored(chargerStream(tenant, chargerId))
        const parked = events.findLast(({ type }) => type === 'FrameParked')!.data as Parked
        const metadata = () => factMetadata(deps, ask(connector('Available', at), at), {})
        return attributeParked(parked, { tenant, chargerId, transactionId, evseId, receivedAt: at, deps, metadata })
      }),
    summaryOf: (id: TransactionId) => (sessionEvents(id).at(-1)!.data as { summary: SessionSummary }).summary,
    /** The registers that a session's meter events hold. */
    registersOf: (id: TransactionId): string[] =>
      sessionEvents(id)
        .filter(({ type }) => type === 'SessionEnergyMetered')
        .flatMap(({ data }) => (data as { registers: { reading: { raw: string } }[] }).registers)
        .map(({ reading }) => reading.raw),
    correctionsOf: (id: TransactionId) => sessionEvents(id).filter(({ type }) => type === 'SessionCorrected').length,
    heldCount: () => log.stored(chargerStream(tenant, chargerId)).filter(({ type }) => type === 'RegistersHeld').length,
  }
}

describe('readings before a start that comes late', () => {
  it('are of it, also where the session before it took them and ended when its charger fell silent', async () => {
    const house = openHouse()
    await house.tell(connector('Charging', hour(0)), hour(0))
    await house.tell(register('2000', hour(2)), hour(2))
    await house.tell(register('6000', hour(8)), hour(8))
    const first = await house.start('1000', hour(1), hour(9))
    expect(house.registersOf(first)).toEqual(['2000', '6000'])
    await house.endSilent(first, hour(90))
    expect(house.summaryOf(first)).toMatchObject({ energyWh: 5000, stop: { reason: 'ChargerSilent' } })
    const second = await house.start('5000', hour(7), hour(91))
    expect(house.summaryOf(first)).toMatchObject({
      energyWh: 1000,
      stop: { reason: 'ChargerSilent', nextStartAt: hour(7), stoppedAt: { effectiveAt: hour(7) } },
    })
    expect(house.summaryOf(second)).toMatchObject({ energyWh: 1000 })
  })

  it('are of it, also where they came after the session before it had ended in silence', async () => {
    const house = openHouse()
    await house.tell(connector('Charging', hour(0)), hour(0))
    const first = await house.start('1000', hour(1), hour(1))
    await house.tell(register('2000', hour(2)), hour(2))
    await house.endSilent(first, hour(90))
    for (const [value, at] of [
      ['3000', 3],
      ['6000', 8],
      ['6500', 9],
    ] as const)
      await house.tell(register(value, hour(at)), hour(91))
    expect(house.summaryOf(first).energyWh).toBe(5500)
    const second = await house.start('5000', hour(7), hour(92))
    expect(house.summaryOf(first).energyWh).toBe(2000)
    expect(house.registersOf(second)).toEqual(['6000', '6500'])
    expect(house.summaryOf(second).energyWh).toBe(1500)
    // told again, by either central, it changes nothing
    const corrections = house.correctionsOf(first)
    expect(await house.start('5000', hour(7), hour(93), 1)).toBe(second)
    expect([house.correctionsOf(first), house.registersOf(second).length]).toEqual([corrections, 2])
  })

  it('are thinned out where silence ended the session that takes them, as long as no start came', async () => {
    const house = openHouse()
    await house.tell(connector('Charging', hour(0)), hour(0))
    const first = await house.start('1000', hour(1), hour(1))
    await house.endSilent(first, hour(90))
    for (let minute = 0; minute < 120; minute += 1)
      await house.tell(register(String(2000 + minute), hour(3 + minute / 60)), hour(91))
    expect(house.summaryOf(first).energyWh).toBe(1119)
    const second = await house.start('1500', hour(2), hour(92))
    expect(house.summaryOf(first).energyWh).toBe(0)
    const taken = house.registersOf(second)
    expect(taken.length).toBeLessThan(30)
    expect([taken[0], taken.at(-1)]).toEqual(['2000', '2119'])
  })

  it('change nothing of a session that ended in silence before them', async () => {
    const house = openHouse()
    const first = await house.start('1000', hour(1), hour(1))
    await house.tell(register('2000', hour(2)), hour(2))
    await house.endSilent(first, hour(90))
    await house.start('5000', hour(90), hour(91))
    expect(house.correctionsOf(first)).toBe(0)
  })
})

describe('readings and a start that two centrals decide on at once', () => {
  it('are of one session, whichever is appended first', async () => {
    const outcomes = new Set<string>()
    for (let operation = 0; operation < 24; operation += 1) {
      const house = openHouse([{ operation, turns: 40 }])
      await house.tell(connector('Charging', hour(0)), hour(0))
      const [, transactionId] = await Promise.all([
        house.tell(register('2000', hour(2)), hour(9), 0),
        house.start('1000', hour(1), hour(9), 1),
      ])
      expect(house.registersOf(transactionId)).toEqual(['2000'])
      outcomes.add(`held ${house.heldCount()}`)
    }
    // both orders were met
    expect([...outcomes].toSorted()).toEqual(['held 0', 'held 1'])
  })

  it('are of the parked start that they name, also where an operator says at that moment where it began', async () => {
    const outcomes = new Set<string>()
    // each operation of both waits for a while of its own: every way in which they can meet
    for (let seed = 0; seed < 4 ** 6; seed += 23) {
      const waits = Array.from({ length: 6 }, (_, digit) => Math.floor(seed / 4 ** digit) % 4)
      const house = openHouse(waits.map((wait, i) => ({ operation: 9 + i, turns: wait * 3 })))
      for (const evseId of [1, 2]) await house.tell({ ...connector('Charging', hour(0)), evseId }, hour(0))
      const transactionId = await house.startAnywhere('1000', hour(1))
      const [, refused] = await Promise.all([
        house.tell({ ...register('2000', hour(2)), evseId: 2, transactionId }, hour(9), 0),
        house.attribute(transactionId, 2, hour(9), 1),
      ])
      expect(refused).toBeUndefined()
      expect(house.registersOf(transactionId)).toEqual(['2000'])
      outcomes.add(`held ${house.heldCount()}`)
    }
    expect([...outcomes].toSorted()).toEqual(['held 0', 'held 1'])
  })
})
