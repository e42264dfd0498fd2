import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef } from '@voltrail/contracts/ids'
import type { LocalListPolicy } from '@voltrail/contracts/local-list'
import { cachedTokens } from './cached-tokens.ts'
import { openHouse } from './fixtures/duty-house.ts'
import { localLists } from './local-lists.ts'
import { outcomes } from './outcomes.ts'

const ref = (n: number) => n.toString(16).padStart(32, '0') as TokenRef
const sealed = { owner: ref(0), key: 'k', text: 't' }
const all: LocalListPolicy = { mode: 'all', groups: [], tokens: [], whenTooLong: 'refuse' }

const house = () => {
  const one = openHouse([outcomes, localLists, cachedTokens])
  return {
    ...one,
    issue: (n: number, status: 'Accepted' | 'Blocked' = 'Accepted') =>
      one.onToken(ref(n), {
        type: 'IdTokenIssued',
        data: { idToken: { ref: ref(n), type: 'ISO14443', sealed }, status },
      }),
    change: (n: number, status: 'Accepted' | 'Blocked', more: object = {}) =>
      one.onToken(ref(n), { type: 'IdTokenChanged', data: { status, ...more } }),
    desire: (policy: LocalListPolicy | null = all) => one.onDevice({ type: 'LocalListDesired', data: { policy } }),
    lists: () => one.asked.filter(({ type }) => type === 'SendLocalList'),
    cleared: () => one.asked.filter(({ type }) => type === 'ClearCache').length,
    care: async () => (await one.state()).listCare,
  }
}
const authorised = (n: number, spelling: object = {}): ChargerEvent =>
  ({
    type: 'AuthorizationDecided',
    data: { idToken: { ref: ref(n), type: 'ISO14443', sealed }, status: 'Accepted', reason: 'as issued', spelling },
  }) as never

describe('the local list of a charger', () => {
  it('is brought there after its boot, changes that come together are one update, and blocked ones leave at once', async () => {
    const { boot, wait, desire, issue, change, answers, lists, care } = house()
    await issue(1)
    await issue(2)
    await boot()
    await desire()
    await wait(1)
    expect(lists()).toMatchObject([{ listVersion: 1, updateType: 'Full' }])
    expect(await care()).toMatchObject({ assessed: { standing: 'InSync', version: 1, entries: 2 } })
    await Promise.all([issue(3), issue(4)])
    await wait(1)
    expect(lists()).toHaveLength(2)
    expect(answers.list.tokens.size).toBe(4)
    await change(1, 'Blocked')
    expect(answers.list.tokens.has(ref(1))).toBe(false)
    expect(lists().at(-1)).toMatchObject({ listVersion: 3, updateType: 'Differential' })
    // nothing more happens
    await wait(10)
    expect(lists()).toHaveLength(3)
  })

  it('loses a token when it expires', async () => {
    const { boot, wait, desire, issue, change, answers } = house()
    await issue(1)
    await change(1, 'Accepted', { expiresAt: '2026-01-31T12:05:00.000Z' })
    await boot()
    await desire()
    await wait(2)
    expect(answers.list.tokens.size).toBe(1)
    await wait(5)
    expect(answers.list.tokens.size).toBe(0)
  })

  it('goes in parts of what the charger takes at once', async () => {
    const { boot, wait, desire, issue, answers, lists } = house()
    answers.get = { LocalAuthListEnabled: 'true', SendLocalListMaxLength: '2' }
    for (let n = 1; n <= 5; n++) await issue(n)
    await boot()
    await desire()
    await wait(1)
    expect(lists()).toMatchObject([
      { listVersion: 1, updateType: 'Full' },
      { listVersion: 2, updateType: 'Differential' },
      { listVersion: 3, updateType: 'Differential' },
    ])
    expect(answers.list.tokens.size).toBe(5)
  })

  it('of which the charger shows another version after a boot is sent whole, above that version', async () => {
    const { boot, wait, desire, issue, answers, lists } = house()
    await issue(1)
    await boot()
    await desire()
    await wait(1)
    answers.list.version = 0
    answers.list.tokens.clear()
    await boot()
    await wait(1)
    expect(lists().at(-1)).toMatchObject({ listVersion: 2, updateType: 'Full' })
    expect(answers.list.tokens.size).toBe(1)
  })

  it('that the charger cannot take is tried again later and later; one without lists is left alone', async () => {
    const { boot, wait, desire, issue, answers, lists, care } = house()
    answers.list.answer = 'Failed'
    await issue(1)
    await boot()
    await desire()
    await wait(5)
    // at once, and after 1 minute; the next after 5 more
    expect(lists()).toHaveLength(2)
    answers.list.answer = 'NotSupported'
    await wait(5)
    expect(lists()).toHaveLength(3)
    expect(await care()).toMatchObject({ assessed: { standing: 'Unsupported' } })
    await wait(60)
    expect(lists()).toHaveLength(3)
    delete answers.list.answer
    await boot('2.0')
    await wait(2)
    expect(answers.list.tokens.size).toBe(1)
  })

  it('that is too long is not sent, and the limit is named', async () => {
    const { boot, wait, desire, issue, answers, lists, care } = house()
    answers.get = { LocalAuthListMaxLength: '1' }
    await issue(1)
    await issue(2)
    await boot()
    await desire()
    await wait(1)
    expect(lists()).toEqual([])
    expect((await care())?.assessed).toMatchObject({ standing: 'TooLong', leftOut: 2 })
    await desire({ ...all, tokens: [ref(2)], whenTooLong: 'shorten' })
    await wait(1)
    expect([...answers.list.tokens]).toEqual([ref(2)])
  })

  it('is that of the tenant where nothing was said for the charger, and is left alone where nobody said anything', async () => {
    const { boot, wait, issue, onTenant, answers, asked, desire } = house()
    await issue(1)
    await boot()
    await wait(2)
    expect(asked).toEqual([])
    await onTenant({ type: 'LocalListDefaultDesired', data: { policy: all } })
    await wait(1)
    expect(answers.list.tokens.size).toBe(1)
    await desire({ ...all, mode: 'none' })
    await wait(1)
    expect(answers.list.tokens.size).toBe(0)
    await desire(null)
    await wait(1)
    expect(answers.list.tokens.size).toBe(1)
  })

  it('follows the form in which the charger writes a token', async () => {
    const { boot, wait, desire, issue, told, lists } = house()
    await issue(1)
    await boot()
    await desire()
    await wait(1)
    await told(authorised(1))
    expect(lists()).toHaveLength(1)
    await told(authorised(1, { own: sealed }))
    await wait(1)
    expect(lists()).toHaveLength(2)
  })

  it('tells what differs also while the charger is away, and brings it there when it is back', async () => {
    const { boot, wait, desire, issue, told, answers, care } = house()
    await issue(1)
    await boot()
    await desire()
    await wait(1)
    await told({ type: 'ChargerDisconnected', data: { epoch: '0', edge: 'e', code: 1006, reason: '' } } as never)
    await issue(2)
    await wait(1)
    expect((await care())?.assessed).toMatchObject({ standing: 'Pending', added: 1, version: 2 })
    await boot()
    await wait(2)
    expect(answers.list.tokens.size).toBe(2)
  })
})

