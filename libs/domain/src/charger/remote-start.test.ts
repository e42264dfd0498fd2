import type { CommandId, TokenRef, TransactionId } from '@voltrail/contracts/ids'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import { at, given } from '../fixtures/given.ts'
import { charger } from './charger.ts'
import { commandOutcome } from './commands.ts'
import { remoteStartUnused } from './remote-start.ts'

const commandId = 'c-1' as CommandId
const tokenRef = 'a'.repeat(32) as TokenRef
const asked = { evseId: 1, tokenRef }
const decision = (state: Parameters<typeof remoteStartUnused>[1]) =>
  remoteStartUnused({ commandId, asked, requestedAt: at(0) }, state)
const requested: ChargerEvent = {
  type: 'CommandRequested',
  data: {
    commandId,
    command: {
      type: 'RemoteStart',
      evseId: 1,
      idToken: { ref: tokenRef, type: 'ISO14443', sealed: { owner: tokenRef, key: '', text: '' } },
    },
    deadline: at(1),
  },
}
const settled = (status: string): ChargerEvent => ({
  type: 'CommandSettled',
  data: { commandId, result: { outcome: 'result', status, payload: {} }, late: false, frames: {} },
})
const opened = (evseId: number, ref: TokenRef, minutes: number): ChargerEvent => ({
  type: 'TransactionOpened',
  data: {
    transactionId: '9' as TransactionId,
    startKey: 'k',
    evseId,
    connectorId: 1,
    tokenRef: ref,
    startedAt: { receivedAt: at(minutes), effectiveAt: at(minutes), reason: 'received' },
    authorization: 'Accepted',
  },
})
const unused: ChargerEvent = { type: 'RemoteStartUnused', data: { commandId } }
const other = 'b'.repeat(32) as TokenRef

describe('a remote start that nothing came of', () => {
  it('is told once, and the outcome of the command knows it', () => {
    given(charger, requested, settled('Accepted')).when(decision).then(unused)
    const { state, when } = given(charger, requested, settled('Accepted'), unused)
    when(decision).thenNothing()
    expect(commandOutcome(state, commandId)).toMatchObject({ kind: 'settled', unused: true })
  })
  it('is not told of one that was rejected, is not answered, or is unknown', () => {
    given(charger, requested, settled('Rejected')).when(decision).thenNothing()
    given(charger, requested).when(decision).thenNothing()
    given(charger).when(decision).thenNothing()
  })
  it('is not told when a transaction opened on that EVSE, or by that token, after it was asked for', () => {
    given(charger, requested, opened(1, other, 1), settled('Accepted'))
      .when(decision)
      .thenNothing()
    given(charger, requested, settled('Accepted'), opened(2, tokenRef, 1))
      .when(decision)
      .thenNothing()
  })
  it('is told though another transaction is open, or one from before', () => {
    given(charger, requested, settled('Accepted'), opened(2, other, 1))
      .when(decision)
      .then(unused)
    given(charger, opened(1, tokenRef, -1), requested, settled('Accepted'))
      .when(decision)
      .then(unused)
  })
})
