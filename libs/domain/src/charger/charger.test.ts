import fc from 'fast-check'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { CommandId, ConnectionEpoch, FactId, TokenRef, TransactionId } from '@voltrail/contracts/ids'
import { at, foldHistory, given, recorded } from '../fixtures/given.ts'
import { readRegister } from '../registers.ts'
import { answeredBefore, charger } from './charger.ts'
import type { ChargerState } from './charger-state.ts'
import { commandOutcome, commandWasOffline, giveUpCommand, requestCommand, settleCommand } from './commands.ts'
import { bootCharger, changeConnectorStatus, connectCharger, disconnectCharger, registerCharger } from './connection.ts'
import { closeTransaction, matchStop, openOnEvse, openTransaction, parkFrame, supersededBy } from './transactions.ts'

const factId = (id: string) => id as FactId
const connecting = (change: object = {}) => ({
  factId: factId('edge.1'),
  edge: 'edge-1',
  subprotocol: 'ocpp1.6',
  remoteAddress: '192.0.2.1',
  tls: false,
  credential: { kind: 'none' as const },
  adoption: 'closed' as const,
  heartbeatSeconds: 300,
  now: at(0),
  ...change,
})
const registered: ChargerEvent = {
  type: 'ChargerRegistered',
  data: { registration: 'Accepted', by: 'operator', securityProfile: 0 },
}
const withPassword: ChargerEvent = {
  type: 'ChargerCredentialsChanged',
  data: { securityProfile: 1, passwordDigests: ['good'] },
}
const connected: ChargerEvent = {
  type: 'ChargerConnected',
  data: {
    edge: 'edge-1',
    subprotocol: 'ocpp1.6',
    remoteAddress: '',
    tls: false,
    authenticatedBy: 'none',
    heartbeatSeconds: 300,
  },
}
const open = (
  id: string,
  evseId: number,
  minutes: number,
  meter = '100',
  token = 'a',
): ChargerState['openTransactions'][number] => ({
  transactionId: id as TransactionId,
  startKey: `start ${id}`,
  evseId,
  connectorId: 1,
  tokenRef: token.repeat(32) as TokenRef,
  meterStart: readRegister(meter, 'Wh'),
  startedAt: { receivedAt: at(minutes), effectiveAt: at(minutes), reason: 'charger-clock' },
  authorization: 'Accepted',
})
const opened = (...list: ReturnType<typeof open>[]): ChargerEvent[] =>
  list.map((data) => ({ type: 'TransactionOpened', data }))

describe('a connection', () => {
  it('of an unknown charger is refused, adopted, or adopted to wait, as the tenant says', () => {
    given(charger)
      .when((s) => connectCharger(connecting(), s))
      .thenRejected({ kind: 'unknown-charger' })
    for (const [adoption, registration] of [
      ['open', 'Accepted'],
      ['pending', 'Pending'],
    ] as const)
      given(charger)
        .when((s) => connectCharger(connecting({ adoption }), s))
        .thenMatching(
          { type: 'ChargerRegistered', data: { registration, by: 'adoption', securityProfile: 0 } },
          { type: 'ChargerConnected' },
        )
  })
  it('needs the password where one is set, in any of the readings that were sent', () => {
    const history = [registered, withPassword]
    given(charger, ...history)
      .when((s) => connectCharger(connecting(), s))
      .thenMatching({ type: 'ChargerConnectionRefused' })
    given(charger, ...history)
      .when((s) => connectCharger(connecting({ credential: { kind: 'basic', proofs: ['bad', 'good'] } }), s))
      .thenMatching({ type: 'ChargerConnected' })
  })
  it('that is refused again within a minute is refused without an event', () => {
    const [refused] = given(charger, registered, withPassword).when((s) => connectCharger(connecting(), s)).events
    given(charger, registered, withPassword, refused!)
      .when((s) => connectCharger(connecting({ now: at(0.5) }), s))
      .thenRejected({ kind: 'bad-credential' })
  })
  it('needs TLS from security profile 2 on', () => {
    const profile2: ChargerEvent = {
      type: 'ChargerCredentialsChanged',
      data: { securityProfile: 2, passwordDigests: ['good'] },
    }
    const credential = { kind: 'basic' as const, proofs: ['good'] }
    given(charger, registered, profile2)
      .when((s) => connectCharger(connecting({ credential }), s))
      .thenMatching({ type: 'ChargerConnectionRefused' })
    given(charger, registered, profile2)
      .when((s) => connectCharger(connecting({ credential, tls: true }), s))
      .thenMatching({ type: 'ChargerConnected' })
  })
  it('has the revision of its event as epoch; asking again with the same fact gives the same', () => {
    const history = [registered, { event: connected, factId: 'edge.1' }]
    expect(given(charger, ...history).state.connection).toMatchObject({ epoch: '1', edge: 'edge-1', open: true })
    given(charger, ...history)
      .when((s) => connectCharger(connecting(), s))
      .thenNothing()
  })
  it('ends only by its own epoch: the late close of an older socket changes nothing', () => {
    const close = { edge: 'edge-1', code: 1006, reason: '' }
    given(charger, registered, connected, connected)
      .when((s) => disconnectCharger({ ...close, epoch: '1' as ConnectionEpoch }, s))
      .thenNothing()
    given(charger, registered, connected, connected)
      .when((s) => disconnectCharger({ ...close, epoch: '2' as ConnectionEpoch }, s))
      .thenMatching({ type: 'ChargerDisconnected' })
  })
})

