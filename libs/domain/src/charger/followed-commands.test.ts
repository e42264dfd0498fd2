import type { CommandId, ConnectionEpoch, TokenRef, TransactionId } from '@voltrail/contracts/ids'
import type { ConnectorStatus } from '@voltrail/contracts/facts'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import { at, given } from '../fixtures/given.ts'
import { charger } from './charger.ts'
import { commandOutcome } from './commands.ts'
import { availabilityReached, availabilityUnheeded, resetUnheeded } from './followed-commands.ts'

const commandId = 'c-1' as CommandId
const newer = 'c-2' as CommandId
const transactionId = '9' as TransactionId
const change = (evseId: number, availability: 'Operative' | 'Inoperative' = 'Inoperative', id = commandId) =>
  requested({ type: 'ChangeAvailability', evseId, availability }, id)
const requested = (
  command: Extract<ChargerEvent, { type: 'CommandRequested' }>['data']['command'],
  id = commandId,
): ChargerEvent => ({ type: 'CommandRequested', data: { commandId: id, command, deadline: at(1) } })
const settled = (status: string, id = commandId): ChargerEvent => ({
  type: 'CommandSettled',
  data: { commandId: id, result: { outcome: 'result', status, payload: {} }, late: false, frames: {} },
})
const status = (evseId: number, told: ConnectorStatus): ChargerEvent => ({
  type: 'ConnectorStatusChanged',
  data: { evseId, connectorId: evseId === 0 ? 0 : 1, status: told, errorCode: 'NoError' },
})
const opened = (evseId: number): ChargerEvent => ({
  type: 'TransactionOpened',
  data: {
    transactionId,
    startKey: 'k',
    evseId,
    connectorId: 1,
    tokenRef: 'a'.repeat(32) as TokenRef,
    startedAt: { receivedAt: at(0), effectiveAt: at(0), reason: 'received' },
    authorization: 'Accepted',
  },
})
const closed: ChargerEvent = { type: 'TransactionClosed', data: { transactionId, reason: 'stopped' } }
const reached = (evseId: number, availability: 'Operative' | 'Inoperative' = 'Inoperative'): ChargerEvent => ({
  type: 'AvailabilityReached',
  data: { commandId, evseId, availability },
})
const unheeded: ChargerEvent = { type: 'AvailabilityUnheeded', data: { commandId } }
type State = Parameters<typeof availabilityReached>[1]
const reach = (state: State) => availabilityReached({ commandId }, state)
const giveUp = (state: State) => availabilityUnheeded({ commandId }, state)

