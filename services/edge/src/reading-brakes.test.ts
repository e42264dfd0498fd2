import { createReadingBrakes } from './reading-brakes.ts'

const setUp = () => {
  const log: string[] = []
  const socket = { pause: () => log.push('pause'), resume: () => log.push('resume') }
  return { log, brakes: createReadingBrakes(socket, { framesPerSecond: 10, framesBurst: 1, unusableFrameCost: 5 }, 0) }
}

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

describe('the brakes on reading', () => {
  it('rest the socket until the debt of a burst is paid', () => {
    const { log, brakes } = setUp()
    brakes.frame(0)
    expect(log).toEqual([])
    brakes.frame(0)
    brakes.frame(0)
    expect(brakes.braking).toBe(true)
    jest.advanceTimersByTime(199)
    expect(log).not.toContain('resume')
    jest.advanceTimersByTime(1)
    expect(log.at(-1)).toBe('resume')
  })

  it('rest it five times as long for a frame from which nothing could be taken', () => {
    const { log, brakes } = setUp()
    brakes.frame(0)
    brakes.unusable(0)
    jest.advanceTimersByTime(399)
    expect(log).not.toContain('resume')
    jest.advanceTimersByTime(1)
    expect(log.at(-1)).toBe('resume')
  })

  it('hold while the queue is full, whatever the rate allows', () => {
    const { log, brakes } = setUp()
    brakes.queueFull(true)
    brakes.frame(0)
    brakes.frame(0)
    jest.advanceTimersByTime(1_000)
    expect(log).not.toContain('resume')
    brakes.queueFull(false)
    expect(log.at(-1)).toBe('resume')
  })

  it('let go for good', () => {
    const { log, brakes } = setUp()
    brakes.queueFull(true)
    brakes.release()
    brakes.queueFull(true)
    brakes.frame(0)
    expect(log).toEqual(['pause', 'resume'])
    expect(brakes.braking).toBe(false)
  })
})
