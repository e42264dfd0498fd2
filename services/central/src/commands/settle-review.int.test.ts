import type { AdminCommand } from '@voltrail/contracts/admin-commands'
import type { ChargerId, TransactionId } from '@voltrail/contracts/ids'
import { instant, type Instant, type Wh } from '@voltrail/contracts/quantities'
import { epochCommands } from '@voltrail/contracts/subjects'
import { json, openCentral, tenant } from '../fixtures/central-fixture.ts'

const minutesAgo = (minutes: number): Instant => instant(Date.now() - minutes * 60_000)
const time = (minutes: number) => ({ raw: minutesAgo(minutes), at: minutesAgo(minutes) })
const wh = (value: string) => ({ value, unit: 'Wh' as const })
const idToken = { value: '04A1B2C3', type: 'ISO14443' as const }
type Decision = Extract<AdminCommand, { type: 'SettleReview' }>['decision']

describe('settling a review', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  /** made while the log is well: after it was away facts wait a while */
  let undone: Awaited<ReturnType<typeof ambiguous>>
  beforeAll(async () => {
    house = await openCentral()
    await house.admin({ type: 'PutIdToken', token: idToken, status: 'Accepted' })
    undone = await ambiguous('REV-carry-on')
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

  const stopped = async (cp: ReturnType<typeof house.charger>, ...transactions: string[]) => {
    const types = await Promise.all(transactions.map((transactionId) => sessionTypes(cp, transactionId)))
    return types.filter((list) => list.includes('SessionStopped'))
  }
  it('is decided before anything comes of it: of two operators at once only one ends a session', async () => {
    const { cp, first, second, subject } = await ambiguous('REV-twice')
    const replies = await Promise.all(
      [first, second].map((transactionId) => settle('REV-twice', subject, { kind: 'attribute', transactionId })),
    )
    expect(replies.map(({ outcome }) => outcome).toSorted()).toEqual(['done', 'refused'])
    expect(await stopped(cp, first, second)).toHaveLength(1)
  })

  const guest = { value: 'GUEST9', type: 'ISO14443' as const }
  const startAtZero = (minutes: number, token: { value: string; type: 'ISO14443' } = idToken) => {
    const at = time(minutes)
    const raw = { connector: '0', idToken: token.value, timestamp: at.raw, meterStart: '1000' }
    const place = { evseId: 0, connectorId: 0 }
    return {
      type: 'TransactionStart' as const,
      ...place,
      idToken: token,
      meterStart: wh('1000'),
      time: at,
      raw,
    }
  }
  it('answers a parked start of our own remote start with one status, told again and after it was attributed', async () => {
    const cp = house.charger('REV-remote')
    await cp.connect()
    for (const evseId of [1, 2])
      await cp.answer({ type: 'ConnectorStatus', evseId, connectorId: 1, status: 'Charging', errorCode: 'NoError' })
    const edge = house.bus.respond(
      epochCommands(tenant, 'REV-remote' as ChargerId, cp.epoch as never),
      {},
      async (message) => {
        message.reply(json({ result: { outcome: 'result', status: 'Accepted', payload: {} }, frames: {} }))
      },
    )
    await edge.ready
    await house.command('REV-remote', { type: 'RemoteStart', idToken: guest } as never)
    edge.stop()
    const fact = startAtZero(0, guest)
    const told = await cp.answer(fact)
    await cp.connect()
    const again = await cp.answer(fact)
    const { subject } = await lastParked(cp)
    await settle('REV-remote', subject, { kind: 'attribute', transactionId: told.transactionId, evseId: 1 })
    const later = await cp.answer(fact)
    expect([told, again, later].map(({ authorization }) => authorization.status)).toEqual(Array(3).fill('Accepted'))
  })
  it('is no second session where a start at connector 0 is stamped anew, whatever its connectors tell by then', async () => {
    const cp = house.charger('REV-restamp')
    await cp.connect()
    const say = (evseId: number, status: 'Available' | 'Preparing' | 'Charging') =>
      cp.answer({ type: 'ConnectorStatus', evseId, connectorId: 1, status, errorCode: 'NoError' })
    await say(1, 'Preparing')
    await say(2, 'Available')
    const first = await cp.answer(startAtZero(5))
    await cp.connect()
    await say(1, 'Charging')
    await say(2, 'Preparing')
    expect((await cp.answer(startAtZero(4))).transactionId).toBe(first.transactionId)
  })

  it('never overwrites a stop: neither the one that the charger told, nor one that was attributed before', async () => {
    const { cp, first, second, stop, subject } = await ambiguous('REV-stopped')
    await stop(first)
    await settle('REV-stopped', subject, { kind: 'attribute', transactionId: second })
    await cp.answer({
      type: 'Malformed',
      meant: 'TransactionStop',
      violations: ['/meterStop is missing'],
      readable: { time: time(2), samples: [reading(3, '9000')] },
    })
    const { subject: another } = await lastParked(cp)
    for (const transactionId of [first, second]) {
      const before = await cp.sessionEvents(transactionId)
      expect(await settle('REV-stopped', another, { kind: 'attribute', transactionId })).toMatchObject({
        outcome: 'refused',
        reason: 'stopped-already',
        detail: expect.stringContaining('correct the session'),
      })
      expect(await cp.sessionEvents(transactionId)).toEqual(before)
    }
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

  const reading = (minutes: number, value: string) => ({
    time: time(minutes),
    values: [{ measurand: 'Energy.Active.Import.Register', value, unit: 'Wh' }],
  })
  type Charger = ReturnType<typeof house.charger>
  const lastParked = async (cp: Charger) => {
    const parked = (await cp.events()).findLast(({ type }) => type === 'FrameParked')!
    return { parked, subject: `${parked.stream}@${parked.revision}` }
  }
  /** A charger whose start could not be read in full: what it was answered, and where it waits. */
  const parkedStart = async (id: string, evseId = 1, startedMinutesAgo = 60) => {
    const cp = house.charger(id)
    await cp.connect()
    const { transactionId } = await cp.answer({
      type: 'Malformed',
      meant: 'TransactionStart',
      violations: ['/reservationId must be integer'],
      readable: { evseId, connectorId: 1, idToken, meterStart: wh('1000'), time: time(startedMinutesAgo) },
    })
    return { cp, transactionId, ...(await lastParked(cp)) }
  }

  it('makes a session of a parked start, under the transaction id that the charger was answered', async () => {
    const { cp, transactionId, parked, subject } = await parkedStart('REV-start')
    expect(JSON.stringify([parked.data, parked.metadata])).not.toContain(idToken.value)
    expect(
      await settle('REV-start', subject, { kind: 'attribute', transactionId: '5' as TransactionId }),
    ).toMatchObject({
      outcome: 'refused',
      reason: 'other-transaction',
    })
    const decision = { kind: 'attribute', transactionId } as const
    expect(await settle('REV-start', subject, decision)).toMatchObject({ outcome: 'done', changed: true })
    const [started] = await cp.sessionEvents(transactionId)
    const { data } = parked as unknown as { data: { occurredAt: object; tokenRef: string } }
    expect(started).toMatchObject({
      type: 'SessionStarted',
      data: {
        transactionId,
        evseId: 1,
        meterStart: { wh: 1000 },
        startedAt: data.occurredAt,
        idToken: { ref: data.tokenRef },
        authorization: { status: 'Accepted' },
      },
      metadata: { actor: { kind: 'operator' }, decision: { lookups: [{}, {}] } },
    })
    // it goes on, and its stop ends it
    const at = time(1)
    await cp.answer({
      type: 'TransactionStop',
      transactionId,
      meterStop: wh('3500'),
      time: at,
      samples: [],
      raw: { transaction: transactionId, idToken: '', timestamp: at.raw, meterStop: '3500' },
    })
    expect((await cp.sessionEvents(transactionId)).at(-1)).toMatchObject({ data: { energyWh: 2500, inferred: false } })
    expect(await settle('REV-start', subject, decision)).toMatchObject({ outcome: 'done', changed: false })
    expect((await cp.events()).filter(({ type }) => type === 'TransactionOpened')).toHaveLength(1)
  })

  it('settles what names a parked start only after that start, and says which review comes first', async () => {
    const { cp, transactionId, subject: start } = await parkedStart('REV-order')
    const at = time(1)
    await cp.answer({
      type: 'TransactionStop',
      transactionId,
      meterStop: wh('3500'),
      time: at,
      samples: [],
      raw: { transaction: transactionId, idToken: '', timestamp: at.raw, meterStop: '3500' },
    })
    const stop = (await lastParked(cp)).subject
    await cp.answer({
      type: 'Malformed',
      meant: 'MeterValues',
      violations: ['/meterValue/1/timestamp is missing'],
      readable: { evseId: 1, connectorId: 1, transactionId, samples: [reading(30, '2200')] },
    })
    const meter = (await lastParked(cp)).subject
    // another session of the charger that the operator might take it for
    const begun = time(20)
    const other = await cp.answer({
      type: 'TransactionStart',
      evseId: 2,
      connectorId: 1,
      idToken,
      meterStart: wh('10'),
      time: begun,
      raw: { connector: '2', idToken: idToken.value, timestamp: begun.raw, meterStart: '10' },
    })
    const before = await cp.events()
    const own = { kind: 'attribute', transactionId } as const
    for (const subject of [stop, meter])
      for (const decision of [
        own,
        { kind: 'attribute', transactionId: other.transactionId } as const,
        { kind: 'correct', transactionId: other.transactionId, energyWh: 1 as Wh } as const,
        { kind: 'dismiss' } as const,
      ])
        expect(await settle('REV-order', subject, decision)).toMatchObject({
          outcome: 'refused',
          reason: 'settle-first',
          detail: expect.stringContaining(`settle ${start} first`),
        })
    expect(await cp.events()).toEqual(before)

    for (const subject of [start, meter, stop])
      expect(await settle('REV-order', subject, own)).toMatchObject({ outcome: 'done', changed: true })
    expect(await sessionTypes(cp, transactionId)).toEqual(['SessionStarted', 'SessionEnergyMetered', 'SessionStopped'])
    expect((await cp.sessionEvents(transactionId)).at(-1)).toMatchObject({ data: { energyWh: 2500, inferred: false } })
    expect(await sessionTypes(cp, other.transactionId)).toEqual(['SessionStarted'])
  })

  it('gives what could end any session to a parked start only after it; dismissed, it holds nothing up', async () => {
    const { cp, first } = await ambiguous('REV-order-any')
    const { transactionId, subject: start } = await parkedStart('REV-order-any', 3)
    const stop = (await cp.events()).find(
      (event) => event.type === 'FrameParked' && event.data.meant === 'TransactionStop',
    )!
    const subject = `${stop.stream}@${stop.revision}`
    expect(await settle('REV-order-any', subject, { kind: 'attribute', transactionId })).toMatchObject({
      reason: 'settle-first',
      detail: expect.stringContaining(start),
    })
    expect(await settle('REV-order-any', start, { kind: 'dismiss' })).toMatchObject({ outcome: 'done' })
    const held = (await cp.events()).length
    const at = minutesAgo(1)
    const late = { measurand: 'Energy.Active.Import.Register', value: '9999', unit: 'Wh' }
    await cp.answer({
      type: 'MeterValues',
      evseId: 3,
      connectorId: 1,
      transactionId,
      samples: [{ time: { raw: at, at }, values: [late] }],
      raw: { transaction: transactionId, contentHash: 'told after the dismissal' },
    })
    expect((await house.bus.lastMessage('TELEMETRY'))?.subject).toBe('voltrail.default.telemetry.REV-order-any.3')
    expect(await cp.events()).toHaveLength(held)
    expect(await settle('REV-order-any', subject, { kind: 'attribute', transactionId })).toMatchObject({
      reason: 'unknown-transaction',
    })
    expect(await settle('REV-order-any', subject, { kind: 'attribute', transactionId: first })).toMatchObject({
      outcome: 'done',
    })
  })

  it('ends a parked start that a newer one on its EVSE has proven over', async () => {
    const { cp, transactionId, subject } = await parkedStart('REV-old')
    const at = time(30)
    const newer = await cp.answer({
      type: 'TransactionStart',
      evseId: 1,
      connectorId: 1,
      idToken,
      meterStart: wh('2000'),
      time: at,
      raw: { connector: '1', idToken: idToken.value, timestamp: at.raw, meterStart: '2000' },
    })
    await settle('REV-old', subject, { kind: 'attribute', transactionId })
    expect((await cp.sessionEvents(transactionId)).at(-1)).toMatchObject({
      type: 'SessionStopped',
      data: { inferred: true, reason: 'NextStart' },
    })
    expect(await sessionTypes(cp, newer.transactionId)).toEqual(['SessionStarted'])
  })

  it('is healed by asking again when the log went away between the steps of a start', async () => {
    const { cp, transactionId, subject } = await parkedStart('REV-start-heal')
    house.faults.set({ dropConnection: { next: 1, stream: 'session-', when: 'after-commit' as const } })
    const decision = { kind: 'attribute', transactionId } as const
    await settle('REV-start-heal', subject, decision)
    expect(await settle('REV-start-heal', subject, decision)).toMatchObject({ outcome: 'done' })
    expect(await sessionTypes(cp, transactionId)).toEqual(['SessionStarted'])
    const types = (await cp.events()).map(({ type }) => type)
    expect(types.filter((type) => type === 'TransactionOpened' || type === 'ReviewSettled')).toEqual([
      'TransactionOpened',
      'ReviewSettled',
    ])
  })

  it('makes no session of a start whose connector or token could not be read', async () => {
    const cp = house.charger('REV-start-no')
    await cp.connect()
    const { transactionId } = await cp.answer({
      type: 'Malformed',
      meant: 'TransactionStart',
      violations: ['/idTag is missing'],
      readable: { evseId: 1, connectorId: 1, time: time(5) },
    })
    const { subject } = await lastParked(cp)
    expect(await settle('REV-start-no', subject, { kind: 'attribute', transactionId })).toMatchObject({
      outcome: 'refused',
      reason: 'not-attributable',
      detail: expect.stringContaining('id token'),
    })
  })

  describe('of a start whose connector could not be read', () => {
    const placeless = async (id: string, ...evses: number[]) => {
      const cp = house.charger(id)
      await cp.connect()
      for (const evseId of evses)
        await cp.answer({ type: 'ConnectorStatus', evseId, connectorId: 1, status: 'Charging', errorCode: 'NoError' })
      const { transactionId } = await cp.answer({
        type: 'Malformed',
        meant: 'TransactionStart',
        violations: ['/connectorId must be integer'],
        readable: { idToken, meterStart: wh('1000'), time: time(60) },
      })
      return { cp, transactionId, ...(await lastParked(cp)) }
    }
    const attribute = (transactionId: TransactionId) => ({ kind: 'attribute' as const, transactionId })
    const start = async (cp: Charger, transactionId: TransactionId) => (await cp.sessionEvents(transactionId))[0]

    it('keeps what else it says, its token sealed', async () => {
      const { parked } = await placeless('REV-placeless')
      expect(parked.data).toMatchObject({ meterStart: { wh: 1000 }, idToken: { sealed: {} }, occurredAt: {} })
      expect(JSON.stringify([parked.data, parked.metadata])).not.toContain(idToken.value)
    })

    it('takes the EVSE that the operator names, and asks for it when the charger has not exactly one', async () => {
      for (const [id, ...evses] of [['REV-which-0'], ['REV-which-2', 0, 1, 2]] as [string, ...number[]][]) {
        const { cp, transactionId, subject } = await placeless(id, ...evses)
        expect(await settle(id, subject, attribute(transactionId))).toMatchObject({
          outcome: 'refused',
          reason: 'no-connector',
          detail: expect.stringMatching(/connector of this start could not be read.*evseId/),
        })
        expect(await cp.sessionEvents(transactionId)).toEqual([])
        const decision = { ...attribute(transactionId), evseId: 2 }
        expect(await settle(id, subject, decision)).toMatchObject({ outcome: 'done', changed: true })
        expect(await start(cp, transactionId)).toMatchObject({
          type: 'SessionStarted',
          data: { evseId: 2, connectorId: 1, meterStart: { wh: 1000 }, authorization: { status: 'Accepted' } },
        })
      }
    })

    it('takes the one EVSE that the charger is known to have', async () => {
      const { cp, transactionId, subject } = await placeless('REV-which-1', 0, 1)
      expect(await settle('REV-which-1', subject, attribute(transactionId))).toMatchObject({ outcome: 'done' })
      expect(await start(cp, transactionId)).toMatchObject({ data: { evseId: 1, connectorId: 1 } })
    })

    it('stays where it was put when it is asked again after a crash, and takes no EVSE where one was told', async () => {
      const { cp, transactionId, subject } = await placeless('REV-which-heal')
      house.faults.set({ dropConnection: { next: 1, stream: 'session-', when: 'after-commit' as const } })
      await settle('REV-which-heal', subject, { ...attribute(transactionId), evseId: 2 })
      const again = await settle('REV-which-heal', subject, { ...attribute(transactionId), evseId: 3 })
      expect(again.outcome).toBe('refused')
      expect((await settle('REV-which-heal', subject, { ...attribute(transactionId), evseId: 2 })).outcome).toBe('done')
      expect(await start(cp, transactionId)).toMatchObject({ data: { evseId: 2 } })

      const told = await parkedStart('REV-told')
      const other = { ...attribute(told.transactionId), evseId: 2 }
      expect(await settle('REV-told', told.subject, other)).toMatchObject({ reason: 'other-connector' })
      const { subject: stop, first } = await ambiguous('REV-evse-stop')
      expect(await settle('REV-evse-stop', stop, { ...attribute(first), evseId: 2 })).toMatchObject({
        reason: 'other-connector',
      })
    })
  })

  describe('of a start at connector 0', () => {
    const whole = (minutes: number) => {
      const at = time(minutes)
      return {
        type: 'TransactionStart' as const,
        evseId: 0,
        connectorId: 0,
        idToken,
        meterStart: wh('1000'),
        time: at,
        raw: { connector: '0', idToken: idToken.value, timestamp: at.raw, meterStart: '1000' },
      }
    }
    const charging = async (id: string, ...evses: number[]) => {
      const cp = house.charger(id)
      await cp.connect()
      for (const evseId of evses)
        await cp.answer({ type: 'ConnectorStatus', evseId, connectorId: 1, status: 'Charging', errorCode: 'NoError' })
      return cp
    }

    it('is answered as any other and waits, once, until the operator names its EVSE', async () => {
      const cp = await charging('REV-whole', 1, 2)
      const fact = whole(60)
      const first = await cp.answer(fact)
      expect(first).toMatchObject({ type: 'TransactionStart', authorization: { status: 'Accepted' } })
      expect(await cp.answer(fact)).toEqual(first)
      const { parked, subject } = await lastParked(cp)
      expect(parked).toMatchObject({
        data: { meant: 'TransactionStart', reason: 'ambiguous', detail: expect.stringContaining('any of EVSE 1, 2') },
      })
      expect(JSON.stringify([parked.data, parked.metadata])).not.toContain(idToken.value)
      expect((await cp.events()).filter(({ type }) => type === 'FrameParked')).toHaveLength(1)

      const { transactionId } = first
      expect(await settle('REV-whole', subject, { kind: 'attribute', transactionId })).toMatchObject({
        outcome: 'refused',
        reason: 'no-connector',
      })
      await settle('REV-whole', subject, { kind: 'attribute', transactionId, evseId: 2 })
      expect((await cp.sessionEvents(transactionId))[0]).toMatchObject({
        type: 'SessionStarted',
        data: { evseId: 2, connectorId: 1, meterStart: { wh: 1000 } },
      })
      expect(await cp.answer(fact)).toEqual(first)
      expect(await sessionTypes(cp, transactionId)).toEqual(['SessionStarted'])
      expect((await cp.events()).filter(({ type }) => type === 'FrameParked')).toHaveLength(1)
    })

    it('waits once, whatever it is stamped and its connectors tell, until a message has carried its transaction id', async () => {
      const cp = await charging('REV-whole-restamp', 1, 2)
      const first = await cp.answer(whole(60))
      expect(await cp.answer(whole(59))).toEqual(first)
      // by now only one EVSE is in use
      await cp.answer({ type: 'ConnectorStatus', evseId: 1, connectorId: 1, status: 'Available', errorCode: 'NoError' })
      expect(await cp.answer(whole(58))).toEqual(first)
      const parkedCount = async () => (await cp.events()).filter(({ type }) => type === 'FrameParked').length
      expect(await parkedCount()).toBe(1)

      await settle('REV-whole-restamp', (await lastParked(cp)).subject, {
        kind: 'attribute',
        transactionId: first.transactionId,
        evseId: 2,
      })
      expect(await cp.answer(whole(57))).toEqual(first)
      expect(await sessionTypes(cp, first.transactionId)).toEqual(['SessionStarted'])

      const other = await charging('REV-whole-named', 1, 2)
      const { transactionId } = await other.answer(whole(60))
      const sample = reading(30, '1200')
      await other.answer({
        type: 'MeterValues',
        evseId: 1,
        connectorId: 1,
        transactionId,
        samples: [sample],
        raw: { transaction: transactionId, contentHash: 'named' },
      })
      // the charger knows its answer: this is another one
      const later = await other.answer(whole(20))
      expect(later.transactionId).not.toBe(transactionId)
    })

    it('is none where only one EVSE can be meant: the session begins there', async () => {
      const cp = await charging('REV-whole-one', 0, 1)
      const { transactionId } = await cp.answer(whole(60))
      expect((await cp.sessionEvents(transactionId))[0]).toMatchObject({ data: { evseId: 1, connectorId: 1 } })
      expect((await cp.events()).filter(({ type }) => type === 'FrameParked')).toEqual([])
      const two = await charging('REV-whole-two', 1, 2)
      await two.answer({ ...whole(90), evseId: 1, connectorId: 1, raw: { ...whole(90).raw, connector: '1' } })
      const second = await two.answer(whole(50))
      expect((await two.sessionEvents(second.transactionId))[0]).toMatchObject({ data: { evseId: 2 } })
    })
  })

  it('takes parked meter values into the session named; the energy follows', async () => {
    const { cp, first } = await ambiguous('REV-meter')
    await cp.answer({
      type: 'Malformed',
      meant: 'MeterValues',
      violations: ['/meterValue/1/timestamp is missing'],
      readable: { evseId: 1, connectorId: 1, samples: [reading(30, '4200')] },
    })
    const { parked, subject } = await lastParked(cp)
    expect(parked).toMatchObject({ data: { meant: 'MeterValues', evseId: 1, registers: [{ reading: { wh: 4200 } }] } })
    const decision = { kind: 'attribute', transactionId: first } as const
    expect(await settle('REV-meter', subject, decision)).toMatchObject({ outcome: 'done', changed: true })
    expect((await cp.sessionEvents(first)).at(-1)).toMatchObject({
      type: 'SessionEnergyMetered',
      data: { late: false, summary: { energyWh: 3200 } },
      metadata: { actor: { kind: 'operator' } },
    })
    // the session goes on
    expect((await cp.events()).filter(({ type }) => type === 'TransactionClosed')).toEqual([])
  })

  it('ends a session by a parked stop as the charger told it: its reason, its registers', async () => {
    const { cp, first } = await ambiguous('REV-reason')
    await cp.answer({
      type: 'Malformed',
      meant: 'TransactionStop',
      violations: ['/meterStop is missing'],
      readable: {
        transactionId: first,
        idToken,
        time: time(2),
        reason: 'EVDisconnected',
        samples: [reading(40, '1600'), reading(3, '9000')],
      },
    })
    const { parked, subject } = await lastParked(cp)
    expect(parked).toMatchObject({ data: { namedTransaction: first, stopReason: 'EVDisconnected' } })
    await settle('REV-reason', subject, { kind: 'attribute', transactionId: first })
    expect((await cp.sessionEvents(first)).at(-1)).toMatchObject({
      type: 'SessionStopped',
      data: {
        reason: 'EVDisconnected',
        energyWh: 8000,
        energySource: 'registers',
        registers: [{ reading: { wh: 1600 } }, { reading: { wh: 9000 } }],
      },
    })
  })

  it('attributes a fact that an edge told wrongly, by what could be read of it', async () => {
    const cp = house.charger('REV-poison')
    await cp.connect()
    const at = time(20)
    const start = {
      type: 'TransactionStart' as const,
      evseId: 1,
      connectorId: 1,
      idToken,
      meterStart: wh('1000'),
      time: at,
      raw: { connector: '1', idToken: idToken.value, timestamp: at.raw, meterStart: '1000' },
    }
    const factId = `${cp.epoch}.77`
    // no edge of ours sends such a reservation
    const reply = await cp.tell({ ...start, reservationId: 7 } as never, { factId })
    expect(reply).toMatchObject({
      outcome: 'answered',
      answer: { type: 'TransactionStart', authorization: { status: 'Accepted' } },
    })
    const { parked, subject } = await lastParked(cp)
    const { transactionId } = parked.data as { transactionId: TransactionId }
    expect(await settle('REV-poison', subject, { kind: 'attribute', transactionId })).toMatchObject({ outcome: 'done' })
    expect(await sessionTypes(cp, transactionId)).toEqual(['SessionStarted'])
  })

  // the last one: the log that was full is away for a while
  it('is healed by asking again when the log went away before the older session was ended', async () => {
    const cp = house.charger('REV-older-heal')
    await cp.connect()
    const at = time(100)
    const older = await cp.answer({
      type: 'TransactionStart',
      evseId: 1,
      connectorId: 1,
      idToken,
      meterStart: wh('500'),
      time: at,
      raw: { connector: '1', idToken: idToken.value, timestamp: at.raw, meterStart: '500' },
    })
    const { transactionId, subject } = await parkedStart('REV-older-heal', 1, 50)
    const decision = { kind: 'attribute', transactionId } as const
    house.faults.set({ diskFull: { next: 1_000, stream: `session-default.REV-older-heal.${older.transactionId}` } })
    expect(await settle('REV-older-heal', subject, decision)).toMatchObject({ outcome: 'unavailable' })
    house.faults.clear()
    expect(await settle('REV-older-heal', subject, decision)).toMatchObject({ outcome: 'done' })
    expect((await cp.sessionEvents(older.transactionId)).at(-1)).toMatchObject({
      type: 'SessionStopped',
      data: { inferred: true, reason: 'NextStart' },
    })
  })
  it('is carried on by asking again where it was decided and not done; another decision is refused until then', async () => {
    const { cp, first, second, subject } = undone
    house.faults.set({ diskFull: { next: 1_000, stream: `session-default.REV-carry-on.${first}` } })
    expect(await settle('REV-carry-on', subject, { kind: 'attribute', transactionId: first })).toMatchObject({
      outcome: 'unavailable',
    })
    house.faults.clear()
    expect((await cp.events()).at(-1)).toMatchObject({
      type: 'ReviewDecided',
      data: { subject, decision: { kind: 'attribute', transactionId: first } },
      metadata: { actor: { kind: 'operator', id: 'test' } },
    })
    for (const other of [{ kind: 'dismiss' }, { kind: 'attribute', transactionId: second }] as const)
      expect(await settle('REV-carry-on', subject, other)).toMatchObject({
        outcome: 'refused',
        reason: 'already-decided',
      })
    expect(await stopped(cp, first, second)).toHaveLength(0)
    expect(await settle('REV-carry-on', subject, { kind: 'attribute', transactionId: first })).toMatchObject({
      outcome: 'done',
      changed: true,
    })
    expect(await stopped(cp, first)).toHaveLength(1)
    expect(await stopped(cp, second)).toHaveLength(0)
  })
})
