import type { TokenRef } from '@voltrail/contracts/ids'
import type { LogEvent } from '@voltrail/event-store/event-log'
import { createMemoryLog } from '@voltrail/event-store/memory-log'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { createLog } from '@voltrail/runtime/log'
import { Waits, type DutyDeps } from './duty.ts'
import { localLists } from './local-lists.ts'

const token = (n: number) => n.toString(16).padStart(32, '0') as TokenRef

/** The duty alone, with chargers of a tenant whose lists hold everybody. */
const openTenant = (chargers = 3) => {
  let now = Date.UTC(2026, 0, 31, 12)
  const loaded: string[] = []
  const failing = new Map<string, Error>()
  const always = new Map<string, Error>()
  const loop = createWriteLoop({ log: createMemoryLog(), cacheSize: 100, build: 'test' })
  const deps: DutyDeps = {
    loop: {
      ...loop,
      load(aggregate, stream) {
        loaded.push(stream)
        const error = always.get(stream) ?? failing.get(stream)
        failing.delete(stream)
        return error === undefined ? loop.load(aggregate, stream) : Promise.reject(error)
      },
    },
    central: () => ({
      command: async ({ commandId }) => ({ outcome: 'offline', commandId }),
      decide: async () => ({ outcome: 'unavailable', reason: 'nothing is decided here' }),
    }),
    now: () => now,
    pod: 'test',
    build: 'test',
    log: createLog({ service: 'test', level: 'silent', pretty: false }),
  }
  const duty = localLists(deps)
  const hear = (stream: string, type: string, data: object) =>
    duty.hear({
      stream,
      type,
      data,
      revision: 1,
      metadata: { receivedAt: new Date(now).toISOString() },
    } as unknown as LogEvent)
  for (let n = 1; n <= chargers; n++) hear(`charger-default.CP${n}`, 'ChargerRegistered', { registration: 'Accepted' })
  const policy = { mode: 'all', groups: [], tokens: [], whenTooLong: 'refuse' }
  const [key = ''] = hear('tenant-default', 'LocalListDefaultDesired', { policy })
  return {
    loaded,
    failing,
    always,
    look: () => duty.look(key),
    change: (n: number, status: 'Accepted' | 'Blocked') =>
      hear(`token-default.${token(n)}`, 'IdTokenChanged', { status }),
    wait: (ms: number) => void (now += ms),
    now: () => now,
  }
}

describe('the local lists of many chargers', () => {
  it.each([
    ['the log was away in the middle of a turn', new Waits('the log is away')],
    ['the stream of one could not be read', new Error('it is broken')],
  ])('are all looked at, also when %s', async (_, error) => {
    const { loaded, failing, look, change, wait } = openTenant()
    await look()
    loaded.length = 0
    change(1, 'Blocked')
    failing.set('device-default.CP1', error)
    await expect(look()).rejects.toThrow(error.message)
    wait(60_000)
    await look()
    expect(new Set(loaded)).toEqual(new Set([1, 2, 3].map((n) => `device-default.CP${n}`)))
  })

  it('are looked at however long one of them waits, and in turns that end', async () => {
    const { loaded, always, look, wait, now, change } = openTenant(200)
    for (let next: number | undefined = now(); next !== undefined && next <= now();) next = await look()
    change(1, 'Blocked')
    loaded.length = 0
    // two of them, at the front, always wait
    for (const n of [1, 2]) always.set(`device-default.CP${n}`, new Waits('it is written by others all the time'))
    expect(await look()).toBe(now())
    expect(loaded).toHaveLength(64)
    await look()
    await look()
    await look().catch(() => undefined)
    expect(new Set(loaded).size).toBe(200)
    expect(loaded).toHaveLength(200)
    wait(30_000)
    await expect(look()).rejects.toThrow('it is written by others all the time')
    expect(loaded).toHaveLength(202)
  })

  it('wait together where the log is away', async () => {
    const { loaded, always, look, change } = openTenant(50)
    await look()
    change(1, 'Blocked')
    loaded.length = 0
    for (let n = 1; n <= 50; n++) always.set(`device-default.CP${n}`, new Waits('the log is away'))
    await expect(look()).rejects.toThrow('the log is away')
    expect(loaded).toHaveLength(3)
  })

  it('lose a blocked token at once, however many others come meanwhile', async () => {
    const { loaded, look, change, wait } = openTenant()
    await look()
    loaded.length = 0
    change(1, 'Blocked')
    wait(1)
    change(2, 'Accepted')
    await look()
    expect(loaded).toHaveLength(3)
  })
})
