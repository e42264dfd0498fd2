import { createHash } from 'node:crypto'
import { createContext, runInContext, Script } from 'node:vm'
import Fastify from 'fastify'
import { ReservationState } from '@voltrail/contracts/rest/reservations'
import { ReviewKind, SettleReviewBody } from '@voltrail/contracts/rest/reviews'
import { addLivePage } from './live-page.ts'
import { careScript } from './care-script.ts'
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
    const { choicesFor, decisionOf, kindWords, relatedOf, afterOther } = runInContext(
      `${reviewsScript}; ({ choicesFor, decisionOf, kindWords, relatedOf, afterOther })`,
      // an element as its words and what is in it
      createContext({
        decode: (text: string) => text,
        element: (tag: string, _: object, ...inside: unknown[]) => [tag, ...inside],
      }),
    ) as {
      relatedOf: (detail: object) => unknown[]
      afterOther: (detail: object) => unknown
      choicesFor: (detail: object) => Choice[]
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

    it('words for every kind', () => expect(Object.keys(kindWords).toSorted()).toEqual(ReviewKind.options.toSorted()))
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
