import { ChargerId, TenantId, TokenRef } from '@voltrail/contracts/ids'
import { eventsByCategory } from '@voltrail/contracts/events/registry'
import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import type { TestDatabase } from '@voltrail/postgres-dev/test-database'
import { InvalidCursor } from '../cursor.ts'
import {
  at,
  charger,
  group,
  logOf,
  occurred,
  operator,
  reading,
  sampleEvents,
  sealed,
  session,
  summary,
  tariff,
  tenant,
  token,
} from '../fixtures/events.ts'
import { project, rowsOf } from '../fixtures/projected.ts'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { SessionId, TransactionId } from '@voltrail/contracts/ids'
import { reportingProjection } from './projection.ts'
import {
  getCharger,
  getIdToken,
  getSession,
  listChargers,
  listCommands,
  listIdTokens,
  listParkedFrames,
  getReview,
  listReviews,
  listSessions,
  listTariffs,
  openReporting,
} from './queries.ts'
import type { ReportingDatabase } from './queries.ts'

let database: TestDatabase
let db: ReportingDatabase
const everything = { limit: 100 }

beforeAll(async () => {
  database = await openTestDatabase()
  await project(reportingProjection, database.url, sampleEvents())
  db = openReporting({ databaseUrl: database.url })
})
afterAll(async () => {
  await db.destroy()
  await database.drop()
})