describe('a change of availability that was answered Scheduled', () => {
  const scheduled = [status(1, 'Charging'), opened(1), change(1), settled('Scheduled')]

  it('is reached when the connectors of its EVSE tell it, once', () => {
    given(charger, ...scheduled)
      .when(reach)
      .thenNothing()
    given(charger, ...scheduled, closed, status(1, 'Finishing'))
      .when(reach)
      .thenNothing()
    given(charger, ...scheduled, closed, status(1, 'Unavailable'))
      .when(reach)
      .then(reached(1))
    given(charger, ...scheduled, closed, status(1, 'Unavailable'), reached(1))
      .when(reach)
      .thenNothing()
  })
  it('is unheeded when no transaction is in its way and they do not tell it, once, and the outcome of the command knows it', () => {
    given(charger, ...scheduled)
      .when(giveUp)
      .thenNothing()
    given(charger, ...scheduled, closed)
      .when(giveUp)
      .then(unheeded)
    given(charger, ...scheduled, closed, unheeded)
      .when(giveUp)
      .thenNothing()
    const { state } = given(charger, ...scheduled, closed, unheeded)
    expect(commandOutcome(state, commandId)).toMatchObject({ kind: 'settled', unused: true })
  })
  it('is reached also after it was told as unheeded, and then the outcome knows that', () => {
    given(charger, ...scheduled, closed, unheeded, status(1, 'Unavailable'))
      .when(reach)
      .then(reached(1))
    const { state } = given(charger, ...scheduled, closed, unheeded, status(1, 'Unavailable'), reached(1))
    expect(commandOutcome(state, commandId)).toEqual({
      kind: 'settled',
      result: { outcome: 'result', status: 'Scheduled', payload: {} },
    })
    expect(state.followed).toEqual([])
  })
  it('of the whole charger is reached by all connectors, or by its own status once nothing charges', () => {
    const whole = [status(1, 'Charging'), status(2, 'Available'), opened(1), change(0), settled('Scheduled')]
    given(charger, ...whole, status(0, 'Unavailable'))
      .when(reach)
      .thenNothing()
    given(charger, ...whole, status(0, 'Unavailable'), closed)
      .when(reach)
      .then(reached(0))
    given(charger, ...whole, closed, status(2, 'Unavailable'))
      .when(reach)
      .thenNothing()
    given(charger, ...whole, closed, status(2, 'Unavailable'), status(1, 'Unavailable'))
      .when(reach)
      .then(reached(0))
  })
  it('to be back in service is reached when no connector is Unavailable any more', () => {
    const back = [status(1, 'Unavailable'), change(1, 'Operative'), settled('Scheduled')]
    given(charger, ...back)
      .when(reach)
      .thenNothing()
    given(charger, ...back, status(1, 'Available'))
      .when(reach)
      .then(reached(1, 'Operative'))
  })
  it('is followed no more when a newer one of its EVSE was agreed to, carried out or scheduled', () => {
    for (const answer of ['Accepted', 'Scheduled'])
      for (const evseId of [0, 1])
        given(charger, ...scheduled, change(evseId, 'Operative', newer), settled(answer, newer), closed)
          .when(giveUp)
          .thenNothing()
    given(charger, ...scheduled, change(1, 'Operative', newer), settled('Rejected', newer), closed)
      .when(giveUp)
      .then(unheeded)
    given(charger, ...scheduled, change(2, 'Operative', newer), settled('Accepted', newer), closed)
      .when(giveUp)
      .then(unheeded)
  })
  it('is followed however many other commands come after it', () => {
    const others = Array.from({ length: 40 }, (_, i) => `other-${i}` as CommandId).flatMap((id) => [
      requested({ type: 'ClearCache' }, id),
      settled('Accepted', id),
    ])
    given(charger, ...scheduled, ...others, closed, status(1, 'Unavailable'))
      .when(reach)
      .then(reached(1))
  })
  it('is not followed where it was carried out, rejected, not answered, or the charger was offline', () => {
    for (const answer of [settled('Accepted'), settled('Rejected')])
      given(charger, status(1, 'Available'), change(1), answer).when(giveUp).thenNothing()
    given(charger, status(1, 'Available'), change(1)).when(giveUp).thenNothing()
    given(charger, change(1), { type: 'CommandOffline', data: { commandId } }).when(giveUp).thenNothing()
    given(charger).when(reach).thenNothing()
  })
})

describe('a reset that was accepted', () => {
  const accepted = [requested({ type: 'Reset', kind: 'Soft' }), settled('Accepted')]
  const none: ChargerEvent = { type: 'ResetUnheeded', data: { commandId } }
  const tell = (state: State) => resetUnheeded({ commandId }, state)
  const connected: ChargerEvent = {
    type: 'ChargerConnected',
    data: {
      edge: 'edge-1',
      subprotocol: 'ocpp1.6',
      remoteAddress: '127.0.0.1',
      tls: false,
      authenticatedBy: 'none',
      heartbeatSeconds: 300,
    },
  }
  const booted: ChargerEvent = {
    type: 'ChargerBooted',
    data: { vendor: 'Acme', model: 'Wall', registration: 'Accepted', intervalSeconds: 300 },
  }

  it('is told once when neither a connection nor a boot came of it', () => {
    given(charger, ...accepted)
      .when(tell)
      .then(none)
    const { state, when } = given(charger, ...accepted, none)
    when(tell).thenNothing()
    expect(commandOutcome(state, commandId)).toMatchObject({ kind: 'settled', unused: true })
  })
  it('is not told after a connection or a boot, of one that was rejected, or whose connection merely ended', () => {
    for (const event of [connected, booted])
      given(charger, ...accepted, event)
        .when(tell)
        .thenNothing()
    given(charger, requested({ type: 'Reset', kind: 'Hard' }), settled('Rejected'))
      .when(tell)
      .thenNothing()
    given(charger, ...accepted, {
      type: 'ChargerDisconnected',
      data: { epoch: '1' as ConnectionEpoch, edge: 'edge-1', code: 1006, reason: '' },
    })
      .when(tell)
      .then(none)
  })
})
