import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { FactId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { at, foldHistory, given, recorded } from '../fixtures/given.ts'
import { readRegister } from '../registers.ts'
import { stopSession, wholeSession } from '../session-end.ts'
import { session, startSession } from '../session.ts'
import type { TokenRef, TransactionId } from '@voltrail/contracts/ids'
import { claimedBy, holdRegisters, mayBeInUse, worthHolding } from './candidates.ts'
import { charger } from './charger.ts'
import type { ChargerState } from './charger-state.ts'
import { closedOnEvseAt, closedWith } from './closed-transactions.ts'

const holding = (wh: string, minutes: number, evseId = 1) => ({
  factId: `1.${minutes}` as FactId,
  evseId,
  contentKey: `${evseId} ${wh}@${minutes}`,
  registers: [{ at: at(minutes), reading: readRegister(wh, 'Wh') }],
})
const held = (...list: ReturnType<typeof holding>[]): ChargerEvent[] =>
  list.map(({ evseId, contentKey, registers }) => ({
    type: 'RegistersHeld',
    data: { candidates: registers.map((one) => ({ ...one, evseId, contentKey })) },
  }))
const status = (to: 'Available' | 'Preparing', evseId = 1, connectorId = 1): ChargerEvent => ({
  type: 'ConnectorStatusChanged',
  data: { evseId, connectorId, status: to, errorCode: 'NoError' },
})

const opened = (id: string, minutes: number, meterStart?: string, receivedAt = 60): ChargerEvent => ({
  type: 'TransactionOpened',
  data: {
    transactionId: id as TransactionId,
    startKey: `start ${id}`,
    evseId: 1,
    connectorId: 1,
    tokenRef: 'a'.repeat(32) as TokenRef,
    ...(meterStart === undefined ? {} : { meterStart: readRegister(meterStart, 'Wh') }),
    startedAt: { receivedAt: at(receivedAt), effectiveAt: at(minutes), reason: 'charger-clock' },
    authorization: 'Accepted',
  },
})
const parkedStart = (id: string, minutes: number): ChargerEvent => ({
  type: 'FrameParked',
  data: {
    meant: 'TransactionStart',
    reason: 'malformed',
    detail: '',
    contentKey: `parked ${id}`,
    transactionId: id as TransactionId,
    evseId: 1,
    occurredAt: { receivedAt: at(60), effectiveAt: at(minutes), reason: 'charger-clock' },
  },
})
/** What is claimed, and by which transaction. */
const claims = ({ candidates = [] }: ChargerState) =>
  candidates.flatMap(({ contentKey, claim }) => (claim === undefined ? [] : [`${contentKey} ${claim.transactionId}`]))

describe('registers without a session', () => {
  it('are held once', () => {
    given(charger)
      .when((s) => holdRegisters(holding('100', 1), s))
      .then(...held(holding('100', 1)))
    given(charger, ...held(holding('100', 1)))
      .when((s) => holdRegisters(holding('100', 1), s))
      .thenNothing()
  })
  it('may belong to a session of an EVSE that is not known to be free', () => {
    expect(mayBeInUse(foldHistory(charger, []), 1)).toBe(true)
    expect(mayBeInUse(foldHistory(charger, [status('Available')]), 1)).toBe(false)
    expect(mayBeInUse(foldHistory(charger, [status('Available'), status('Preparing', 1, 2)]), 1)).toBe(true)
    expect(mayBeInUse(foldHistory(charger, []), 0)).toBe(false)
  })
  it('may belong to a session of an EVSE that is free by now, when they are older than that', () => {
    const free = foldHistory(charger, [status('Preparing'), status('Available')])
    const since = free.availableSince?.[0]?.at ?? at(0)
    expect(mayBeInUse(free, 1, instant(Date.parse(since) - 1))).toBe(true)
    expect(mayBeInUse(free, 1, since)).toBe(false)
  })
  it('are claimed by a start on their EVSE, from its time on, and found again when it is told again', () => {
    const state = foldHistory(charger, [
      ...held(holding('100', 1), holding('300', 5), holding('200', 3), holding('7', 4, 2)),
      opened('9', 2),
    ])
    expect(claimedBy(state, '9' as TransactionId).map((one) => [one.contentKey, one.measuredAt])).toEqual([
      ['1 200@3', at(3)],
      ['1 300@5', at(5)],
    ])
  })
  it('are claimed only where they fit its meter start', () => {
    const state = foldHistory(charger, [...held(holding('100', 1), holding('300', 5)), opened('9', 0, '200')])
    expect(claims(state)).toEqual(['1 300@5 9'])
  })
  it('are claimed by one start each: the one that began last before them, whichever comes first', () => {
    const four = held(holding('2000', 10), holding('3000', 20), holding('5000', 40), holding('6000', 50))
    const each = ['1 2000@10 1', '1 3000@20 1', '1 5000@40 2', '1 6000@50 2']
    const [first, second] = [opened('1', 0, '1000'), opened('2', 30, '4000')]
    expect(claims(foldHistory(charger, [...four, first, second]))).toEqual(each)
    expect(claims(foldHistory(charger, [...four, second, first]))).toEqual(each)
    // the second is over by then
    const over: ChargerEvent = {
      type: 'TransactionClosed',
      data: { transactionId: '2' as TransactionId, reason: 'stopped' },
    }
    expect(claims(foldHistory(charger, [...four, second, over, first]))).toEqual(each)
    // nothing was held when the second came: a bound all the same
    expect(claims(foldHistory(charger, [second, over, ...four, first]))).toEqual(each.slice(0, 2))
  })
  it('are claimed until the next parked start on their EVSE', () => {
    const two = held(holding('2000', 10), holding('5000', 40))
    expect(claims(foldHistory(charger, [...two, parkedStart('2', 30), opened('1', 0)]))).toEqual(['1 2000@10 1'])
  })
  it('are of the parked start that they name, and of no other', () => {
    const named = { ...holding('5000', 40, 2), named: '2' as TransactionId }
    const { events } = given(charger).when((s) => holdRegisters(named, s))
    const history = [...held(holding('2000', 10)), ...(events as ChargerEvent[])]
    expect(claims(foldHistory(charger, [...history, opened('1', 0)]))).toEqual(['1 2000@10 1'])
    expect(claims(foldHistory(charger, [...history, opened('2', 60)]))).toEqual(['2 5000@40 2'])
  })
  it('are no longer compared with new ones when a start has taken them', () => {
    const state = foldHistory(charger, [...held(holding('100', 0)), opened('9', 0)])
    expect(worthHolding(state, 1, holding('100', 1).registers)).toBe(true)
  })
  it('are worth holding where the register moved, the first of them each, then one in 15 minutes, and each that went back', () => {
    const first = foldHistory(charger, held(holding('100', 0)))
    const of = (wh: string, minutes: number) => holding(wh, minutes).registers
    expect(worthHolding(foldHistory(charger, []), 1, of('100', 0))).toBe(true)
    expect(worthHolding(first, 2, of('100', 1))).toBe(true)
    expect(worthHolding(first, 1, of('100', 600))).toBe(false)
    expect(worthHolding(first, 1, of('101', 1))).toBe(true)
    const many = foldHistory(charger, held(...Array.from({ length: 16 }, (_, i) => holding(String(100 + i), i))))
    expect(worthHolding(many, 1, of('109', 9.5))).toBe(false)
    expect(worthHolding(many, 1, of('200', 29))).toBe(true)
    expect(worthHolding(many, 1, of('200', 30))).toBe(true)
    expect(worthHolding(many, 1, of('5', 16))).toBe(true)
  })
  it('are thinned out to one in 15 minutes and the last that was told, and each side of a register that went back', () => {
    const tell = (state: ChargerState, wh: string, minutes: number): ChargerState => {
      const decided = holdRegisters(holding(wh, minutes), state)
      const events = 'accepted' in decided ? decided.accepted : []
      return events.reduce((known, event) => charger.evolve(known, recorded(event, 1)), state)
    }
    let state = foldHistory(charger, [])
    for (let minute = 0; minute <= 60; minute++) state = tell(state, String(100 + minute), minute)
    const minutes = () =>
      state.candidates!.map(({ at: when }) => Math.round((Date.parse(when) - Date.parse(at(0))) / 60_000))
    expect(minutes().slice(14)).toEqual([14, 28, 42, 56, 60])
    for (const [wh, minute] of [
      ['5', 61],
      ['6', 62],
      ['7', 63],
    ] as const)
      state = tell(state, wh, minute)
    expect(minutes().slice(16)).toEqual([42, 56, 60, 61, 63])
  })
  it('are told to the log each for a day, then one in 15 minutes, where no start that could have them is known', () => {
    const tellAll = (named?: TransactionId) => {
      let state = foldHistory(charger, [status('Preparing')])
      let events = 0
      for (let minute = 0; minute < 3 * 1440; minute++) {
        const one = { ...holding(String(100 + minute), minute), named }
        if (!worthHolding(state, 1, one.registers, { named })) continue
        const decided = holdRegisters(one, state)
        for (const event of 'accepted' in decided ? decided.accepted : []) {
          events += 1
          state = charger.evolve(state, recorded(event, 1))
        }
      }
      return { events, first: state.candidates![0]!.at, last: state.candidates!.at(-1)!.at }
    }
    const unnamed = tellAll()
    expect(unnamed.first).toBe(at(0))
    expect(unnamed.events).toBeLessThan(1440 + 2 * 96 + 2)
    // of a start that is parked all energy is in the log
    expect(tellAll('77' as TransactionId)).toEqual({ events: 3 * 1440, first: at(0), last: at(3 * 1440 - 1) })
  })
  it.each([
    ['in one context', ['Sample.Periodic']],
    ['in two', ['Sample.Clock', 'Sample.Periodic']],
    ['in many', ['Sample.Clock', 'Sample.Periodic', 'Trigger', 'Other', 'Interruption.Begin']],
  ])('are thinned out by the message, %s, and never cost another EVSE its own', (_what, contexts) => {
    let state = foldHistory(charger, [...held(holding('50', 0, 2)), ...held(holding('60', 0, 3))])
    for (let minute = 1; minute <= 1000; minute++) {
      const registers = contexts.map((context) => ({
        ...holding(String(1000 + minute * 100), minute).registers[0]!,
        context,
      }))
      expect(worthHolding(state, 1, registers)).toBe(true)
      const decided = holdRegisters({ ...holding(String(minute), minute), registers }, state)
      for (const event of 'accepted' in decided ? decided.accepted : [])
        state = charger.evolve(state, recorded(event, 1))
    }
    const of = (evseId: number) => state.candidates!.filter((one) => one.evseId === evseId)
    expect([of(2).length, of(3).length]).toEqual([1, 1])
    expect(of(1).length).toBeLessThanOrEqual(64)
    expect([of(1)[0]?.at, of(1).at(-1)?.at]).toEqual([at(1), at(1000)])
    const gaps = of(1).map(({ at: when }, i) => Date.parse(when) - Date.parse((of(1)[i - 1] ?? of(1)[0]!).at))
    // evenly, whatever is left
    expect(Math.max(...gaps) / 60_000).toBeLessThan(contexts.length === 5 ? 200 : 60)
  })
  it('are bounded in all, however many transactions are named: the first and the last of each stay longest', () => {
    const naming = (i: number, minutes: number) => ({
      ...holding(String(1000 + minutes), minutes),
      contentKey: `${i} ${minutes}`,
      named: String(i) as TransactionId,
    })
    let state = foldHistory(charger, [])
    for (let minute = 0; minute < 10; minute++)
      for (let i = 0; i < 60; i++) {
        const decided = holdRegisters(naming(i, minute + i / 100), state)
        for (const event of 'accepted' in decided ? decided.accepted : [])
          state = charger.evolve(state, recorded(event, 1))
      }
    expect(state.candidates).toHaveLength(256)
    for (let i = 0; i < 60; i++) {
      const of = state.candidates!.filter((one) => one.namedTransaction === String(i))
      expect([of[0]?.at, of.at(-1)?.at]).toEqual([at(i / 100), at(9 + i / 100)])
    }
  })
  it.each([[['Sample.Periodic']], [['Sample.Clock', 'Sample.Periodic']]])(
    'of a parked start without a meter start are billed the same until somebody decides, told in %j',
    (contexts) => {
      const id = '77' as TransactionId
      let state = foldHistory(charger, [parkedStart(id, 0)])
      for (let minute = 1; minute <= 90; minute++) {
        const registers = contexts.map((context) => ({
          ...holding(String(1000 + minute * 100), minute).registers[0]!,
          context,
        }))
        expect(worthHolding(state, 1, registers, { named: id })).toBe(true)
        const decided = holdRegisters({ ...holding(String(minute), minute), registers, named: id }, state)
        for (const event of 'accepted' in decided ? decided.accepted : [])
          state = charger.evolve(state, recorded(event, 1))
      }
      state = charger.evolve(state, recorded(opened(id, 0), 200))
      const startedAt = { receivedAt: at(60), effectiveAt: at(0), reason: 'charger-clock' as const }
      const start = {
        transactionId: id,
        startKey: `start ${id}`,
        evseId: 1,
        connectorId: 1,
        startedAt,
        idToken: { ref: 'a'.repeat(32) as TokenRef },
        authorization: { status: 'Accepted' as const },
        meterStartUnread: true as const,
      }
      const begun = startSession(start as never, session.initialState, claimedBy(state, id))
      const whole = foldHistory(wholeSession, ('accepted' in begun ? begun.accepted : []) as never)
      const stop = {
        stoppedAt: { ...startedAt, effectiveAt: at(91) },
        meterStop: readRegister('10100', 'Wh'),
        reason: 'Local',
        inferred: false,
        registers: [],
      }
      const stopped = stopSession(stop, whole)
      expect('accepted' in stopped && stopped.accepted[0]?.data).toMatchObject({ energyWh: 9000 })
    },
  )
  it('are worth holding each 15 minutes where the register stands still and the EVSE is in use', () => {
    const inUse = foldHistory(charger, [status('Preparing'), ...held(holding('100', 0))])
    expect(worthHolding(inUse, 1, holding('100', 14).registers)).toBe(false)
    expect(worthHolding(inUse, 1, holding('100', 15).registers)).toBe(true)
  })
  it('are claimed for seven days', () => {
    const claimed = (receivedAt: number) =>
      claims(foldHistory(charger, [...held(holding('100', 1)), opened('9', 0, undefined, receivedAt)]))
    expect(claimed(7 * 1440)).toHaveLength(1)
    expect(claimed(7 * 1440 + 2)).toHaveLength(0)
    const later = given(charger, ...held(holding('100', 1), holding('200', 7 * 1440 + 2))).state
    expect(later.candidates).toHaveLength(1)
  })
})

describe('transactions that were closed', () => {
  const open = (id: string, minutes: number, evseId = 1) => ({
    transactionId: id as TransactionId,
    evseId,
    startedAt: { receivedAt: at(minutes), effectiveAt: at(minutes), reason: 'charger-clock' as const },
  })
  const closed = (...list: ReturnType<typeof open>[]) =>
    list.reduce<ReturnType<typeof closedWith>>(
      (closedTransactions, one) =>
        closedWith(
          { openTransactions: [one as never], closedTransactions },
          { transactionId: one.transactionId, reason: 'stopped' },
        ),
      [],
    )
  it('are found by their EVSE and a time after their start, the newest first', () => {
    const closedTransactions = closed(open('1', 0), open('3', 60), open('2', 30), open('4', 40, 2))
    const at_ = (minutes: number, evseId = 1) => closedOnEvseAt({ closedTransactions }, evseId, at(minutes))
    expect([at_(-5), at_(10), at_(35), at_(90), at_(50, 2), at_(50, 3)]).toEqual([
      undefined,
      '1',
      '2',
      '3',
      '4',
      undefined,
    ])
  })
  it('are kept as the newest eight, and one that was not open is none', () => {
    const many = closed(...Array.from({ length: 12 }, (_, i) => open(String(i), i)))
    expect(many.map((one) => one.transactionId)).toEqual(['4', '5', '6', '7', '8', '9', '10', '11'])
    expect(closedWith({ openTransactions: [] }, { transactionId: '1' as TransactionId, reason: 'stopped' })).toEqual([])
  })
})