describe('the reporting projection', () => {
  it('asks for every event type that says something to people, and the sample has each of them', () => {
    // what is cared for of one device is read from its own stream, but for what is listed over all chargers
    const { device: _device, firmware: _firmware, ...told } = eventsByCategory
    const ofDevices = ['SecurityEventReported', 'MeterKeyClaimed', 'MeterKeyDecided']
    const all = [...Object.values(told).flatMap((schemas) => Object.keys(schemas)), ...ofDevices]
    // what these say is past already, or is in the session's own events, in those of the token, or in all the events before
    const untold = [
      'ConnectorStatusToldLate',
      'TransactionOpened',
      'TransactionRestamped',
      'TransactionClosed',
      'RegistersHeld',
      'ChargerSummarised',
      'IdTokenAliasGiven',
      // read from the tenant's stream, with what it is for
      'ModelConfigurationDesired',
      'LocalListDefaultDesired',
    ]
    expect([...reportingProjection.eventTypes].sort()).toEqual(all.filter((type) => !untold.includes(type)).sort())
    const sampled = new Set(sampleEvents().map(({ type }) => type))
    expect([...sampled].sort()).toEqual([...reportingProjection.eventTypes].sort())
  })

  it('shows a charger as its newest events left it', async () => {
    expect(await getCharger(db, tenant, charger)).toMatchObject({
      chargerId: 'CP 1',
      registration: 'Accepted',
      registeredBy: 'adoption',
      securityProfile: 1,
      vendor: 'Vendor',
      model: 'M1',
      serialNumber: 'S1',
      firmwareVersion: '1.0',
      iccid: null,
      connected: false,
      epoch: '5',
      edge: 'edge-2',
      subprotocol: 'ocpp1.6',
      connectedAt: at(15),
      disconnectedAt: at(400),
      disconnectCode: 1000,
      lastRefusedAt: at(13),
      lastRefusal: 'bad-credential',
      heartbeatSeconds: 300,
      lastBootAt: at(17),
      lastEventAt: at(410),
      openTransactions: [],
      parkedFrames: 1,
      connectors: [
        { evseId: 0, connectorId: 0, status: 'Available' },
        {
          evseId: 1,
          connectorId: 1,
          status: 'Preparing',
          errorCode: 'NoError',
          info: null,
          vendorErrorCode: null,
          statusAt: at(22),
        },
      ],
    })
    expect(await getCharger(db, tenant, ChargerId.parse('nobody'))).toBeUndefined()
    expect(await getCharger(db, TenantId.parse('other'), charger)).toBeUndefined()
  })

  it('keeps a fault from its first telling to its end, and a new one for another error', async () => {
    const found = await getCharger(db, tenant, charger)
    expect(found?.faults).toEqual([
      expect.objectContaining({ errorCode: 'OverVoltage', raisedAt: at(21), clearedAt: at(22) }),
      expect.objectContaining({
        errorCode: 'GroundFailure',
        vendorErrorCode: 'E1',
        info: 'wet',
        raisedAt: at(19),
        clearedAt: at(21),
      }),
    ])
  })

  it('shows a session with its correction, its bill and its energy', async () => {
    const found = await getSession(db, tenant, session)
    expect(found).toMatchObject({
      sessionId: 'CP=201.4711',
      chargerId: 'CP 1',
      transactionId: '4711',
      evseId: 1,
      tokenRef: token,
      tokenType: 'ISO14443',
      tokenSealed: sealed('04A1'),
      groupRef: group,
      authorizationStatus: 'Accepted',
      state: 'settled',
      settledAt: at(300),
      startedAt: at(60),
      startedAtReason: 'charger-clock',
      stoppedAt: at(200),
      stopReason: 'Local',
      inferred: false,
      corrections: 1,
      correctionCause: 'late-stop',
      meterStartWh: 1_000,
      meterStopWh: 4_000,
      energyWh: 3_000,
      energySource: 'meter-stop',
      chargingState: null,
      powerW: null,
      socPermille: 400,
      revision: '7',
      billingStatus: 'rated',
      ratedKind: 'final',
      ratedSessionRevision: '6',
      tariffId: 'standard',
      currency: 'EUR',
      netMinor: 117,
      vatMinor: 22,
      costMinor: 139,
    })
    expect(
      found?.bill.map(({ kind, costMinor, creditedRevision, cause }) => ({ kind, costMinor, creditedRevision, cause })),
    ).toEqual([
      { kind: 'unpriced', costMinor: null, creditedRevision: null, cause: 'no-tariff' },
      { kind: 'rated', costMinor: 93, creditedRevision: null, cause: null },
      { kind: 'credited', costMinor: 93, creditedRevision: '1', cause: 'late-stop' },
      { kind: 'rated', costMinor: 139, creditedRevision: null, cause: null },
    ])
    expect(found?.bill[1]).toMatchObject({
      chargedFrom: at(60),
      chargedTo: at(200),
      parkingSeconds: 40,
      lines: [{ type: 'ENERGY', quantity: '2', unit: 'kWh', price: '0.39', vat: '19', netMinor: 78 }],
      vat: [{ rate: '19', netMinor: 78, vatMinor: 15 }],
    })
    expect(found?.energy).toEqual([
      { at: at(90), registerWh: 1_500, energyWh: 500, context: 'Sample.Periodic' },
      { at: at(120), registerWh: 2_000, energyWh: 1_000, context: null },
      { at: at(150), registerWh: 2_500, energyWh: 1_500, context: null },
      { at: at(180), registerWh: 2_900, energyWh: 1_900, context: null },
    ])
    expect(await getSession(db, tenant, SessionId.parse('CP.1'))).toBeUndefined()
  })

  it('shows what flows in an active session', async () => {
    const { items } = await listSessions(db, tenant, { ...everything, state: 'active' })
    expect(items).toMatchObject([
      {
        chargerId: 'CP2',
        state: 'active',
        powerW: 11_000,
        offeredMa: 16_000,
        energyWh: 10,
        billingStatus: 'open',
        costMinor: null,
        authorizationStatus: 'Blocked',
      },
    ])
    expect((await getCharger(db, tenant, ChargerId.parse('CP2')))?.openTransactions).toEqual([
      { transactionId: '1', sessionId: 'CP2.1', evseId: 2, startedAt: at(510) },
    ])
  })

  it('shows every outcome of a command', async () => {
    const { items } = await listCommands(db, tenant, { ...everything, chargerId: charger })
    expect(
      items.map(({ commandId, outcome, status, detail, late }) => [commandId, outcome, status, detail, late]),
    ).toEqual([
      ['open', 'pending', null, null, false],
      ['offline', 'offline', null, null, false],
      ['lost', 'unknown', null, 'edge died', false],
      ['unsent', 'notSent', null, 'full', false],
      ['timeout', 'result', 'Accepted', null, true],
      ['error', 'callError', 'NotSupported', 'no', false],
      ['accepted', 'result', 'Accepted', 'the charger accepted it, and no transaction came of it', false],
    ])
    expect(items[0]).toMatchObject({
      type: 'Reset',
      actor: { kind: 'operator', id: 'key-1' },
      requestedAt: at(36),
      deadline: at(60),
      settledAt: null,
    })
  })

  it('shows tokens with their texts still sealed, tariffs in their newest version, frames for review', async () => {
    const { items } = await listIdTokens(db, tenant, everything)
    expect(items).toEqual([
      {
        tokenRef: token,
        type: 'ISO14443',
        sealed: sealed('04A1'),
        status: 'Blocked',
        expiresAt: at(86_400),
        groupRef: group,
        groupSealed: sealed('group'),
        // a change says all of the terms: there is no label any more
        labelSealed: null,
        aliasSealed: sealed('alias'),
        issuedAt: at(1),
        changedAt: at(2),
        revision: '1',
      },
    ])
    expect(await listIdTokens(db, tenant, { ...everything, status: 'Accepted' })).toEqual({ items: [], next: null })
    expect(await getIdToken(db, tenant, token)).toEqual(items[0])
    expect(await getIdToken(db, tenant, TokenRef.parse('0'.repeat(32)))).toBeUndefined()
    expect(await listTariffs(db, tenant, everything)).toMatchObject({
      items: [
        {
          tariffId: tariff,
          revision: '1',
          name: 'Standard',
          currency: 'EUR',
          definedAt: at(4),
          assignments: [
            { scope: 'tenant', chargerId: null, validFrom: at(0) },
            { scope: 'charger', chargerId: 'CP 1', validFrom: at(5) },
          ],
        },
      ],
    })
    expect(await listParkedFrames(db, tenant, everything)).toMatchObject({
      items: [
        { chargerId: 'CP 1', meant: 'TransactionStop', reason: 'ambiguous', meterStopWh: 99, occurredAt: at(50) },
      ],
    })
    expect(await rowsOf(database.url, 'reporting', 'tenants')).toEqual([
      { tenant, adoption: 'open', unknown_tokens: 'Invalid', heartbeat_seconds: 300, changed_at: at(0) },
    ])
  })

  it('lists what waits for review and what became of it, newest first', async () => {
    const { items } = await listReviews(db, tenant, everything)
    const shown = items.map(({ id, kinds, state, decision, settledBy }) => [
      id,
      kinds.join(' '),
      state,
      decision,
      settledBy?.kind ?? null,
    ])
    expect(shown).toEqual([
      ['billing-acme.ODD.3@0', 'unpriced', 'settled', 'dismissed', 'operator'],
      // two messages went back, and one entry says so
      ['session-acme.ODD.2@2', 'meter-reset', 'open', null, null],
      ['session-acme.ODD.3@1', 'untrusted-clock meter-reset', 'settled', 'corrected', 'operator'],
      ['session-acme.ODD.2@1', 'inferred-end', 'open', null, null],
      ['session-acme.ODD.1@1', 'inferred-end', 'settled', 'late-stop', 'charger'],
      ['session-acme.ODD.1@0', 'untrusted-clock', 'open', null, null],
      ['charger-acme.ODD@0', 'contested-identity', 'open', null, null],
      [expect.stringMatching(/^charger-acme\.CP=201@\d+$/), 'ambiguous', 'settled', 'attributed', 'operator'],
    ])
    expect(items.at(-1)).toMatchObject({
      kind: 'ambiguous',
      chargerId: 'CP 1',
      sessionId: session,
      detail: 'TransactionStop: two sessions fit',
      since: at(51),
      settledAt: at(411),
      settledBy: { kind: 'operator', id: 'key-1' },
      transactionId: '4711',
      note: 'seen on the meter',
    })
    expect(await getReview(db, tenant, items[2]!.id)).toEqual(items[2])
    expect(await getReview(db, TenantId.parse('other'), items[2]!.id)).toBeUndefined()
  })

  it('finds reviews by state, charger and any of their kinds', async () => {
    const ids = async (filter: object) =>
      (await listReviews(db, tenant, { ...everything, ...filter })).items.map(({ id }) => id)
    expect(await ids({ kind: 'meter-reset' })).toEqual(['session-acme.ODD.2@2', 'session-acme.ODD.3@1'])
    expect(await ids({ state: 'open', chargerId: charger })).toEqual([])
    expect(await ids({ state: 'open' })).toHaveLength(4)
    const first = await listReviews(db, tenant, { limit: 3 })
    const second = await listReviews(db, tenant, { limit: 100, cursor: first.next ?? undefined })
    expect([...first.items, ...second.items]).toEqual((await listReviews(db, tenant, everything)).items)
  })

  it('shows beside a review the others of its transaction, and the parked start that comes first', async () => {
    const own = await openTestDatabase()
    const { events, add } = logOf()
    const cp = chargerStream(tenant, charger)
    const transactionId = TransactionId.parse('77')
    const parked = (meant: 'TransactionStart' | 'TransactionStop' | 'MeterValues', more: object, seconds: number) => {
      const common = { reason: 'malformed', detail: 'd', contentKey: `k${seconds}` } as const
      return `${cp}@${add(cp, 'FrameParked', { meant, ...common, ...more }, seconds).revision}`
    }
    const start = parked('TransactionStart', { transactionId }, 10)
    const meter = parked('MeterValues', { namedTransaction: transactionId, transactionId: '5' }, 20)
    const stop = parked('TransactionStop', { namedTransaction: transactionId }, 30)
    const unnamed = parked('TransactionStop', {}, 40)
    const shown = async () => {
      const { items } = await listReviews(db, tenant, everything)
      return items.map(({ id, transactionId: about, after, relatedReviews }) => [id, about, after, relatedReviews])
    }
    await project(reportingProjection, own.url, events)
    const db = openReporting({ databaseUrl: own.url })
    expect(await shown()).toEqual([
      [unnamed, null, null, []],
      [stop, '77', start, [start, meter]],
      [meter, '77', start, [start, stop]],
      [start, '77', null, [meter, stop]],
    ])
    expect((await getReview(db, tenant, stop))?.after).toBe(start)

    add(cp, 'ReviewSettled', { subject: start, decision: 'attributed', transactionId }, 50, operator)
    add(cp, 'ReviewSettled', { subject: unnamed, decision: 'attributed', transactionId }, 51, operator)
    await project(reportingProjection, own.url, events)
    expect(await shown()).toEqual([
      [unnamed, '77', null, [start, meter, stop]],
      [stop, '77', null, [start, meter, unnamed]],
      [meter, '77', null, [start, stop, unnamed]],
      [start, '77', null, [meter, stop, unnamed]],
    ])
    await db.destroy()
    await own.drop()
  })

  it('shows a session from where a review moved its beginning to', async () => {
    expect(await getSession(db, tenant, SessionId.parse('ODD.3'))).toMatchObject({
      startedAt: at(425),
      startedAtReason: 'review',
      energyWh: 7,
      energySource: 'review',
      correctionCause: 'review',
    })
  })

  it('shows energy that was vouched for, and a doubt of it that no late stop and no reset before it hides', async () => {
    const own = await openTestDatabase()
    const { events, add } = logOf()
    const id = sessionId(charger, TransactionId.parse('doubted'))
    const stream = sessionStream(tenant, id)
    const idToken = { ref: token, type: 'ISO14443' as const, sealed: sealed('x') }
    const start = {
      transactionId: TransactionId.parse('doubted'),
      evseId: 1,
      connectorId: 1,
      idToken,
      authorization: { status: 'Accepted' as const, reason: '' },
      startKey: 's',
      startedAt: occurred(0),
    }
    const metered = (seconds: number, energyWh: number) => ({
      contentKey: `${seconds}`,
      registers: [{ at: at(seconds), reading: reading(energyWh) }],
      live: {},
      measuredAt: at(seconds),
      late: false,
      suspect: true,
      summary: summary(energyWh, { suspect: true }),
    })
    const stop = {
      stoppedAt: occurred(9),
      reason: 'Local',
      inferred: false,
      energyWh: summary(20).energyWh,
      energySource: 'registers' as const,
      meterResets: 1,
    }
    const corrected = (cause: 'late-stop' | 'late-meter', suspect: object) => ({
      cause,
      detail: 'd',
      stop,
      ...suspect,
      summary: summary(20),
    })
    add(stream, 'SessionStarted', start, 1)
    const doubt = add(stream, 'SessionEnergyMetered', metered(2, 10), 2)
    add(stream, 'SessionEnergyVouched', { at: at(3), summary: summary(12, { suspect: false }) }, 3)
    await project(reportingProjection, own.url, events)
    const reader = openReporting({ databaseUrl: own.url })
    expect(await getSession(reader, tenant, id)).toMatchObject({ energyWh: 12, state: 'active' })

    const again = add(stream, 'SessionEnergyMetered', metered(4, 20), 4)
    add(stream, 'SessionStopped', { ...stop, registers: [], summary: summary(20) }, 10)
    const late = add(stream, 'SessionCorrected', corrected('late-stop', {}), 11)
    add(stream, 'SessionCorrected', corrected('late-meter', {}), 12)
    const changed = add(stream, 'SessionCorrected', corrected('late-meter', { suspect: true }), 13)
    const rebuilt = await openTestDatabase()
    await project(reportingProjection, rebuilt.url, events)
    const whole = openReporting({ databaseUrl: rebuilt.url })
    const { items } = await listReviews(whole, tenant, { ...everything, state: 'open' })
    expect(items.map(({ id: reviewId, kinds }) => [reviewId, kinds])).toEqual(
      [
        [changed, ['suspect-energy', 'meter-reset']],
        [late, ['meter-reset']],
        [again, ['suspect-energy']],
        [doubt, ['suspect-energy']],
      ].map(([event, kinds]) => [`${stream}@${(event as typeof doubt).revision}`, kinds]),
    )
    await Promise.all([reader.destroy(), whole.destroy()])
    await Promise.all([own.drop(), rebuilt.drop()])
  })

  it('takes the stop of a very long session, with thousands of readings, at once', async () => {
    const own = await openTestDatabase()
    const { events, add } = logOf()
    const long = sessionId(charger, TransactionId.parse('long'))
    const stream = sessionStream(tenant, long)
    const idToken = { ref: token, type: 'ISO14443' as const, sealed: sealed('x') }
    add(
      stream,
      'SessionStarted',
      {
        transactionId: TransactionId.parse('long'),
        evseId: 1,
        connectorId: 1,
        idToken,
        authorization: { status: 'Accepted', reason: '' },
        startKey: 's',
        startedAt: occurred(0),
      },
      1,
    )
    const registers = Array.from({ length: 12_345 }, (_, n) => ({ at: at(n), reading: reading(n) }))
    add(
      stream,
      'SessionStopped',
      {
        stoppedAt: occurred(9),
        reason: 'Local',
        inferred: false,
        energyWh: summary(12_344).energyWh,
        energySource: 'registers',
        registers,
        summary: summary(12_344),
      },
      10,
    )
    await project(reportingProjection, own.url, events)
    const reader = openReporting({ databaseUrl: own.url })
    const found = await getSession(reader, tenant, long)
    expect(found?.energy).toHaveLength(12_345)
    expect(found?.energy.at(-1)).toMatchObject({ registerWh: 12_344, energyWh: 12_344 })
    await reader.destroy()
    await own.drop()
  })
})

