import type { Adoption } from '@voltrail/contracts/admin-commands'
import { EpochCommandRequest, type ChargerCommand, type EpochCommandReply } from '@voltrail/contracts/charger-commands'
import type { ChargerId, TransactionId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { epochCommands, presenceBucket, presenceKey } from '@voltrail/contracts/subjects'
import { json, openCentral, tenant } from '../fixtures/central-fixture.ts'

const accepted: EpochCommandReply = {
  result: { outcome: 'result', status: 'Accepted', payload: { status: 'Accepted' } },
  frames: { sent: '[2,"1","X",{}]', received: '[3,"1",{"status":"Accepted"}]' },
}
const status = (text: string): EpochCommandReply => ({
  ...accepted,
  result: { outcome: 'result', status: text, payload: { status: text } },
})
const notImplemented: EpochCommandReply = {
  result: { outcome: 'callError', code: 'NotImplemented', description: '' },
  frames: {},
}
const remoteStop: ChargerCommand = { type: 'RemoteStop', transactionId: '4711' as TransactionId, force: true }
const cap = (given: object = {}): ChargerCommand => ({
  type: 'SetChargingProfile',
  evseId: 1,
  profile: {
    profileId: 1,
    stackLevel: 3,
    purpose: 'TxDefaultProfile',
    kind: 'Absolute',
    schedule: { unit: 'A', periods: [{ startSeconds: 0, limit: '10' }] },
    ...given,
  },
})
const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const giveUpAt = Date.now() + 10_000
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error(`it never came about that ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('commands to a charger', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral({
      LOG_APPEND_TIMEOUT: '200ms',
      LOG_APPEND_DEADLINE: '500ms',
      LOG_PROBE_EVERY: '50ms',
      LOG_WELL_AFTER: '300ms',
    })
  }, 60_000)
  afterAll(() => house.close())

  /** A connected charger whose edge hands every command to the test. */
  const connected = async (
    id: string,
    answer: (command: ChargerCommand) => EpochCommandReply | Promise<EpochCommandReply>,
    cp = house.charger(id),
  ) => {
    const { epoch, registration } = await cp.connect()
    const taken: ChargerCommand[] = []
    const edge = house.bus.respond(epochCommands(tenant, id as ChargerId, epoch), {}, async (message) => {
      const { command } = EpochCommandRequest.parse(JSON.parse(Buffer.from(message.data).toString('utf8')))
      taken.push(command)
      message.reply(json(await answer(command)))
    })
    await edge.ready
    const types = async () => (await cp.events()).map((event) => event.type)
    return { cp, epoch, registration, taken, types, events: cp.events }
  }
  const adopt = (adoption: Adoption) => house.admin({ type: 'ChangeTenantSettings', settings: { adoption } })
  const register = (id: string, registration: 'Accepted' | 'Pending' | 'Rejected') =>
    house.admin({ type: 'RegisterCharger', chargerId: id as ChargerId, registration })

  it('are in the log before they are sent, but for a remote stop, which is sent first and marked so', async () => {
    const seen: string[][] = []
    const { types, events } = await connected('CP-order', async () => {
      seen.push(await types())
      return accepted
    })
    expect(await house.command('CP-order', { type: 'ClearCache' })).toMatchObject({ outcome: 'result' })
    expect(await house.command('CP-order', remoteStop)).toMatchObject({ outcome: 'result', status: 'Accepted' })
    const asked = (list: readonly string[] | undefined) => list?.filter((type) => type === 'CommandRequested').length
    expect([asked(seen[0]), asked(seen[1])]).toEqual([1, 1])
    const requested = (await events()).filter((event) => event.type === 'CommandRequested')
    expect(requested.map(({ data }) => (data as { sentFirst?: boolean }).sentFirst)).toEqual([undefined, true])
    expect((await types()).slice(-2)).toEqual(['CommandRequested', 'CommandSettled'])
  })

  it('reach the charger also while the log is frozen, if they can only lower its power; taking a limit away waits', async () => {
    const { epoch, taken, events } = await connected('CP-frozen', () => accepted)
    const board = await house.bus.keyValue(presenceBucket, { ttlMs: 60_000 })
    await board.put(
      presenceKey(tenant, 'CP-frozen' as ChargerId),
      json({ epoch, edge: 'edge-test', lastSeenAt: instant(Date.now()) }),
    )
    house.faults.set({ silentAppend: { next: 100_000 } })
    expect(await house.command('CP-frozen', { type: 'ClearChargingProfile' })).toMatchObject({ outcome: 'unavailable' })
    expect(taken).toEqual([])
    expect(await house.command('CP-frozen', cap())).toMatchObject({ outcome: 'result', status: 'Accepted' })
    expect(taken).toEqual([cap()])
    house.faults.clear()
    await until('it is recorded', async () => (await events()).at(-1)?.type === 'CommandSettled')
    const requested = (await events()).filter((event) => event.type === 'CommandRequested').map(({ data }) => data)
    expect(requested).toContainEqual(expect.objectContaining({ command: cap(), sentFirst: true }))
    await until('the log is well again', async () => {
      const reply = await house.charger('CP-frozen-next').tell({ ...connectFact })
      return reply.outcome === 'answered'
    })
  }, 20_000)

  it('that set a profile which the charger cannot take are refused with the reason, and stand in the log', async () => {
    const { taken, types } = await connected('CP-limits', () => accepted)
    expect(await house.command('CP-limits', cap({ validTo: instant(Date.now() + 3_600_000) }), 'cap-1')).toEqual({
      outcome: 'refused',
      reason: 'invalid-request',
      detail: expect.stringMatching(/^validTo: the charger's clock is not known to be right/),
    })
    expect(taken).toEqual([])
    expect((await types()).slice(-2)).toEqual(['CommandRequested', 'CommandSettled'])
  })

  it('that set a profile with times go out to a clock nobody has seen by force, or as a call of an operator’s own', async () => {
    const { taken } = await connected('CP-clock', () => accepted)
    const timed = cap({ validTo: instant(Date.now() + 3_600_000) })
    expect(await house.command('CP-clock', timed)).toMatchObject({
      outcome: 'refused',
      detail: expect.stringMatching(/told no status with a time yet.*set "force"/),
    })
    expect(taken).toEqual([])
    const forced = { ...timed, force: true } as ChargerCommand
    expect(await house.command('CP-clock', forced)).toMatchObject({ outcome: 'result' })
    expect(await house.command('CP-clock', timed, 'as-call', true)).toMatchObject({ outcome: 'result' })
    expect(taken).toEqual([forced, timed])
  })

  it('that are aimed at nothing the charger has are refused and stand in the log, but by force or as a call of an operator’s own', async () => {
    const { cp, taken, types } = await connected('CP-aim', () => accepted)
    for (const evseId of [1, 2])
      await cp.answer({ type: 'ConnectorStatus', evseId, connectorId: 1, status: 'Available', errorCode: 'NoError' })
    const unlock: ChargerCommand = { type: 'UnlockConnector', evseId: 3 }
    const { force: _, ...stop } = remoteStop
    const detail = {
      UnlockConnector: /^the charger has no connector 3: it has 1 to 2\. /,
      SetChargingProfile: /^the charger has no connector 3: /,
      RemoteStop: /^the charger is not known to have a transaction 4711: no transaction is open there\. /,
    }
    for (const command of [
      unlock,
      { ...cap(), evseId: 3 } as Extract<ChargerCommand, { type: 'SetChargingProfile' }>,
      stop,
    ]) {
      expect(await house.command('CP-aim', command)).toMatchObject({
        outcome: 'refused',
        detail: expect.stringMatching(detail[command.type]),
      })
      expect((await types()).slice(-2)).toEqual(['CommandRequested', 'CommandSettled'])
    }
    expect(taken).toEqual([])
    expect(await house.command('CP-aim', { ...unlock, force: true })).toMatchObject({
      status: 'Accepted',
    })
    expect(await house.command('CP-aim', unlock, 'aim-as-call', true)).toMatchObject({ status: 'Accepted' })
    const { transactionId } = await cp.answer(start)
    expect(await house.command('CP-aim', { ...stop, transactionId })).toMatchObject({ status: 'Accepted' })
    expect(taken).toHaveLength(3)
  })

  it('that start a session for a token which may not charge are refused, but by force; one that nobody issued is ours to name', async () => {
    const { taken } = await connected('CP-token', () => accepted)
    await house.admin({ type: 'PutIdToken', token: { value: 'B10C', type: 'ISO14443' }, status: 'Blocked' })
    const remoteStart = (value: string, more: object = {}) =>
      ({ type: 'RemoteStart', idToken: { value, type: 'ISO14443' }, ...more }) as ChargerCommand
    expect(await house.command('CP-token', remoteStart('B10C'))).toMatchObject({
      outcome: 'refused',
      detail: expect.stringMatching(/^the id token may not charge: it is Blocked/),
    })
    expect(taken).toEqual([])
    expect(await house.command('CP-token', remoteStart('B10C', { force: true }))).toMatchObject({ status: 'Accepted' })
    expect(await house.command('CP-token', remoteStart('NOBODYS'))).toMatchObject({ status: 'Accepted' })
    expect(taken).toHaveLength(2)
    // an operator who made a token invalid meant that
    await house.admin({ type: 'PutIdToken', token: { value: 'V01D', type: 'ISO14443' }, status: 'Invalid' })
    expect(await house.command('CP-token', remoteStart('V01D'))).toMatchObject({
      outcome: 'refused',
      detail: expect.stringMatching(/^the id token may not charge: it is Invalid/),
    })
  })

  it('record what the dialect of the make changed in them', async () => {
    const rule = { rule: 'Q30-stack-level-zero', path: '/profile/stackLevel', raw: '3' }
    const { events } = await connected('CP-dialect', () => ({ ...accepted, normalisations: [rule] }))
    expect(await house.command('CP-dialect', cap())).toMatchObject({ outcome: 'result' })
    const settled = (await events()).findLast((event) => event.type === 'CommandSettled')
    expect(settled?.metadata).toMatchObject({ normalisations: [rule] })
  })

  it('reach the charger also while the log is away, if they are a remote stop, and are recorded when it is back', async () => {
    const { epoch, taken, types } = await connected('CP-away', () => accepted)
    const board = await house.bus.keyValue(presenceBucket, { ttlMs: 60_000 })
    await board.put(
      presenceKey(tenant, 'CP-away' as ChargerId),
      json({ epoch, edge: 'edge-test', lastSeenAt: instant(Date.now()) }),
    )
    house.faults.set({ silentAppend: { next: 100_000 } })
    expect(await house.command('CP-away', { type: 'ClearCache' })).toMatchObject({ outcome: 'unavailable' })
    expect(taken).toEqual([])
    expect(await house.command('CP-away', remoteStop, 'stop-1')).toMatchObject({
      outcome: 'result',
      status: 'Accepted',
    })
    expect(taken).toEqual([remoteStop])
    expect(await house.charger('CP-next').tell({ ...connectFact })).toMatchObject({ outcome: 'unavailable' })
    house.faults.clear()
    await until('it is recorded', async () => (await types()).at(-1) === 'CommandSettled')
    expect((await types()).filter((type) => type === 'CommandRequested')).toHaveLength(1)
    await until('chargers are let in again', async () => {
      const reply = await house.charger('CP-next').tell({ ...connectFact })
      return reply.outcome === 'answered'
    })
    expect(await house.command('CP-away', remoteStop, 'stop-1')).toMatchObject({
      outcome: 'result',
      status: 'Accepted',
    })
    expect(taken).toHaveLength(1)
  }, 20_000)

  it('go to the newer connection if they are still unsent when it takes over, and are offline if there is none', async () => {
    const unsent: EpochCommandReply = {
      result: { outcome: 'notSent', reason: 'the connection closes' },
      frames: {},
    }
    let newer: Awaited<ReturnType<typeof connected>> | undefined
    const older: Awaited<ReturnType<typeof connected>> = await connected('CP-moves', async () => {
      newer = await connected('CP-moves', () => accepted, older.cp)
      return unsent
    })
    expect(await house.command('CP-moves', { type: 'ClearCache' })).toMatchObject({ outcome: 'result' })
    expect([older.taken.length, newer?.taken.length]).toEqual([1, 1])
    expect((await older.types()).slice(-3)).toEqual(['CommandRequested', 'ChargerConnected', 'CommandSettled'])

    const alone = await connected('CP-stays', () => unsent)
    expect(await house.command('CP-stays', { type: 'ClearCache' })).toMatchObject({ outcome: 'offline' })
    expect(alone.taken).toHaveLength(1)
  })

  it('are refused for a rejected charger, whose energy is recorded all the same', async () => {
    await register('CP-rejected', 'Accepted')
    const { cp, taken } = await connected('CP-rejected', () => accepted)
    await register('CP-rejected', 'Rejected')
    for (const command of [
      { type: 'ClearCache' },
      { type: 'TriggerMessage', message: 'BootNotification' },
      remoteStop,
    ] as const)
      expect(await house.command('CP-rejected', command)).toMatchObject({
        outcome: 'refused',
        reason: 'charger-rejected',
      })
    expect(taken).toEqual([])
    expect(
      await cp.tell({ type: 'ConnectorStatus', evseId: 1, connectorId: 1, status: 'Available', errorCode: 'NoError' }),
    ).toMatchObject({ outcome: 'refused', reason: 'not-registered' })
    expect(await cp.answer({ type: 'Boot', vendor: 'V', model: 'M' })).toMatchObject({
      registration: 'Rejected',
      intervalSeconds: 60,
    })
    expect(await cp.answer(start)).toMatchObject({ type: 'TransactionStart' })
  })

  it('are configuration and triggers only for a charger that waits for approval', async () => {
    await adopt('pending')
    const { cp, registration, taken } = await connected('CP-pending', () => accepted)
    await adopt('open')
    expect(registration).toBe('Pending')
    expect(await cp.answer({ type: 'Boot', vendor: 'V', model: 'M' })).toMatchObject({
      registration: 'Pending',
      intervalSeconds: 60,
    })
    expect(await cp.answer(start)).toMatchObject({ type: 'TransactionStart' })
    for (const command of [{ type: 'Reset', kind: 'Soft' }, { type: 'ClearCache' }, remoteStop] as const)
      expect(await house.command('CP-pending', command)).toMatchObject({
        outcome: 'refused',
        reason: 'charger-pending',
      })
    expect(taken).toEqual([])
    expect(await house.command('CP-pending', { type: 'TriggerMessage', message: 'StatusNotification' })).toMatchObject({
      outcome: 'result',
    })
    expect(await house.command('CP-pending', { type: 'GetConfiguration' })).toMatchObject({ outcome: 'result' })
    expect(taken).toHaveLength(2)
  })

  it.each([
    ['takes the trigger', () => accepted, ['TriggerMessage']],
    [
      'refuses the trigger',
      ({ type }: ChargerCommand) => (type === 'Reset' ? accepted : status('Rejected')),
      ['TriggerMessage', 'Reset'],
    ],
    [
      'does not know triggers',
      ({ type }: ChargerCommand) => (type === 'Reset' ? accepted : notImplemented),
      ['TriggerMessage', 'Reset'],
    ],
  ])('make a charger boot again when it is approved; one that %s', async (name, answer, expected) => {
    const id = `CP-${name.replaceAll(' ', '-')}`
    await adopt('pending')
    const { taken } = await connected(id, answer)
    await adopt('open')
    expect(await register(id, 'Accepted')).toMatchObject({ outcome: 'done', changed: true })
    await until('it is asked', () => taken.length === expected.length)
    expect(taken.map(({ type }) => type)).toEqual(expected)
    expect(await register(id, 'Accepted')).toMatchObject({ changed: false })
    expect(taken).toHaveLength(expected.length)
  })

  it('do not reset an approved charger at which somebody is charging', async () => {
    await adopt('pending')
    const { cp, taken, types } = await connected('CP-charging', () => status('Rejected'))
    await adopt('open')
    await cp.answer(start)
    await register('CP-charging', 'Accepted')
    await until('the trigger is settled', async () => (await types()).at(-1) === 'CommandSettled')
    expect(taken.map(({ type }) => type)).toEqual(['TriggerMessage'])
  })

  it('are not asked of a charger that nobody may adopt', async () => {
    await adopt('closed')
    expect(await house.charger('CP-closed').tell(connectFact)).toMatchObject({
      outcome: 'refused',
      reason: 'unknown-charger',
    })
    expect(await house.command('CP-closed', { type: 'ClearCache' })).toMatchObject({ reason: 'unknown-charger' })
    await adopt('open')
  })
})

const connectFact = {
  type: 'Connect',
  edge: 'edge-test',
  subprotocol: 'ocpp1.6',
  remoteAddress: '127.0.0.1',
  tls: false,
  credential: { kind: 'none' },
} as const
const now = instant(Date.now())
const start = {
  type: 'TransactionStart',
  evseId: 1,
  connectorId: 1,
  idToken: { value: '04A1B2C3', type: 'ISO14443' },
  meterStart: { value: '1000', unit: 'Wh' },
  time: { raw: now, at: now },
  raw: { connector: '1', idToken: '04A1B2C3', timestamp: now, meterStart: '1000' },
} as const
