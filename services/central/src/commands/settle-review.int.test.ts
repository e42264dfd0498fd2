import type { AdminCommand } from '@voltrail/contracts/admin-commands'
import type { ChargerId, TransactionId } from '@voltrail/contracts/ids'
import { instant, type Instant, type Wh } from '@voltrail/contracts/quantities'
import { openCentral } from '../fixtures/central-fixture.ts'

const minutesAgo = (minutes: number): Instant => instant(Date.now() - minutes * 60_000)
const time = (minutes: number) => ({ raw: minutesAgo(minutes), at: minutesAgo(minutes) })
const wh = (value: string) => ({ value, unit: 'Wh' as const })
const idToken = { value: '04A1B2C3', type: 'ISO14443' as const }
type Decision = Extract<AdminCommand, { type: 'SettleReview' }>['decision']

describe('settling a review', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral()
    await house.admin({ type: 'PutIdToken', token: idToken, status: 'Accepted' })
  }, 60_000)
  afterAll(() => house.close())

  const settle = (chargerId: string, subject: string, decision: Decision, note?: string) =>
    house.admin({
      type: 'SettleReview',
      chargerId: chargerId as ChargerId,
      subject,
      decision,
      ...(note === undefined ? {} : { note }),
    })

  /** A charger with two open transactions and a stop that could end either. */
  const ambiguous = async (id: string) => {
    const cp = house.charger(id)
    await cp.connect()
    const started: TransactionId[] = []
    for (const evseId of [1, 2]) {
      const at = time(60 + evseId)
      const { transactionId } = await cp.answer({
        type: 'TransactionStart',
        evseId,
        connectorId: 1,
        idToken,
        meterStart: wh('1000'),
        time: at,
        raw: { connector: String(evseId), idToken: idToken.value, timestamp: at.raw, meterStart: '1000' },
      })
      started.push(transactionId)
    }
    const stop = async (transactionId?: TransactionId) => {
      const at = time(1)
      await cp.answer({
        type: 'TransactionStop',
        ...(transactionId === undefined ? {} : { transactionId }),
        idToken,
        meterStop: wh('8400'),
        time: at,
        samples: [],
        raw: { transaction: transactionId ?? '-1', idToken: idToken.value, timestamp: at.raw, meterStop: '8400' },
      })
    }
    await stop()
    const parked = (await cp.events()).find(({ type }) => type === 'FrameParked')!
    const [first, second] = started as [TransactionId, TransactionId]
    return { cp, first, second, stop, subject: `${parked.stream}@${parked.revision}` }
  }
  const sessionTypes = async (cp: ReturnType<typeof house.charger>, transactionId: string) =>
    (await cp.sessionEvents(transactionId)).map(({ type }) => type)

  it('attributes a parked stop: the session is stopped, the register forgets it, the decision comes last', async () => {
    const { cp, first, second, subject } = await ambiguous('REV-attribute')
    const decision = { kind: 'attribute' as const, transactionId: first }
    const reply = await settle('REV-attribute', subject, decision, 'seen on the meter')
    const events = await cp.events()
    const [closed, settled] = events.slice(-2)
    expect(reply).toEqual({
      outcome: 'done',
      changed: true,
      stream: 'charger-default.REV-attribute',
      revision: String(settled!.revision),
    })
    expect(closed).toMatchObject({ type: 'TransactionClosed', data: { transactionId: first, reason: 'resolved' } })
    expect(settled).toMatchObject({
      type: 'ReviewSettled',
      data: { subject, decision: 'attributed', transactionId: first, note: 'seen on the meter' },
      metadata: { actor: { kind: 'operator', id: 'test' }, decision: { command: { decision } } },
    })
    expect((await cp.sessionEvents(first)).at(-1)).toMatchObject({
      type: 'SessionStopped',
      data: { energyWh: 7400, energySource: 'meter-stop', inferred: false },
    })
    expect(await sessionTypes(cp, second)).toEqual(['SessionStarted'])
  })

  it('is done once: the same again changes nothing, another decision is refused', async () => {
    const { cp, first, second, subject } = await ambiguous('REV-once')
    await settle('REV-once', subject, { kind: 'attribute', transactionId: first })
    const before = await cp.events()
    expect(await settle('REV-once', subject, { kind: 'attribute', transactionId: first }, 'again')).toMatchObject({
      outcome: 'done',
      changed: false,
    })
    for (const other of [{ kind: 'dismiss' }, { kind: 'attribute', transactionId: second }] as const)
      expect(await settle('REV-once', subject, other)).toMatchObject({ outcome: 'refused', reason: 'already-settled' })
    expect(await cp.events()).toEqual(before)
    expect(await sessionTypes(cp, second)).toEqual(['SessionStarted'])
  })

  it('is healed by asking again when the log went away in between', async () => {
    const { cp, first, subject } = await ambiguous('REV-heal')
    house.faults.set({ dropConnection: { next: 1, stream: 'session-', when: 'after-commit' as const } })
    const decision = { kind: 'correct', transactionId: first, energyWh: 5 as Wh, stoppedAt: minutesAgo(9) } as const
    await settle('REV-heal', subject, decision)
    expect(await settle('REV-heal', subject, decision)).toMatchObject({ outcome: 'done' })
    expect(await sessionTypes(cp, first)).toEqual(['SessionStarted', 'SessionStopped'])
    expect((await cp.events()).filter(({ type }) => type === 'ReviewSettled')).toHaveLength(1)
  })

  it('corrects a session by what the operator knows; dismisses by saying so', async () => {
    const { cp, first, second, stop, subject } = await ambiguous('REV-correct')
    await stop(first)
    const startedAt = minutesAgo(40)
    const change = { kind: 'correct', transactionId: first, energyWh: 5000 as Wh, startedAt } as const
    expect(await settle('REV-correct', subject, change)).toMatchObject({ outcome: 'done', changed: true })
    expect((await cp.sessionEvents(first)).at(-1)).toMatchObject({
      type: 'SessionCorrected',
      data: {
        cause: 'review',
        startedAt: { effectiveAt: startedAt, reason: 'review' },
        stop: { energyWh: 5000, energySource: 'review', inferred: false },
      },
      metadata: { actor: { kind: 'operator' } },
    })
    const other = await ambiguous('REV-dismiss')
    await settle('REV-dismiss', other.subject, { kind: 'dismiss' })
    expect((await other.cp.events()).at(-1)).toMatchObject({ type: 'ReviewSettled', data: { decision: 'dismissed' } })
    expect(await sessionTypes(cp, second)).toEqual(['SessionStarted'])
  })

  it('refuses what cannot be: another charger, what does not wait, sessions that are not there or go on', async () => {
    const { cp, first, subject } = await ambiguous('REV-wrong')
    const unknown = { outcome: 'refused', reason: 'unknown-review' }
    const dismiss = { kind: 'dismiss' } as const
    const before = await cp.events()
    for (const [charger, one] of [
      ['REV-else', subject],
      ['REV-wrong', 'charger-default.REV-wrong@0'],
      ['REV-wrong', 'charger-default.REV-wrong@9999'],
      ['REV-wrong', subject.replace('default', 'other')],
      ['REV-wrong', `session-default.REV-wrong.${first}@0`],
      ['REV-wrong', `session-default.=zz.=zz@0`],
      ['REV-wrong', 'nonsense'],
    ] as const)
      expect([one, await settle(charger, one, dismiss)]).toEqual([one, expect.objectContaining(unknown)])
    const nobody = '999' as TransactionId
    for (const [decision, reason] of [
      [{ kind: 'attribute', transactionId: nobody }, 'unknown-transaction'],
      [{ kind: 'correct', transactionId: nobody, energyWh: 1 as Wh }, 'unknown-transaction'],
      [{ kind: 'correct', transactionId: first, energyWh: 1 as Wh }, 'not-stopped'],
      [{ kind: 'correct', transactionId: first, stoppedAt: minutesAgo(90) }, 'ends-before-start'],
    ] as const)
      expect(await settle('REV-wrong', subject, decision)).toMatchObject({ outcome: 'refused', reason })
    expect(await cp.events()).toEqual(before)
  })

  it('does not attribute a frame that could not be read', async () => {
    const cp = house.charger('REV-malformed')
    await cp.connect()
    await cp.answer({ type: 'Malformed', meant: 'TransactionStop', violations: ['/meterStop: is no number'] } as never)
    const parked = (await cp.events()).find(({ type }) => type === 'FrameParked')!
    expect(
      await settle('REV-malformed', `${parked.stream}@${parked.revision}`, {
        kind: 'attribute',
        transactionId: '7' as TransactionId,
      }),
    ).toMatchObject({ outcome: 'refused', reason: 'not-attributable' })
  })
})
