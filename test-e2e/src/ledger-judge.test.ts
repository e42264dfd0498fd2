import type { DomainEvent } from '@voltrail/contracts/events/registry'
import { billsIn, judgeCommands, judgeNotices, judgeSessions, type Finding } from './ledger-judge.ts'
import type { Arrival, LedgerEntry, ModelSession, Notice } from './log-away-charger.ts'
import type { ChargerReading, ReadStream } from './log-reading.ts'

/** An event with what a judge reads of it. */
const event = (type: DomainEvent['type'], data: object): DomainEvent => ({ type, data }) as unknown as DomainEvent
const stream = (...events: DomainEvent[]): ReadStream => ({ events })

/** One session from 1000 to 1500 Wh with one reading, all of it acknowledged. */
const ledger = (): LedgerEntry[] => {
  const session: ModelSession = { meterStart: 1_000, meterStop: 1_500, transactionId: 7, startDropped: false }
  const entry = (kind: LedgerEntry['kind'], register: number): LedgerEntry => ({
    kind,
    session,
    register,
    madeAt: 1,
    sentAt: [2],
    burnt: [],
    acknowledgedAt: 3,
  })
  return [entry('start', 1_000), entry('meter', 1_250), entry('stop', 1_500)]
}
const opened = (transactionId = '7', wh = 1_000) => event('TransactionOpened', { transactionId, meterStart: { wh } })
const closed = event('TransactionClosed', { transactionId: '7' })
const started = event('SessionStarted', { meterStart: { wh: 1_000 } })
const metered = event('SessionEnergyMetered', { registers: [{ reading: { wh: 1_250 } }] })
const stop = {
  inferred: false,
  energyWh: 500,
  meterStop: { wh: 1_500 },
  reason: 'Local',
  stoppedAt: { effectiveAt: '2026-01-01T00:00:00.000Z' },
}
const stopped = event('SessionStopped', stop)
const rated = (energyWh = 500) => event('SessionRated', { charged: { energyWh }, kind: 'final' })
const credited = (creditedRevision: string) => event('SessionCredited', { creditedRevision })

/** The log as it should be, but for what is given. */
const reading = (given: { charger?: ReadStream; session?: ReadStream; bill?: ReadStream } = {}): ChargerReading => ({
  charger: given.charger ?? stream(opened(), closed),
  sessions: new Map([['7', given.session ?? stream(started, metered, stopped)]]),
  bills: new Map([['7', given.bill ?? stream(rated())]]),
})
const judged = (log: ChargerReading, entries = ledger()): string[] =>
  judgeSessions({ id: 'CP', ledger: entries }, log).map(({ kind, what }) => `${kind}: ${what}`)