describe('a charging station', () => {
  it('boots as often as it says, but one fact is one boot', () => {
    const boot = { factId: factId('1.1'), vendor: 'V', model: 'M', intervalSeconds: 300 }
    const [booted] = given(charger, registered).when((s) => bootCharger(boot, s)).events
    given(charger, registered, { event: booted!, factId: '1.1' })
      .when((s) => bootCharger(boot, s))
      .thenNothing()
    given(charger, registered, { event: booted!, factId: '1.1' })
      .when((s) => bootCharger({ ...boot, factId: factId('1.2') }, s))
      .thenMatching({ type: 'ChargerBooted' })
  })
  it('tells a connector status when it, or its error, is another than now', () => {
    const status = {
      type: 'ConnectorStatus' as const,
      evseId: 1,
      connectorId: 1,
      status: 'Faulted' as const,
      errorCode: 'GroundFailure',
    }
    const { type: _, ...data } = status
    const history: ChargerEvent[] = [registered, { type: 'ConnectorStatusChanged', data }]
    given(charger, ...history)
      .when((s) => changeConnectorStatus(status, s))
      .thenNothing()
    given(charger, ...history)
      .when((s) => changeConnectorStatus({ ...status, vendorErrorCode: '17' }, s))
      .thenMatching({ type: 'ConnectorStatusChanged' })
    given(charger, ...history)
      .when((s) => changeConnectorStatus({ ...status, evseId: 2 }, s))
      .thenMatching({ type: 'ConnectorStatusChanged' })
  })
  it('is not set back by a status that is told again after newer ones', () => {
    const status = (to: 'Preparing' | 'Charging') => ({
      type: 'ConnectorStatus' as const,
      evseId: 1,
      connectorId: 1,
      status: to,
      errorCode: 'NoError',
    })
    const told = (to: 'Preparing' | 'Charging'): ChargerEvent => {
      const { type: _, ...data } = status(to)
      return { type: 'ConnectorStatusChanged', data }
    }
    const history = [
      registered,
      { event: told('Preparing'), factId: '1.1' },
      { event: told('Charging'), factId: '1.2' },
    ]
    given(charger, ...history)
      .when((s) => changeConnectorStatus(status('Preparing'), s, { factId: factId('1.1') }))
      .thenNothing()
    given(charger, ...history)
      .when((s) => changeConnectorStatus(status('Preparing'), s, { factId: factId('1.3') }))
      .thenMatching({ type: 'ConnectorStatusChanged' })
  })
  it('is not set back by a status that comes on an older connection: it is recorded as told late, once', () => {
    const status = (to: 'Preparing' | 'Charging', second: number) => ({
      type: 'ConnectorStatus' as const,
      evseId: 1,
      connectorId: 1,
      status: to,
      errorCode: 'NoError',
      time: { raw: `2026-01-31T12:00:0${second}Z` },
    })
    const told = (type: 'ConnectorStatusChanged' | 'ConnectorStatusToldLate', to: ReturnType<typeof status>) => {
      const { type: _, ...data } = to
      return { type, data }
    }
    const preparing = status('Preparing', 1)
    const charging = told('ConnectorStatusChanged', status('Charging', 2))
    const late = { epoch: '1' as ConnectionEpoch, factId: factId('1.9') }
    given(charger, registered, { event: charging, epoch: '5' })
      .when((s) => changeConnectorStatus(preparing, s, late))
      .then(told('ConnectorStatusToldLate', preparing))
    // it was told on the newer connection, or late before
    for (const history of [
      [
        { event: told('ConnectorStatusChanged', preparing), epoch: '5' },
        { event: charging, epoch: '5' },
      ],
      [
        { event: charging, epoch: '5' },
        { event: told('ConnectorStatusToldLate', preparing), epoch: '1' },
      ],
    ])
      given(charger, registered, ...history)
        .when((s) => changeConnectorStatus(preparing, s, late))
        .thenNothing()
    // on the newest connection, or where another connector was told there, it is news
    given(charger, registered, { event: charging, epoch: '5' })
      .when((s) => changeConnectorStatus(preparing, s, { ...late, epoch: '5' as ConnectionEpoch }))
      .thenMatching({ type: 'ConnectorStatusChanged' })
    given(charger, registered, { event: charging, epoch: '10' })
      .when((s) => changeConnectorStatus({ ...preparing, evseId: 2 }, s, { ...late, epoch: '9' as ConnectionEpoch }))
      .thenMatching({ type: 'ConnectorStatusChanged' })
    const { state } = given(
      charger,
      registered,
      { event: charging, epoch: '5' },
      { event: told('ConnectorStatusToldLate', preparing), epoch: '1', factId: '1.9' },
    )
    expect(state.connectors).toEqual([expect.objectContaining({ status: 'Charging' })])
    expect(answeredBefore(state, factId('1.9'))).toEqual({ type: 'ConnectorStatus' })
  })
  it('is registered by an operator, its password changed, and left alone when nothing changes', () => {
    given(charger)
      .when((s) => registerCharger({ registration: 'Accepted', passwordDigests: ['good'] }, s))
      .thenMatching({ type: 'ChargerRegistered' }, { type: 'ChargerCredentialsChanged' })
    given(charger, registered, withPassword)
      .when((s) => registerCharger({ registration: 'Rejected' }, s))
      .then({ type: 'ChargerRegistrationChanged', data: { registration: 'Rejected' } })
    given(charger, registered, withPassword)
      .when((s) => registerCharger({ registration: 'Accepted', passwordDigests: ['good'] }, s))
      .thenNothing()
  })
  it('has its password flagged when it is short, until it gets another one', () => {
    const data = { securityProfile: 1, passwordDigests: ['s'], passwordShort: true as const }
    const short: ChargerEvent = { type: 'ChargerCredentialsChanged', data }
    given(charger, registered)
      .when((s) => registerCharger({ passwordDigests: ['s'], passwordShort: true, securityProfile: 1 }, s))
      .then(short)
    given(charger, registered, short)
      .when((s) => registerCharger({ passwordDigests: ['s'], passwordShort: true }, s))
      .thenNothing()
    given(charger, registered, short)
      .when((s) => registerCharger({ securityProfile: 2 }, s))
      .then({ ...short, data: { ...data, securityProfile: 2 } })
    // one that was registered before this was told
    given(charger, registered, { ...short, data: { securityProfile: 1, passwordDigests: ['s'] } })
      .when((s) => registerCharger({ passwordDigests: ['s'], passwordShort: true }, s))
      .then(short)
    for (const passwordDigests of [['long'], null]) {
      const { events } = given(charger, registered, short).when((s) =>
        registerCharger({ passwordDigests, securityProfile: 0 }, s),
      )
      expect(given(charger, registered, short, ...events).state).not.toHaveProperty('passwordShort')
    }
  })
  it('stays rejected or pending when only its password changes', () => {
    given(charger, registered, { type: 'ChargerRegistrationChanged', data: { registration: 'Rejected' } })
      .when((s) => registerCharger({ passwordDigests: ['new'] }, s))
      .thenMatching({ type: 'ChargerCredentialsChanged' })
    given(charger)
      .when((s) => registerCharger({}, s))
      .thenMatching({ type: 'ChargerRegistered', data: expect.objectContaining({ registration: 'Accepted' }) })
  })
  it('is not locked out by a security profile whose password it does not have', () => {
    given(charger, registered)
      .when((s) => registerCharger({ securityProfile: 1 }, s))
      .thenRejected({ kind: 'password-needed' })
    given(charger, registered, withPassword)
      .when((s) => registerCharger({ passwordDigests: null }, s))
      .thenRejected({ kind: 'password-needed' })
    given(charger, registered, withPassword)
      .when((s) => registerCharger({ passwordDigests: null, securityProfile: 0 }, s))
      .thenMatching({ type: 'ChargerCredentialsChanged' })
  })
})