describe('lists', () => {
  it('come in pages that meet without a gap, whatever the size', async () => {
    const own = await openTestDatabase()
    const { events, add } = logOf()
    const idToken = { ref: token, type: 'ISO14443' as const, sealed: sealed('x') }
    for (let n = 0; n < 25; n++) {
      const id = ChargerId.parse(`CP-${String(n).padStart(2, '0')}`)
      const transactionId = TransactionId.parse(String(n + 1))
      add(
        chargerStream(tenant, id),
        'ChargerRegistered',
        { registration: 'Accepted', by: 'operator', securityProfile: 0 },
        n,
      )
      // several begin at the same instant
      const startedAt = occurred(100 + Math.floor(n / 4))
      add(
        sessionStream(tenant, sessionId(id, transactionId)),
        'SessionStarted',
        {
          transactionId,
          evseId: 1,
          connectorId: 1,
          idToken,
          authorization: { status: 'Accepted', reason: '' },
          startKey: 's',
          startedAt,
        },
        200,
      )
    }
    await project(reportingProjection, own.url, events)
    const reader = openReporting({ databaseUrl: own.url })
    const walk = async <T>(
      list: (cursor: string | undefined) => Promise<{ items: readonly T[]; next: string | null }>,
    ): Promise<T[]> => {
      const items: T[] = []
      let cursor: string | undefined
      do {
        const found = await list(cursor)
        expect(found.items.length).toBeGreaterThan(0)
        items.push(...found.items)
        cursor = found.next ?? undefined
      } while (cursor !== undefined)
      return items
    }
    for (const limit of [1, 7, 25, 100]) {
      const chargers = await walk((cursor) => listChargers(reader, tenant, { limit, cursor }))
      expect(chargers.map(({ chargerId }) => chargerId)).toEqual(
        Array.from({ length: 25 }, (_, n) => `CP-${String(n).padStart(2, '0')}`),
      )
      const sessions = await walk((cursor) => listSessions(reader, tenant, { limit, cursor }))
      expect(new Set(sessions.map((one) => one.sessionId)).size).toBe(25)
      expect(sessions.map((one) => one.startedAt)).toEqual(
        sessions
          .map((one) => one.startedAt)
          .sort()
          .reverse(),
      )
    }
    expect(await listSessions(reader, tenant, { limit: 9, chargerId: ChargerId.parse('CP-03') })).toMatchObject({
      items: [{ chargerId: 'CP-03' }],
      next: null,
    })
    expect((await listSessions(reader, tenant, { limit: 99, from: at(101), to: at(103) })).items).toHaveLength(8)
    expect((await listChargers(reader, tenant, { limit: 99, connected: true })).items).toEqual([])
    await reader.destroy()
    await own.drop()
  })

  it.each([
    'x',
    '',
    'bnVsbA',
    Buffer.from('["a","b","c"]').toString('base64url'),
    Buffer.from('["no date","x"]').toString('base64url'),
  ])('refuse the cursor %j, which they did not give', async (cursor) => {
    await expect(listSessions(db, tenant, { limit: 5, cursor })).rejects.toThrow(InvalidCursor)
  })
})
