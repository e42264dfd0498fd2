import type { LogEvent } from '@voltrail/event-store/event-log'
import { createDuties } from './duties.ts'
import type { Duty } from './duty.ts'

const event = { type: 'ChargerConnected' } as LogEvent

/** A duty of as many keys, each of whose looks takes what `takes` says. */
const duty = (name: string, keys: readonly string[], takes: (key: string) => Promise<unknown>): Duty => ({
  name,
  hear: () => keys,
  async look(key) {
    await takes(key)
    return undefined
  },
})

describe('the duties of upkeep', () => {
  it('go on while looks of others wait for chargers that do not answer', async () => {
    const done: string[] = []
    const silent = Array.from({ length: 40 }, (_, n) => `silent-${n}`)
    let answer!: () => void
    const answers = new Promise<void>((resolve) => (answer = resolve))
    const duties = createDuties({
      duties: [duty('asks', silent, () => answers), duty('revokes', ['trust'], async (key) => done.push(key))],
      now: () => performance.now(),
    })
    duties.hear(event)
    await duties.run()
    expect(done).toEqual(['trust'])
    answer()
  })

  it('look at a key once at a time', async () => {
    let now = 0
    let looking = 0
    let most = 0
    let answer!: () => void
    const answers = new Promise<void>((resolve) => (answer = resolve))
    const slow = duty('asks', ['one'], async () => {
      looking += 1
      most = Math.max(most, looking)
      await answers
      looking -= 1
    })
    const duties = createDuties({ duties: [slow], now: () => now })
    for (let turn = 0; turn < 3; turn++) {
      duties.hear(event)
      now += 1_000
      await duties.run()
    }
    expect(most).toBe(1)
    // what was heard meanwhile is looked at afterwards
    answer()
    now += 1_000
    await new Promise((resolve) => setImmediate(resolve))
    await duties.run()
    expect([looking, most]).toEqual([0, 1])
  })
})
