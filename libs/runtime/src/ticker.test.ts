import { sleep, startTicker } from './ticker.ts'

const fail = (error: unknown) => {
  throw error
}

describe('sleep', () => {
  it('is true after the whole time', async () => {
    expect(await sleep(5)).toBe(true)
  })

  it('is false at once when aborted before or while waiting', async () => {
    const stopping = new AbortController()
    const waiting = sleep(60_000, stopping.signal)
    stopping.abort()
    expect(await waiting).toBe(false)
    expect(await sleep(60_000, stopping.signal)).toBe(false)
  })
})

describe('the ticker', () => {
  it('ticks again and again, never two at a time, until stopped', async () => {
    let running = 0
    let most = 0
    let ticks = 0
    const third = new Promise<void>((resolve) => {
      const ticker = startTicker(
        async () => {
          most = Math.max(most, (running += 1))
          await sleep(3)
          running -= 1
          ticks += 1
          if (ticks === 3) resolve(Promise.resolve().then(() => void ticker.stop()))
        },
        { everyMs: 1, onError: fail },
      )
    })
    await third
    await sleep(20)
    expect({ most, ticks }).toEqual({ most: 1, ticks: 3 })
  })

  it('waits for the tick under way when stopped, and aborts its signal', async () => {
    let ended = false
    let begun: () => void = fail.bind(undefined, undefined)
    const beginning = new Promise<void>((resolve) => (begun = resolve))
    const ticker = startTicker(
      async (signal) => {
        begun()
        await sleep(60_000, signal)
        ended = true
      },
      { everyMs: 60_000, immediately: true, onError: fail },
    )
    await beginning
    await ticker.stop()
    expect(ended).toBe(true)
  })

  it('reports a failed tick and goes on', async () => {
    const errors: unknown[] = []
    const stopping = new AbortController()
    await new Promise<void>((resolve) => {
      let ticks = 0
      startTicker(
        () => {
          ticks += 1
          if (ticks === 1) throw new Error('first')
          resolve()
        },
        { everyMs: 1, signal: stopping.signal, onError: (error) => errors.push(error) },
      )
    })
    stopping.abort()
    expect(errors).toEqual([new Error('first')])
  })

  it('shortens its waits by the jitter', async () => {
    const draws: number[] = []
    await new Promise<void>((resolve) => {
      const ticker = startTicker(() => resolve(void ticker.stop()), {
        everyMs: 60_000,
        jitter: 1,
        random: () => (draws.push(1), 1),
        onError: fail,
      })
    })
    expect(draws.length).toBeGreaterThan(0)
  })
})
