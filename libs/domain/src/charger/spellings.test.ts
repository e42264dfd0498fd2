import type { TokenSpelling } from '@voltrail/contracts/events/charger'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef } from '@voltrail/contracts/ids'
import { at, foldHistory, recorded } from '../fixtures/given.ts'
import { charger } from './charger.ts'
import { spellingOf } from './spellings.ts'

const ref = (n: number) => n.toString(16).padStart(32, '0') as TokenRef
const sealed = (text: string) => ({ owner: ref(0), key: 'k', text })
const authorised = (tokenRef: TokenRef, spelling?: TokenSpelling): ChargerEvent => ({
  type: 'AuthorizationDecided',
  data: {
    idToken: { ref: tokenRef, type: 'ISO14443', sealed: sealed('') },
    status: 'Accepted',
    reason: 'as issued',
    ...(spelling === undefined ? {} : { spelling }),
  },
})
const opened = (tokenRef: TokenRef, spelling: TokenSpelling): ChargerEvent => ({
  type: 'TransactionOpened',
  data: {
    transactionId: '7' as never,
    startKey: 'key',
    evseId: 1,
    connectorId: 1,
    tokenRef,
    startedAt: { receivedAt: at(0), effectiveAt: at(0), reason: 'received' },
    authorization: 'Accepted',
    spelling,
  },
})

describe('the spelling of a token', () => {
  it('is how the charger wrote it last, in an authorisation or in a start', () => {
    const own = { own: sealed('lower') }
    const first = foldHistory(charger, [authorised(ref(1), own)])
    expect(spellingOf(first, ref(1))).toMatchObject(own)
    const second = foldHistory(charger, [authorised(ref(1), own), opened(ref(1), {}), authorised(ref(2), own)])
    expect(spellingOf(second, ref(1))).toEqual({ tokenRef: ref(1) })
    expect(second.openTransactions[0]).not.toHaveProperty('spelling')
  })

  it('is unknown of a token that the charger never wrote, and of events from before it was kept', () => {
    const state = foldHistory(charger, [authorised(ref(1))])
    expect(state).not.toHaveProperty('spellings')
    expect(spellingOf(state, ref(1))).toBeUndefined()
  })

  it('is kept of the newest 64 tokens, also by a summary', () => {
    const state = foldHistory(
      charger,
      Array.from({ length: 70 }, (_, n) => authorised(ref(n), { own: sealed(String(n)) })),
    )
    expect(state.spellings).toHaveLength(64)
    expect(spellingOf(state, ref(5))).toBeUndefined()
    expect(spellingOf(state, ref(6))).toMatchObject({ own: sealed('6') })
    const summary = recorded({ type: 'ChargerSummarised' as const, data: { summary: state } }, 70)
    expect(charger.restore?.(summary, undefined)?.spellings).toEqual(state.spellings)
  })
})
