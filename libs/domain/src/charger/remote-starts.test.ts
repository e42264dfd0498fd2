import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { CommandId, TokenRef } from '@voltrail/contracts/ids'
import { at, given } from '../fixtures/given.ts'
import { charger } from './charger.ts'
import { withRemoteStart } from './remote-starts.ts'

const ref = 'a'.repeat(32) as TokenRef
const commandId = 'c1' as CommandId
const idToken = { ref, type: 'ISO14443' as const, sealed: { owner: ref, key: '', text: '' } }
const asked: ChargerEvent = {
  type: 'CommandRequested',
  data: { commandId, command: { type: 'RemoteStart', idToken }, deadline: at(1) },
}
const unknown = { status: 'Invalid' as const, reason: 'unknown token' }

describe('our own remote start', () => {
  it('authorises its unknown token for two minutes, and no other', () => {
    const { state } = given(charger, asked)
    expect(withRemoteStart(state, ref, unknown, at(2))).toMatchObject({ status: 'Accepted' })
    expect(withRemoteStart(state, ref, unknown, at(2.1))).toBe(unknown)
    expect(withRemoteStart(state, ref, unknown, at(-5))).toBe(unknown)
    expect(withRemoteStart(state, 'b'.repeat(32) as TokenRef, unknown, at(1))).toBe(unknown)
  })
  it('makes no blocked, expired or invalid token good', () => {
    const { state } = given(charger, asked)
    for (const status of ['Blocked', 'Expired', 'Invalid'] as const)
      expect(withRemoteStart(state, ref, { status, reason: 'as issued' }, at(1)).status).toBe(status)
  })
  it('authorises nothing when the charger refused it or was not there', () => {
    const refused: ChargerEvent = {
      type: 'CommandSettled',
      data: { commandId, result: { outcome: 'result', status: 'Rejected', payload: {} }, frames: {}, late: false },
    }
    const offline: ChargerEvent = { type: 'CommandOffline', data: { commandId } }
    for (const event of [refused, offline])
      expect(withRemoteStart(given(charger, asked, event).state, ref, unknown, at(1))).toBe(unknown)
  })
})
