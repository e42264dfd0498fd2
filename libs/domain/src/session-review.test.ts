import type { SessionEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef, TransactionId } from '@voltrail/contracts/ids'
import type { OccurredAt, Wh } from '@voltrail/contracts/quantities'
import { at, given } from './fixtures/given.ts'
import { readRegister } from './registers.ts'
import { attributeStop, correctSession, type CorrectSession } from './session-review.ts'
import { beganAt, meterSession, type SessionStarted } from './session.ts'
import { meterAfterStop, stopSession, wholeSession } from './session-end.ts'

const when = (minutes: number): OccurredAt => ({
  charger: at(minutes),
  receivedAt: at(minutes),
  effectiveAt: at(minutes),
  reason: 'charger-clock',
})
const tokenRef = 'a'.repeat(32) as TokenRef
const start: SessionStarted = {
  transactionId: '7' as TransactionId,
  evseId: 1,
  connectorId: 1,
  idToken: { ref: tokenRef, type: 'ISO14443', sealed: { owner: tokenRef, key: 'k', text: 't' } },
  authorization: { status: 'Accepted', reason: 'as issued' },
  startKey: 'key',
  meterStart: readRegister('1000', 'Wh'),
  startedAt: when(0),
}
const stopping = (meterStop: string | undefined, minutes: number, inferred = false) => ({
  stoppedAt: when(minutes),
  meterStop: meterStop === undefined ? undefined : readRegister(meterStop, 'Wh'),
  reason: 'Local',
  inferred,
  registers: [],
})
const metering = (wh: string, minutes: number) => ({
  contentKey: `${wh}@${minutes}`,
  registers: [{ at: at(minutes), reading: readRegister(wh, 'Wh') }],
  live: {},
  measuredAt: at(minutes),
})
type Step = (history: SessionEvent[]) => readonly SessionEvent[]
const meter =
  (wh: string, minutes: number): Step =>
  (history) =>
    given(wholeSession, ...history).when((s) =>
      s.summary.stop === undefined ? meterSession(metering(wh, minutes), s) : meterAfterStop(metering(wh, minutes), s),
    ).events
const stop =
  (meterStop: string | undefined, minutes: number, inferred = false): Step =>
  (history) =>
    given(wholeSession, ...history).when((s) => stopSession(stopping(meterStop, minutes, inferred), s)).events
const correct =
  (given_: Partial<CorrectSession>): Step =>
  (history) =>
    given(wholeSession, ...history).when((s) => correctSession({ at: at(500), ...given_ }, s)).events
const attribute =
  (meterStop: string, minutes: number): Step =>
  (history) =>
    given(wholeSession, ...history).when((s) => attributeStop(stopping(meterStop, minutes), s)).events
const history = (...steps: Step[]): SessionEvent[] =>
  steps.reduce<SessionEvent[]>((h, step) => [...h, ...step(h)], [{ type: 'SessionStarted', data: start }])
const after = (...steps: Step[]) => given(wholeSession, ...history(...steps))
const types = (events: readonly SessionEvent[]) => events.map(({ type }) => type)

describe('a stop that was parked', () => {
  it('ends the session that it is attributed to, by its meter stop', () => {
    const decided = after(meter('4000', 30)).when((s) => attributeStop(stopping('8400', 60), s))
    expect(types(decided.events)).toEqual(['SessionStopped'])
    expect(decided.events[0]!.data).toMatchObject({ energyWh: 7400, energySource: 'meter-stop', inferred: false })
  })

  it('corrects an end that was inferred', () => {
    const decided = after(meter('4000', 30), stop(undefined, 40, true)).when((s) =>
      attributeStop(stopping('8400', 60), s),
    )
    expect(decided.events).toMatchObject([
      { type: 'SessionCorrected', data: { cause: 'late-stop', stop: { energyWh: 7400, inferred: false } } },
    ])
  })

  it.each([stop('6000', 40), attribute('6000', 40)])('never replaces a stop that the session has', (ended) => {
    after(ended)
      .when((s) => attributeStop(stopping('8400', 60), s))
      .thenRejected({ kind: 'stopped-already', stoppedAt: at(40) })
  })

  it('is attributed once, whatever the session was before', () => {
    for (const before of [[], [stop('8400', 60)], [stop(undefined, 40, true)], [meter('900', 10)]])
      after(...before, attribute('8400', 60))
        .when((s) => attributeStop(stopping('8400', 60), s))
        .thenNothing()
  })

  it('ends no session that began after it, and none that never began', () => {
    after()
      .when((s) => attributeStop(stopping('8400', -5), s))
      .thenRejected({ kind: 'ends-before-start' })
    given(wholeSession)
      .when((s) => attributeStop(stopping('8400', 5), s))
      .thenRejected({ kind: 'not-started' })
  })
})

