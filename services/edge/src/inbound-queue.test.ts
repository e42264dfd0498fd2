import { createInboundQueue } from './inbound-queue.ts'

const setUp = (high = 4) => {
  const log: string[] = []
  const open: (() => void)[] = []
  const queue = createInboundQueue<number>({
    high,
    handle: async (item) => {
      log.push(`begin ${item}`)
      await new Promise<void>((resolve) => open.push(resolve))
      log.push(`end ${item}`)
      if (item === 13) throw new Error('bad luck')
    },
    onPressure: (pressed) => log.push(pressed ? 'silence' : 'go on'),
    onError: (error) => log.push(String(error)),
  })
  const finish = async (): Promise<void> => {
    open.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { queue, log, finish }
}

describe('the inbound queue', () => {
  it('handles one item at a time, in order', async () => {
    const { queue, log, finish } = setUp()
    queue.push(1)
    queue.push(2)
    expect(log).toEqual(['begin 1'])
    await finish()
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2'])
    await finish()
    await queue.idle()
    expect(queue.busy).toBe(false)
  })

  it('asks for silence when it is full and lets go when it is half empty', async () => {
    const { queue, log, finish } = setUp(4)
    for (let i = 0; i < 6; i++) queue.push(i)
    expect(log).toEqual(['begin 0', 'silence'])
    for (let i = 0; i < 3; i++) await finish()
    expect(log.filter((line) => line === 'go on')).toHaveLength(1)
    expect(queue.length).toBe(2)
  })

  it('goes on after an item that fails', async () => {
    const { queue, log, finish } = setUp()
    queue.push(13)
    queue.push(2)
    await finish()
    expect(log).toEqual(['begin 13', 'end 13', 'Error: bad luck', 'begin 2'])
    await finish()
  })

  it('forgets what waits when cleared, and lets go', async () => {
    const { queue, log, finish } = setUp(2)
    for (let i = 0; i < 4; i++) queue.push(i)
    queue.clear()
    await finish()
    await queue.idle()
    expect(log).toEqual(['begin 0', 'silence', 'go on', 'end 0'])
  })
})