describe('the sessions of a ledger', () => {
  it('are as they should be when each message is in the log once', () => {
    expect(judged(reading())).toEqual([])
  })

  it.each([
    ['a reading', reading({ session: stream(started, stopped) }), 'a meter was acknowledged and is not in the log'],
    ['a start', reading({ session: stream(metered, stopped) }), 'a start was acknowledged and is not in the log'],
    ['a stop', reading({ session: stream(started, metered) }), 'a stop was acknowledged and is not in the log'],
    ['the opening', reading({ charger: stream(closed) }), 'transaction 7 was never opened'],
    ['the closing', reading({ charger: stream(opened()) }), 'transaction 7 was never closed'],
    ['the bill', reading({ bill: stream() }), 'transaction 7: it has no bill'],
    ['the new bill', reading({ bill: stream(rated(), credited('0')) }), 'transaction 7: it has no bill'],
  ])('have lost %s that is not there', (_, log, what) => {
    expect(judged(log)).toEqual([`lost: ${what}`])
  })

  it.each([
    ['reading', reading({ session: stream(started, metered, metered, stopped) }), 'a meter is in the log 2 times'],
    ['start', reading({ session: stream(started, started, metered, stopped) }), 'a start is in the log 2 times'],
    ['opening', reading({ charger: stream(opened(), opened(), closed) }), 'transaction 7 was opened twice'],
    ['closing', reading({ charger: stream(opened(), closed, closed) }), 'transaction 7 was closed twice'],
    ['bill', reading({ bill: stream(rated(), rated()) }), 'transaction 7: it has 2 bills'],
    ['session', reading({ charger: stream(opened(), opened('8'), closed) }), 'one start opened the transactions 7, 8'],
    [
      'session of another start',
      reading({ charger: stream(opened(), opened('8', 900), closed) }),
      'transaction 8 with meter start 900 is of no start that it told',
    ],
  ])('have a doubled %s that is there twice', (_, log, what) => {
    expect(judged(log)).toEqual([`doubled: ${what}`])
  })

  it('find a second session of one start by its events too', () => {
    const log = reading({ charger: stream(opened(), opened('8'), closed) })
    const sessions = new Map([...log.sessions, ['8', stream(started)] as const])
    expect(judged({ ...log, sessions })).toEqual([
      'doubled: one start opened the transactions 7, 8',
      'doubled: a start is in the log 2 times',
    ])
  })

  it('have a stop told twice as two ends', () => {
    expect(judged(reading({ session: stream(started, metered, stopped, stopped) }))).toEqual([
      'doubled: a stop is in the log 2 times',
      'doubled: transaction 7: it ended 2 times: Local at 2026-01-01T00:00:00.000Z with 500 Wh, then Local at 2026-01-01T00:00:00.000Z with 500 Wh',
    ])
  })

  it('have the wrong energy where it is not that between meter start and meter stop, in the session or on its bill', () => {
    const short = event('SessionStopped', { ...stop, energyWh: 250 })
    expect(judged(reading({ session: stream(started, metered, short), bill: stream(rated(250)) }))).toEqual([
      'wrong: transaction 7: its energy is 250 Wh, not 500 Wh',
      'wrong: transaction 7: it is billed final for 250 Wh, not for 500 Wh',
    ])
  })

  it('have broken chains, each told', () => {
    const broken = { ...reading().sessions.get('7')!, broken: 'revision 1: altered' }
    expect(judged(reading({ session: broken }))).toEqual([
      'wrong: transaction 7: its chain is broken: revision 1: altered',
    ])
    const charger = { ...reading().charger, broken: 'revision 0: missing' }
    expect(judged(reading({ charger }))).toEqual(['wrong: the chain of its stream is broken: revision 0: missing'])
  })

  it('may have what was told and not acknowledged, or not', () => {
    const entries = ledger().map(({ acknowledgedAt: _, ...entry }) => entry)
    expect(judged(reading(), entries)).toEqual([])
    expect(judged(reading({ session: stream(started), charger: stream(opened()) }), entries)).toEqual([])
  })

  it('have what was never told as wrong', () => {
    const more = event('SessionEnergyMetered', { registers: [{ reading: { wh: 1_300 } }] })
    expect(judged(reading({ session: stream(started, metered, more, stopped) }))).toEqual([
      'wrong: transaction 7: the log has a meter 1300 that the charger never told',
    ])
  })

  it('have a start that was answered with two transactions as doubled', () => {
    const [start, ...rest] = ledger()
    expect(judged(reading(), [{ ...start!, otherIds: [8] }, ...rest])).toEqual(['doubled: a start was answered 8 too'])
  })

  it('come with the entry of the ledger that proves it', () => {
    const [finding] = judgeSessions({ id: 'CP', ledger: ledger() }, reading({ session: stream(started, stopped) }))
    expect(finding).toMatchObject({
      kind: 'lost',
      charger: 'CP',
      proof: { kind: 'meter', register: 1_250, acknowledgedAt: 3, transactionId: 7 },
    })
  })
})

describe('bills', () => {
  it('hold unless they are credited', () => {
    expect(billsIn(stream(rated(400), credited('0'), rated(500)))).toEqual([{ energyWh: 500, kind: 'final' }])
    expect(billsIn(stream(rated(400), rated(500)))).toHaveLength(2)
  })
})