describe('the register of open transactions', () => {
  it('has a start once', () =>
    given(charger, ...opened(open('1', 1, 0)))
      .when((s) => openTransaction(open('1', 1, 0), s))
      .thenNothing())
  it('forgets a transaction when it is closed, and closes it once', () => {
    const close = { transactionId: '1' as TransactionId, reason: 'stopped' as const }
    const [closed] = given(charger, ...opened(open('1', 1, 0))).when((s) => closeTransaction(close, s)).events
    given(charger, ...opened(open('1', 1, 0)), closed!)
      .when((s) => closeTransaction(close, s))
      .thenNothing()
  })
  it('finds what is open on an EVSE; for the whole station only if there is one', () => {
    const { state } = given(charger, ...opened(open('1', 1, 0), open('2', 2, 0)))
    expect(openOnEvse(state, 2)?.transactionId).toBe('2')
    expect(openOnEvse(state, 0)).toBeUndefined()
  })
  it('ends by a new start on the same EVSE what began before it there, and nothing else', () => {
    const { state } = given(charger, ...opened(open('1', 1, 0), open('2', 2, 0), open('3', 1, 20), open('4', 1, 10)))
    expect(supersededBy(state, open('4', 1, 10)).map((one) => one.transactionId)).toEqual(['1'])
  })
  it('matches a stop without an id by time, meter and tag, if exactly one fits', () => {
    const { state } = given(charger, ...opened(open('1', 1, 0, '100', 'a'), open('2', 2, 30, '5000', 'b')))
    const meterStop = readRegister('900', 'Wh')
    expect(matchStop(state, { at: at(20) })).toEqual({ kind: 'one', transactionId: '1' })
    expect(matchStop(state, { at: at(40), meterStop })).toEqual({ kind: 'one', transactionId: '1' })
    expect(matchStop(state, { at: at(40) })).toMatchObject({ kind: 'several' })
    expect(matchStop(state, { at: at(40), tokenRef: 'b'.repeat(32) as TokenRef })).toEqual({
      kind: 'one',
      transactionId: '2',
    })
    expect(matchStop(state, { at: at(-5) })).toEqual({ kind: 'none' })
  })
  it('parks a frame once', () => {
    const parked = { meant: 'MeterValues' as const, reason: 'malformed' as const, detail: '', contentKey: 'k' }
    const [event] = given(charger).when((s) => parkFrame({ factId: undefined, parked }, s)).events
    given(charger, event!)
      .when((s) => parkFrame({ factId: undefined, parked }, s))
      .thenNothing()
  })
})

