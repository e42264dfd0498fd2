import { createRepeats } from './repeats.ts'

const minute = 60_000

/** What was told, as `<key> <times>`. */
const heard = (options?: Parameters<typeof createRepeats>[0]) => {
  const lines: string[] = []
  const repeats = createRepeats(options)
  return {
    lines,
    say: (key: string, now: number) => repeats.say(key, (times) => lines.push(`${key} ${times}`), now),
    sweep: (now: number) => repeats.sweep(now),
  }
}

describe('what is told again and again', () => {
  it('is told the first time at once, and then once a minute with how often it came', () => {
    const { lines, say } = heard()
    for (let i = 0; i < 1_000; i += 1) say('a', i)
    say('b', 500)
    expect(lines).toEqual(['a 1', 'b 1'])
    say('a', minute + 1_000)
    expect(lines).toEqual(['a 1', 'b 1', 'a 1000'])
  })

  it('is told at its end too, and no more than that', () => {
    const { lines, say, sweep } = heard()
    for (let i = 0; i < 5; i += 1) say('a', i)
    say('once', 6)
    sweep(minute - 1)
    expect(lines).toEqual(['a 1', 'once 1'])
    for (let i = 1; i < 4; i += 1) sweep(i * minute + 10)
    expect(lines).toEqual(['a 1', 'once 1', 'a 4'])
    say('a', 5 * minute)
    expect(lines.at(-1)).toBe('a 1')
  })

  it('takes no more room for many things; those that are forgotten are told first', () => {
    const { lines, say } = heard({ most: 2 })
    for (const key of ['a', 'a', 'a', 'b', 'c', 'd']) say(key, 0)
    expect(lines).toEqual(['a 1', 'b 1', 'a 2', 'c 1', 'd 1'])
  })
})