describe('what a charger tells beside its sessions', () => {
  const notice = (kind: Notice['kind'], mark: string, sent = 1): Notice => ({
    kind,
    mark,
    madeAt: 1,
    sentAt: Array.from({ length: sent }, () => 2),
    acknowledgedAt: 3,
  })
  const status = event('ConnectorStatusChanged', { info: 's1' })
  const boot = event('ChargerBooted', { firmwareVersion: 'b1' })
  const of = (events: DomainEvent[], telemetry: [string, number][] = [['t1', 1]], notices = all): string[] =>
    judgeNotices('CP', notices, { ...reading(), charger: stream(...events) }, new Map(telemetry)).map(
      ({ kind, what }) => `${kind}: ${what}`,
    )
  const all = [notice('boot', 'b1'), notice('status', 's1'), notice('telemetry', 't1')]

  it('is kept when it was acknowledged', () => {
    expect(of([boot, status])).toEqual([])
    expect(of([], [])).toEqual([
      'lost: a boot was acknowledged and is not kept',
      'lost: a status was acknowledged and is not kept',
      'lost: a telemetry was acknowledged and is not kept',
    ])
  })

  it('is kept once; a boot as often as it was told, telemetry at least once', () => {
    expect(of([boot, status, status], [['t1', 2]])).toEqual(['doubled: a status that was told 1 times is kept 2 times'])
    expect(of([boot, boot, status])).toEqual(['doubled: a boot that was told 1 times is kept 2 times'])
    expect(of([boot, boot], [], [notice('boot', 'b1', 2)])).toEqual([])
  })
})

describe('commands', () => {
  const requested = event('CommandRequested', {
    commandId: 'id',
    command: { type: 'DataTransfer', vendorId: 'chaos', messageId: 'm' },
  })
  const settled = (outcome: string, late = false) =>
    event('CommandSettled', { commandId: 'id', result: { outcome }, late })
  const offline = event('CommandOffline', { commandId: 'id' })
  const unknown = event('CommandOutcomeUnknown', { commandId: 'id' })
  const arrival = (answered = true): Arrival => ({ mark: 'm', at: 1, superseded: !answered, answered })
  const of = (events: DomainEvent[], arrivals: Arrival[], outcome?: string): [Finding['kind'], string][] =>
    judgeCommands(
      'CP',
      { asked: outcome === undefined ? [] : [{ mark: 'm', outcome }], arrivals },
      { ...reading(), charger: stream(...events) },
    ).map(({ kind, what }) => [kind, what])

  it('are delivered when the charger answered them, and never sent when it did not get them', () => {
    expect(of([requested, settled('result')], [arrival()], 'result')).toEqual([])
    expect(of([requested, offline], [], 'offline')).toEqual([])
    expect(of([requested, unknown], [arrival(false)], 'unknown')).toEqual([])
    expect(of([requested, unknown, settled('result', true)], [arrival()], 'unknown')).toEqual([])
  })

  it('that went to a dead socket must not count as delivered, neither in the log nor to the operator', () => {
    expect(of([requested, settled('result')], [arrival(false)])).toEqual([
      ['wrong', 'the log has command m as answered, and the charger never did'],
    ])
    expect(of([requested, unknown], [], 'result')).toEqual([
      ['wrong', 'the operator has command m as answered, and the charger never did'],
    ])
  })

  it('that arrived are not offline, and arrive once', () => {
    expect(of([requested, offline], [arrival()])).toEqual([
      ['wrong', 'the log has command m as never sent, and it arrived'],
    ])
    expect(of([requested, settled('result')], [arrival(), arrival()])).toEqual([
      ['doubled', 'command m arrived 2 times'],
    ])
    expect(of([], [arrival()])).toEqual([['wrong', 'command m arrived and is not in the log']])
  })

  it('have one outcome', () => {
    expect(of([requested], [])).toEqual([['lost', 'command m has no outcome']])
    expect(of([requested, settled('result'), offline], [arrival()])).toContainEqual([
      'doubled',
      'command m has the outcomes result, offline',
    ])
  })
})