describe('a command', () => {
  const commandId = 'c1' as CommandId
  const asking = { commandId, command: { type: 'ClearCache' as const }, deadline: at(1) }
  const requested: ChargerEvent = { type: 'CommandRequested', data: asking }
  const answer = {
    commandId,
    result: { outcome: 'result' as const, status: 'Accepted', payload: {} },
    frames: {},
    late: false,
  }

  it('is asked of registered chargers only, and once', () => {
    given(charger)
      .when((s) => requestCommand(asking, s))
      .thenRejected({ kind: 'unknown-charger' })
    given(charger, registered, requested)
      .when((s) => requestCommand(asking, s))
      .thenNothing()
  })
  it('is settled by its answer, also when that comes after we gave it up', () => {
    given(charger, registered, requested)
      .when((s) => settleCommand(answer, s))
      .thenMatching({ type: 'CommandSettled' })
    const [unknown] = given(charger, registered, requested).when((s) =>
      giveUpCommand({ commandId, reason: 'late' }, s),
    ).events
    const history = [registered, requested, unknown!]
    expect(commandOutcome(given(charger, ...history).state, commandId)).toEqual({ kind: 'unknown', reason: 'late' })
    given(charger, ...history)
      .when((s) => settleCommand({ ...answer, late: true }, s))
      .thenMatching({ type: 'CommandSettled' })
    // it came in time, and its record did not: the log was away
    const { events } = given(charger, ...history).when((s) => settleCommand(answer, s))
    expect(events).toMatchObject([{ type: 'CommandSettled', data: { late: true } }])
  })
  it('that a process took with it when it died is of unknown outcome when the next one is asked, and can still be answered', () => {
    const next = (minutes: number) => ({ ...asking, commandId: 'c2' as CommandId, deadline: at(minutes) })
    given(charger, registered, requested)
      .when((s) => requestCommand(next(5), s))
      .thenMatching({ type: 'CommandRequested' })
    const { events } = given(charger, registered, requested).when((s) => requestCommand(next(7), s))
    expect(events).toMatchObject([{ type: 'CommandOutcomeUnknown', data: { commandId } }, { type: 'CommandRequested' }])
    given(charger, registered, requested, ...events)
      .when((s) => settleCommand({ ...answer, late: true }, s))
      .thenMatching({ type: 'CommandSettled' })
  })
  it('that was never sent is offline, once', () => {
    const [offline] = given(charger, registered, requested).when((s) => commandWasOffline(commandId, s)).events
    given(charger, registered, requested, offline!)
      .when((s) => commandWasOffline(commandId, s))
      .thenNothing()
  })
})