describe('the cache of a charger', () => {
  const asked = (commandId: string): ChargerEvent =>
    ({
      type: 'CommandRequested',
      data: { commandId, command: { type: 'ClearCache' }, deadline: '2026-01-31T12:00:30.000Z' },
    }) as never
  const withCache = async (shown: Record<string, string> = { AuthorizationCacheEnabled: 'true' }) => {
    const one = house()
    one.answers.get = shown
    await one.issue(1)
    await one.issue(2)
    await one.boot()
    return one
  }
  it('is cleared once a token that it may hold is blocked', async () => {
    const { told, change, wait, cleared } = await withCache()
    await told(authorised(1))
    await change(2, 'Blocked')
    await wait(1)
    expect(cleared()).toBe(0)
    await change(1, 'Blocked')
    await wait(1)
    expect(cleared()).toBe(1)
    // it holds nobody any more
    await change(1, 'Blocked', { label: { digest: 'd', sealed } })
    await wait(2)
    expect(cleared()).toBe(1)
  })
  it('is not there where the charger shows no such key, or shows it switched off', async () => {
    for (const shown of [{}, { AuthorizationCacheEnabled: 'false' }] as Record<string, string>[]) {
      const { told, change, wait, cleared } = await withCache(shown)
      await told(authorised(1))
      await change(1, 'Blocked')
      await wait(3)
      expect(cleared()).toBe(0)
    }
  })
  it('is cleared once a minute at most, however many are blocked', async () => {
    const { told, change, wait, cleared } = await withCache()
    await told(authorised(1))
    await change(1, 'Blocked')
    await wait(0.5)
    await told(authorised(2))
    await change(2, 'Blocked')
    await wait(0.5)
    expect(cleared()).toBe(1)
    await wait(1)
    expect(cleared()).toBe(2)
  })
  it('is cleared too where it was told of a token a moment after its block', async () => {
    const { told, change, wait, cleared } = await withCache()
    await change(1, 'Blocked')
    await told(authorised(1))
    await wait(1)
    expect(cleared()).toBe(1)
  })
  it('still holds who was accepted while it was being cleared', async () => {
    const { told, change, wait, cleared } = await withCache()
    await told(asked('op-1'))
    await told(authorised(2))
    const result = { outcome: 'result', status: 'Accepted', payload: {} } as const
    await told({ type: 'CommandSettled', data: { commandId: 'op-1', result, late: false, frames: {} } } as never)
    await change(2, 'Blocked')
    await wait(3)
    expect(cleared()).toBe(1)
  })
  it('that the charger could not clear is cleared when it is back', async () => {
    const { told, change, wait, boot, cleared } = await withCache()
    await told(authorised(1))
    const commandId = 'cache-0-0-clear'
    const result = { outcome: 'result', status: 'Rejected', payload: {} } as const
    await told(asked(commandId), {
      type: 'CommandSettled',
      data: { commandId, result, late: false, frames: {} },
    } as never)
    await change(1, 'Blocked')
    await wait(10)
    expect(cleared()).toBe(0)
    await boot()
    await wait(3)
    expect(cleared()).toBe(1)
  })
  it('of a charger that does not answer is cleared when it is back', async () => {
    const { told, change, wait, boot, cleared } = await withCache()
    await told(authorised(1))
    for (let i = 0; i < 6; i++) {
      const commandId = `cache-0-${i}-clear`
      await told(asked(commandId), { type: 'CommandOutcomeUnknown', data: { commandId, reason: 'timeout' } } as never)
    }
    await change(1, 'Blocked')
    await wait(120)
    expect(cleared()).toBe(0)
    await boot()
    await wait(180)
    expect(cleared()).toBe(1)
  })
})