describe('a correction by an operator', () => {
  const wh = (n: number) => n as Wh

  it('changes what is given and keeps the rest', () => {
    const [corrected] = correct({ energyWh: wh(5000) })(history(stop('8400', 60)))
    expect(corrected).toMatchObject({
      type: 'SessionCorrected',
      data: {
        cause: 'review',
        detail: 'it delivered 5000 Wh',
        stop: { energyWh: 5000, energySource: 'review', meterStop: { wh: 8400 }, stoppedAt: when(60), inferred: false },
        summary: { energyWh: 5000, corrections: 1 },
      },
    })
    expect(corrected!.data).not.toHaveProperty('startedAt')
  })

  it('moves the beginning and the end, and says that a review did; the charger’s own time is kept', () => {
    const { state } = after(stop('8400', 60), correct({ startedAt: at(10), stoppedAt: at(50) }))
    expect(beganAt(state.start!, state.summary)).toEqual({ ...when(0), effectiveAt: at(10), reason: 'review' })
    expect(state.summary.stop).toMatchObject({
      stoppedAt: { ...when(60), effectiveAt: at(50), reason: 'review' },
      energyWh: 7400,
      energySource: 'meter-stop',
    })
  })

  it('ends a session that goes on when it says when; a stop that comes later still corrects it', () => {
    const events = history(meter('4000', 30), correct({ stoppedAt: at(40), startedAt: at(5), energyWh: wh(2500) }))
    expect(types(events.slice(2))).toEqual(['SessionStopped', 'SessionCorrected'])
    expect(given(wholeSession, ...events).state.summary).toMatchObject({
      energyWh: 2500,
      startedAt: { effectiveAt: at(5) },
      stop: { stoppedAt: { effectiveAt: at(40) }, inferred: true, energySource: 'review' },
    })
    expect(stop('8400', 60)(events)).toMatchObject([
      { type: 'SessionCorrected', data: { cause: 'late-stop', stop: { energyWh: 7400, energySource: 'meter-stop' } } },
    ])
  })

  it('of a session that goes on needs the time of its end', () => {
    after()
      .when((s) => correctSession({ at: at(500), energyWh: wh(1) }, s))
      .thenRejected({ kind: 'not-stopped' })
  })

  it('ends nothing before it began', () => {
    for (const change of [{ startedAt: at(61) }, { stoppedAt: at(-1) }])
      after(stop('8400', 60))
        .when((s) => correctSession({ at: at(500), ...change }, s))
        .thenRejected({ kind: 'ends-before-start' })
  })

  it('is made once', () => {
    const change = { energyWh: wh(5000), startedAt: at(10), stoppedAt: at(50) }
    for (const before of [[stop('8400', 60)], [stop(undefined, 60, true)], [meter('4000', 30)]])
      after(...before, correct(change))
        .when((s) => correctSession({ at: at(600), ...change }, s))
        .thenNothing()
  })

  it('is the last word about the energy: readings that come later change nothing', () => {
    const events = history(stop(undefined, 60), correct({ energyWh: wh(5000) }), meter('9999', 58))
    expect(types(events).at(-1)).toBe('SessionEnergyMetered')
    expect(given(wholeSession, ...events).state.summary.energyWh).toBe(5000)
  })

  describe('of energy that was suspect', () => {
    const suspect: Step = (events) =>
      given(wholeSession, ...events).when((s) => meterSession({ ...metering('4000', 30), suspect: true }, s)).events
    const again: Step = (events) =>
      given(wholeSession, ...events).when((s) => meterSession({ ...metering('5000', 40), suspect: true }, s)).events
    const summaryAfter = (...steps: Step[]) => given(wholeSession, ...history(...steps)).state.summary

    it('is told once, holds through the stop, and ends it', () => {
      const events = history(suspect, again, stop('8400', 60))
      expect(events.map(({ data }) => ('suspect' in data ? data.suspect : undefined))).toEqual([
        undefined,
        true,
        undefined,
        undefined,
      ])
      expect(given(wholeSession, ...events).state.summary.suspect).toBe(true)
      const vouched = correct({ vouched: true })
      expect(vouched(events)).toMatchObject([
        {
          type: 'SessionCorrected',
          data: { cause: 'review', vouched: true, detail: 'its energy holds as it was metered' },
        },
      ])
      expect(summaryAfter(suspect, stop('8400', 60), vouched)).toMatchObject({ suspect: false, energyWh: 7400 })
      expect(vouched([...events, ...vouched(events)])).toEqual([])
    })

    it('ends it also with another energy, and with the end of a session that goes on', () => {
      const change = { vouched: true, energyWh: wh(7) }
      expect(summaryAfter(suspect, stop('8400', 60), correct(change))).toMatchObject({ suspect: false, energyWh: 7 })
      const ended = summaryAfter(suspect, correct({ ...change, stoppedAt: at(40) }))
      expect(ended).toMatchObject({ suspect: false, energyWh: 7, stop: { inferred: true } })
      after(suspect)
        .when((s) => correctSession({ at: at(500), ...change }, s))
        .thenRejected({ kind: 'not-stopped' })
    })

    it('of a session that goes on holds for what was metered so far; what comes later is doubted anew', () => {
      const vouched = correct({ vouched: true })
      const events = history(suspect, vouched)
      expect(events.at(-1)).toMatchObject({ type: 'SessionEnergyVouched', data: { at: at(500) } })
      expect(given(wholeSession, ...events).state.summary).toMatchObject({ suspect: false, energyWh: 3000 })
      expect(vouched(events)).toEqual([])
      expect(summaryAfter(suspect, vouched, stop('8400', 60))).toMatchObject({ suspect: false, energyWh: 7400 })
      expect(again(events)).toMatchObject([{ type: 'SessionEnergyMetered', data: { suspect: true } }])
      expect(correct({ vouched: true })(history(meter('4000', 30)))).toEqual([])
    })

    const suspectStop: Step = (events) =>
      given(wholeSession, ...events).when((s) => stopSession({ ...stopping('8400', 60), suspect: true }, s)).events

    it('is told with the stop too, by the one that comes late too, and with the start', () => {
      expect(suspectStop(history(meter('4000', 30)))).toMatchObject([
        { type: 'SessionStopped', data: { suspect: true, summary: { suspect: true } } },
      ])
      expect(suspectStop(history(suspect))[0]!.data).not.toHaveProperty('suspect')
      expect(suspectStop(history(stop(undefined, 40, true)))).toMatchObject([
        { type: 'SessionCorrected', data: { suspect: true, summary: { suspect: true } } },
      ])
      const begun: SessionEvent = { type: 'SessionStarted', data: { ...start, suspect: true } }
      expect(given(wholeSession, begun).state.summary.suspect).toBe(true)
    })

    it('is doubted again when its stop, or readings, make it another than what was vouched for', () => {
      const vouchedFor = (energyWh?: Wh) => [
        suspect,
        stop(undefined, 40, true),
        correct({ vouched: true, ...(energyWh === undefined ? {} : { energyWh }) }),
      ]
      expect(stop('8400', 60)(history(...vouchedFor(wh(3))))).toMatchObject([
        { type: 'SessionCorrected', data: { suspect: true, summary: { suspect: true, energyWh: 7400 } } },
      ])
      expect(meter('5000', 35)(history(...vouchedFor()))).toMatchObject([
        { type: 'SessionEnergyMetered' },
        { type: 'SessionCorrected', data: { cause: 'late-meter', suspect: true, summary: { suspect: true } } },
      ])
      // the same energy, or an operator's own
      expect(summaryAfter(...vouchedFor(), stop('4000', 60))).toMatchObject({ suspect: false, corrections: 2 })
      expect(summaryAfter(...vouchedFor(wh(3)), again)).toMatchObject({ suspect: false, energyWh: 3 })
    })

    it('that comes after the stop is a correction, for the bill must wait; told once', () => {
      const late: Step = (events) =>
        given(wholeSession, ...events).when((s) => meterAfterStop({ ...metering('4000', 30), suspect: true }, s)).events
      const events = history(stop('8400', 60), late)
      expect(events.slice(2)).toMatchObject([
        { type: 'SessionEnergyMetered', data: { suspect: true, late: true } },
        { type: 'SessionCorrected', data: { cause: 'late-meter', summary: { suspect: true, energyWh: 7400 } } },
      ])
      expect(events[3]!.data).not.toHaveProperty('suspect')
      const other = { ...metering('4100', 31), suspect: true }
      expect(types(given(wholeSession, ...events).when((s) => meterAfterStop(other, s)).events)).toEqual([
        'SessionEnergyMetered',
      ])
      // an operator said what it delivered
      const decided = summaryAfter(stop('8400', 60), correct({ energyWh: wh(7) }), late)
      expect(decided.suspect).toBeUndefined()
      expect(decided.energyWh).toBe(7)
    })

    it('makes nothing where nothing was doubted, and is not doubted again', () => {
      expect(correct({ vouched: true })(history(stop('8400', 60)))).toEqual([])
      const events = history(suspect, stop(undefined, 60), correct({ vouched: true }), again)
      expect(given(wholeSession, ...events).state.summary.suspect).toBe(false)
    })
  })

  it('stands in the summary, so that a load from the newest event finds the same session', () => {
    const events = history(stop('8400', 60), correct({ startedAt: at(10), energyWh: wh(5) }))
    const last = events.at(-1) as Extract<SessionEvent, { type: 'SessionCorrected' }>
    expect(last.data.summary).toEqual(given(wholeSession, ...events).state.summary)
  })
})