describe('the summary of a charger', () => {
  it('is due each 100 events and equals the fold of the whole history', () => {
    const event = fc.constantFrom<ChargerEvent>(registered, connected, ...opened(open('1', 1, 0), open('2', 2, 5)), {
      type: 'TransactionClosed',
      data: { transactionId: '1' as TransactionId, reason: 'stopped' },
    })
    fc.assert(
      fc.property(fc.array(event, { minLength: 100, maxLength: 120 }), (events) => {
        const state = foldHistory(
          charger,
          events.map((one, i) => ({ event: one, factId: `1.${i}` })),
        )
        const summary = charger.summarise?.(state)
        expect(summary?.type).toBe('ChargerSummarised')
        const summarised = recorded(summary!, events.length)
        expect(charger.restore?.(summarised, undefined)).toEqual(charger.evolve(state, summarised))
        expect(charger.evolve(state, summarised)).toEqual({ ...state, eventsSinceSummary: 0 })
      }),
      { numRuns: 30 },
    )
    expect(charger.summarise?.(foldHistory(charger, [registered]))).toBeUndefined()
  })

  it('stays within one event however long the answers to commands are', () => {
    const payload = {
      configurationKey: Array.from({ length: 300 }, (_, i) => ({
        key: `Key${i}`,
        value: 'v'.repeat(100),
        readonly: false,
      })),
    }
    const events = Array.from({ length: 40 }, (_, i): ChargerEvent[] => {
      const commandId = `c${i}` as CommandId
      return [
        { type: 'CommandRequested', data: { commandId, command: { type: 'GetConfiguration' }, deadline: at(1) } },
        {
          type: 'CommandSettled',
          data: { commandId, result: { outcome: 'result', status: 'Accepted', payload }, late: false, frames: {} },
        },
        connected,
      ]
    }).flat()
    const state = foldHistory(charger, [registered, ...events])
    expect(JSON.stringify(charger.summarise?.(state)).length).toBeLessThan(160_000)
    expect(commandOutcome(state, 'c39' as CommandId)).toEqual({ kind: 'settled', tooLong: true })
    given(charger, registered, ...events)
      .when((s) =>
        settleCommand({ commandId: 'c39' as CommandId, result: { outcome: 'timeout' }, frames: {}, late: true }, s),
      )
      .thenNothing()
  })
  it('is left out, and nothing is refused, when no event could carry it', () => {
    const data = {
      evseId: 1,
      connectorId: 1,
      status: 'Faulted' as const,
      errorCode: 'OtherError',
      info: 'x'.repeat(600_000),
    }
    const state = foldHistory(charger, [
      registered,
      ...Array<ChargerEvent>(120).fill({ type: 'ConnectorStatusChanged', data }),
    ])
    expect(charger.summarise?.(state)).toBeUndefined()
  })
})
