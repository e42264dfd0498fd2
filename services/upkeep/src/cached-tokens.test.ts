import type { TokenRef } from '@voltrail/contracts/ids'
import type { LogEvent } from '@voltrail/event-store/event-log'
import { createMemoryLog } from '@voltrail/event-store/memory-log'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { createLog } from '@voltrail/runtime/log'
import { cachedTokens } from './cached-tokens.ts'

const token = (n: number) => n.toString(16).padStart(32, '0') as TokenRef

/** The duty alone, hearing one charger. */
const openDuty = () => {
  let now = Date.UTC(2026, 0, 31, 12)
  const loop = createWriteLoop({ log: createMemoryLog(), cacheSize: 10, build: 'test' })
  let loads = 0
  const duty = cachedTokens({
    loop: {
      ...loop,
      load(aggregate, stream) {
        loads += 1
        return loop.load(aggregate, stream)
      },
    },
    // nobody answers
    central: () => ({ command: () => new Promise(() => undefined), decide: () => new Promise(() => undefined) }),
    now: () => now,
    pod: 'test',
    build: 'test',
    log: createLog({ service: 'test', level: 'silent', pretty: false }),
  })
  let revision = 0
  const hear = (stream: string, type: string, data: object) => {
    const metadata = { receivedAt: new Date(now).toISOString() }
    return duty.hear({ stream, type, data, revision: ++revision, metadata } as unknown as LogEvent)
  }
  return {
    tell: (...tokens: number[]) => {
      for (const n of tokens)
        hear('charger-default.CP1', 'AuthorizationDecided', { idToken: { ref: token(n) }, status: 'Accepted' })
    },
    clear: () => {
      hear('charger-default.CP1', 'CommandRequested', { commandId: 'c', command: { type: 'ClearCache' } })
      const result = { outcome: 'result', status: 'Accepted', payload: {} }
      hear('charger-default.CP1', 'CommandSettled', { commandId: 'c', result })
    },
    /** So many chargers that were all told of a token, connected and accepted. */
    fleet: (count: number, ref: TokenRef) => {
      for (let n = 0; n < count; n++) {
        const stream = `charger-default.F${n}`
        hear(stream, 'ChargerRegistered', { registration: 'Accepted' })
        hear(stream, 'ChargerConnected', {})
        hear(stream, 'AuthorizationDecided', { idToken: { ref }, status: 'Accepted' })
      }
    },
    look: (key: string) => duty.look(key),
    later: (ms: number) => void (now += ms),
    loads: () => loads,
    cache: (enabled: boolean) =>
      hear('device-default.CP1', 'ConfigurationChanged', {
        full: false,
        set: [{ key: 'authorizationcacheenabled', value: String(enabled), readonly: false }],
        gone: [],
      }),
    /** @returns the chargers that are looked at for it */
    block: (n: number) => hear(`token-default.${token(n)}`, 'IdTokenChanged', { status: 'Blocked' }),
  }
}

describe('who may hold a token that is blocked', () => {
  it('is who was told that it is good, until its cache was cleared', () => {
    const { tell, block, clear } = openDuty()
    tell(1, 2)
    expect(block(3)).toEqual([])
    expect(block(1)).toEqual(['device-default.CP1'])
    clear()
    expect(block(2)).toEqual([])
  })

  it('is not even read while as many are asked as may be at once', async () => {
    const { fleet, block, look, later, loads } = openDuty()
    fleet(100, token(1))
    const keys = block(1)
    later(60_000)
    const next = await Promise.all(keys.map((key) => look(key)))
    expect(loads()).toBeLessThanOrEqual(100)
    const before = loads()
    later(1_000)
    // those that could not be asked
    await Promise.all(keys.slice(40).map((key) => look(key)))
    expect(loads()).toBe(before)
    expect(next).toHaveLength(100)
  })

  it('is nobody without a cache, until it is switched on: then it is cleared', () => {
    const duty = openDuty()
    duty.tell(1)
    expect(duty.cache(false)).toEqual([])
    duty.tell(2)
    expect([...duty.block(1), ...duty.block(2)]).toEqual([])
    expect(duty.cache(true)).toEqual(['device-default.CP1'])
    duty.clear()
    expect(duty.block(3)).toEqual([])
    duty.tell(4)
    expect(duty.block(4)).toEqual(['device-default.CP1'])
  })

  it('is also who was told of more tokens than are kept of a charger', () => {
    const { tell, block, clear } = openDuty()
    tell(...Array.from({ length: 5_001 }, (_, n) => n))
    expect(block(0)).toEqual(['device-default.CP1'])
    expect(block(70_000)).toEqual(['device-default.CP1'])
    clear()
    expect(block(5_000)).toEqual([])
    expect(block(80_000)).toEqual([])
  })
})
