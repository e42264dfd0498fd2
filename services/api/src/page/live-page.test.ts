import { createHash } from 'node:crypto'
import { createContext, runInContext, Script } from 'node:vm'
import Fastify from 'fastify'
import { ChargerOutcome } from '@voltrail/contracts/events/campaign'
import { ReservationState } from '@voltrail/contracts/rest/reservations'
import { ReviewKind, SettleReviewBody } from '@voltrail/contracts/rest/reviews'
import { addLivePage } from './live-page.ts'
import { campaignScript } from './campaign-script.ts'
import { careScript } from './care-script.ts'
import { chargersScript } from './chargers-script.ts'
import { markup } from './markup.ts'
import { reservationsScript } from './reservations-script.ts'
import { reviewsScript } from './reviews-script.ts'
import { script } from './script.ts'

describe('the live page', () => {
  it('has a script that a browser can read', () => {
    expect(() => new Script(script)).not.toThrow()
  })

  it('finds every element that its script asks for', () => {
    const asked = [...script.matchAll(/byId\('([^']+)'\)/g)].map(([, id]) => id)
    for (const id of asked) expect(markup).toContain(`id="${id}"`)
    for (const id of ['meter-keys', 'certificates', 'security-events', 'campaigns'])
      for (const part of [id, `${id}-part`]) expect(markup).toContain(`id="${part}"`)
  })

  it('shows of a charger what ends in time, with whose it is', () => {
    const { endingsOf } = runInContext(`${careScript}; ({ endingsOf })`, createContext({})) as {
      endingsOf: (charger: object, until: number) => object[]
    }
    const facts = (notAfter: string) => ({ subject: 'CN=x', notAfter })
    const charger = {
      chargerId: 'CP1',
      certificate: facts('2026-02-01T00:00:00Z'),
      roots: [{ facts: facts('2026-01-01T00:00:00Z') }, { facts: facts('2030-01-01T00:00:00Z') }, { facts: null }],
    }
    expect(endingsOf(charger, Date.parse('2026-03-01T00:00:00Z'))).toMatchObject([
      { chargerId: 'CP1', what: 'its own certificate', notAfter: '2026-02-01T00:00:00Z' },
      { chargerId: 'CP1', what: 'a root that it trusts', notAfter: '2026-01-01T00:00:00Z' },
    ])
    expect(endingsOf({ ...charger, certificate: null }, 0)).toEqual([])
  })

  describe('offers for a review', () => {
    type Choice = { kind: string; transactionId?: string; fixed?: boolean; placeless?: boolean }
    const { choicesFor, decisionOf, kindWords, relatedOf, afterOther, knownFor, changedOnly } = runInContext(
      `${reviewsScript}; ({ choicesFor, decisionOf, kindWords, relatedOf, afterOther, knownFor, changedOnly })`,
      // an element as its words and what is in it
      createContext({
        decode: (text: string) => text,
        element: (tag: string, _: object, ...inside: unknown[]) => [tag, ...inside],
      }),
    ) as {
      relatedOf: (detail: object) => unknown[]
      afterOther: (detail: object) => unknown
      choicesFor: (detail: object, running?: object[]) => Choice[]
      knownFor: (
        detail: object,
        session: object | undefined,
      ) => { now: Record<string, string>; shown: Record<string, string> }
      changedOnly: (given: object, now: object) => object
      decisionOf: (kind: string, given: object) => object
      kindWords: Record<string, string>
    }
    const parked = (data: object) => choicesFor({ type: 'FrameParked', data, sessionId: null, chargerId: 'CP1' })
    const kinds = (choices: Choice[]) => choices.map(({ kind }) => kind)

    it('to attribute what could be read, to correct a session, to dismiss', () => {
      const start = parked({ meant: 'TransactionStart', transactionId: '7', evseId: 1, idToken: {} })
      expect(start[0]).toMatchObject({ kind: 'attribute', transactionId: '7', fixed: true })
      expect(start[0]).toMatchObject({ placeless: false })
      expect(parked({ meant: 'TransactionStart', transactionId: '7', idToken: {} })[0]).toMatchObject({
        placeless: true,
      })
      expect(kinds(parked({ meant: 'TransactionStart', transactionId: '7' }))).toEqual(['correct', 'dismiss'])
      const stop = parked({ meant: 'TransactionStop', occurredAt: {}, namedTransaction: '9' })
      expect(stop[0]).toMatchObject({ kind: 'attribute', transactionId: '9', fixed: false })
      expect(kinds(parked({ meant: 'MeterValues', registers: [{}] }))).toEqual(['attribute', 'correct', 'dismiss'])
      const ended = choicesFor({ type: 'SessionStopped', data: {}, sessionId: 'CP1.5', chargerId: 'CP1' })
      expect(ended[0]).toMatchObject({ kind: 'correct', transactionId: '5', fixed: true })
      expect(kinds(choicesFor({ type: 'ChargerIdentityContested', data: {}, sessionId: null }))).toEqual(['dismiss'])
    })

    it('decisions as the API takes them', () => {
      const given = { transactionId: ' 7 ', energyWh: '', startedAt: '', stoppedAt: '2026-01-31T12:55:00' }
      for (const kind of ['dismiss', 'attribute', 'correct'])
        expect(SettleReviewBody.safeParse({ decision: decisionOf(kind, given) }).error).toBeUndefined()
      const placed = decisionOf('attribute', { ...given, evseId: '2' })
      expect(SettleReviewBody.parse({ decision: placed })).toEqual({ decision: placed })
      expect(placed).toEqual({ kind: 'attribute', transactionId: '7', evseId: 2 })
      expect(decisionOf('correct', { ...given, energyWh: '0' })).toMatchObject({ transactionId: '7', energyWh: 0 })
    })

    it('the others of its transaction, and in place of a decision the one that comes first', () => {
      const [start, stop] = ['charger-default.CP1@4', 'charger-default.CP1@9']
      expect(relatedOf({ relatedReviews: [], transactionId: null })).toEqual([])
      const related = JSON.stringify(relatedOf({ relatedReviews: [start, stop], transactionId: '7' }))
      for (const words of ['transaction 7', start, stop]) expect(related).toContain(words)
      expect(JSON.stringify(afterOther({ after: start, transactionId: '7' }))).toMatch(
        /The start of transaction 7 waits itself.*charger-default.CP1@4/,
      )
    })

    it('the transaction that is the only one to run, where the one that was named is known to nobody', () => {
      const stop = {
        type: 'FrameParked',
        data: { meant: 'TransactionStop', reason: 'unknown-transaction', occurredAt: {}, namedTransaction: '9' },
        sessionId: null,
      }
      expect(choicesFor(stop, [{ transactionId: '4' }])[0]).toMatchObject({ transactionId: '4', fixed: false })
      expect(choicesFor(stop, [{ transactionId: '4' }, { transactionId: '5' }])[0]).toMatchObject({
        transactionId: '9',
      })
    })

    it('a form that is filled with what is known, of which only what is changed is a correction', () => {
      const session = { energyWh: 900, startedAt: '2026-01-31T12:00:00.123Z', stoppedAt: null, meterStartWh: 1_000 }
      const ended = knownFor({ type: 'SessionStopped', data: {} }, session)
      expect(ended.shown).toMatchObject({ energyWh: '900', stoppedAt: '' })
      expect(Date.parse(ended.shown['startedAt']!)).toBe(Date.parse('2026-01-31T12:00:00Z'))
      const given = { ...ended.shown, energyWh: '850' }
      expect(changedOnly(given, ended.now)).toEqual({ energyWh: '850', startedAt: '', stoppedAt: '' })
      const data = {
        meant: 'TransactionStop',
        meterStop: { wh: 3_500 },
        occurredAt: { effectiveAt: '2026-01-31T13:00:00Z' },
      }
      const parkedStop = knownFor({ type: 'FrameParked', data }, session)
      expect(parkedStop.shown['energyWh']).toBe('2500')
      expect(Date.parse(parkedStop.shown['stoppedAt']!)).toBe(Date.parse('2026-01-31T13:00:00Z'))
      expect(changedOnly(parkedStop.shown, parkedStop.now)).toMatchObject({ energyWh: '2500', startedAt: '' })
      expect(knownFor({ type: 'FrameParked', data }, undefined).shown['energyWh']).toBe('')
    })

    it('words for every kind', () => expect(Object.keys(kindWords).toSorted()).toEqual(ReviewKind.options.toSorted()))
  })

  it('says of a charger that it was turned away and why, until it is let in', () => {
    const { refusalOf } = runInContext(`${chargersScript}; ({ refusalOf })`, createContext({})) as {
      refusalOf: (charger: object) => string | null
    }
    const [early, late] = ['2026-01-31T12:00:00.000Z', '2026-01-31T12:05:00.000Z']
    const refused = { lastRefusedAt: late, lastRefusal: 'bad-credential', connected: false, connectedAt: null }
    expect(refusalOf(refused)).toMatch(/^Turned away, its password or certificate/)
    expect(refusalOf({ ...refused, connectedAt: early, connected: true })).toMatch(/^While it is connected, somebody/)
    expect(refusalOf({ ...refused, lastRefusedAt: early, connectedAt: late })).toBeNull()
    expect(refusalOf({ lastRefusedAt: null, connected: false, connectedAt: null })).toBeNull()
  })

  it('opens a campaign: what it does, and each charger with how far it is', () => {
    const { campaignWords, stateOf, campaignTable, outcomeTones } = runInContext(
      `${campaignScript}; ({ campaignWords, stateOf, campaignTable, outcomeTones })`,
      createContext({
        moment: (iso: string) => iso,
        element: (tag: string, _: object, ...inside: unknown[]) => [tag, ...inside],
      }),
    ) as Record<string, (one: object) => unknown> & { outcomeTones: object }
    const campaign = { phase: 'running', version: '2.0', image: 'a.bin', concurrency: 5, stopAfterFailures: 2 }
    expect(campaignWords!({ ...campaign, location: null, window: { from: '22:00', until: '05:00' } })).toBe(
      'running: version 2.0 from a.bin, 5 at once, between 22:00 and 05:00 UTC, stops after 2 failures',
    )
    expect([{ state: 'waiting' }, { state: 'taken' }, { state: 'finished', outcome: 'Failed' }].map(stateOf!)).toEqual([
      'waiting',
      'under way',
      'Failed',
    ])
    expect(Object.keys(outcomeTones).toSorted()).toEqual(ChargerOutcome.options.toSorted())
    const chargers = [
      { chargerId: 'A', state: 'finished', outcome: 'Done', detail: null, takenAt: null },
      { chargerId: 'B', state: 'finished', outcome: 'Failed', detail: 'no space left', takenAt: null },
    ]
    expect(JSON.stringify(campaignTable!(chargers))).toMatch(/"B".*Failed.*no space left.*"A".*Done/)
  })

  describe('shows the reservations of a charger', () => {
    const { cancelNote, reservationWords } = runInContext(
      `${reservationsScript}; ({ cancelNote, reservationWords })`,
      createContext({}),
    ) as { cancelNote: (answer: object) => string; reservationWords: Record<string, string> }

    it('with words for every state', () =>
      expect(Object.keys(reservationWords).toSorted()).toEqual(ReservationState.options.toSorted()))

    it('and says what came of cancelling one, where it is not what was meant', () => {
      const answer = (state: string, command: object, detail: string | null = null) =>
        cancelNote({ reservation: { state, detail }, command })
      expect(answer('cancelled', { outcome: 'result', status: 'Accepted' })).toBe('')
      expect(answer('accepted', { outcome: 'offline', detail: 'The charger is not connected.' })).toBe(
        'Not cancelled: The charger is not connected.',
      )
      expect(answer('lost', { outcome: 'result', status: 'Rejected' }, 'it knows none')).toBe('it knows none')
    })
  })

  it('allows exactly its own script and style, and loads nothing', async () => {
    const app = Fastify()
    await addLivePage(app, 9123)
    const page = await app.inject('/')
    const policy = String(page.headers['content-security-policy'])
    for (const name of ['script', 'style']) {
      const text = new RegExp(`<${name}>([\\s\\S]*)</${name}>`).exec(page.body)?.[1] ?? ''
      expect(policy).toContain(`${name}-src 'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    }
    expect(page.body).toContain('<meta name="ocpp-port" content="9123">')
    expect(page.body).not.toMatch(/(src|href)="(https?:)?\/\//)
    await app.close()
  })
})
