import { appendQueue } from './append-queue.ts'
import { FRAME_HEADER_BYTES, readFrame } from './frame.ts'
import type { LogStorage } from './segment-files.ts'

/** Storage that finishes a write when told to, and checks that only one is in flight. */
function manualStorage() {
  const writes: { frames: readonly Buffer[]; offset: number; finish(error?: Error): void }[] = []
  let inFlight = 0
  const storage: LogStorage = {
    write(frames, offset) {
      expect(++inFlight).toBe(1)
      return new Promise((done, failed) => {
        writes.push({
          frames,
          offset,
          finish(error) {
            inFlight--
            if (error) failed(error)
            else done()
          },
        })
      })
    },
    read: () => Buffer.alloc(0),
    close: () => undefined,
  }
  return { storage, writes }
}

const frame = (): Buffer => Buffer.alloc(FRAME_HEADER_BYTES + 10)
const turn = (): Promise<void> => new Promise((done) => setImmediate(done))

describe('append queue', () => {
  it('keeps one write in flight; what arrives meanwhile goes together with the next, acknowledged in order after it', async () => {
    const { storage, writes } = manualStorage()
    const queue = appendQueue(storage, 100, (error) => {
      throw error
    })
    const acked: string[] = []
    queue.push(frame(), () => acked.push('a'))
    queue.push(frame(), () => acked.push('b'))
    await turn()
    for (const name of ['c', 'd', 'e']) queue.push(frame(), () => acked.push(name))
    await turn()
    expect(writes.map(({ frames, offset }) => [frames.length, offset])).toEqual([[2, 100]])
    expect(acked).toEqual([])
    writes[0]!.finish()
    await turn()
    expect(acked).toEqual(['a', 'b'])
    expect(writes.map(({ frames, offset }) => [frames.length, offset])).toEqual([
      [2, 100],
      [3, 100 + 2 * frame().length],
    ])
    // each frame says how far the log was durable when it was written
    expect(readFrame(writes[1]!.frames[0]!, 0, writes[1]!.offset)?.durable).toBe(writes[1]!.offset)
    const drained = queue.drained()
    writes[1]!.finish()
    await drained
    expect(acked).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(queue.pendingBytes).toBe(0)
  })

  it('starts again for an append that is pushed by the acknowledgement of the last one', async () => {
    const { storage, writes } = manualStorage()
    const queue = appendQueue(storage, 0, (error) => {
      throw error
    })
    let acked = false
    void new Promise<void>((done) => queue.push(frame(), done)).then(() => queue.push(frame(), () => (acked = true)))
    await turn()
    writes[0]!.finish()
    for (let n = 0; n < 3; n++) await turn()
    expect(writes).toHaveLength(2)
    writes[1]!.finish()
    await turn()
    expect(acked).toBe(true)
  })

  it('a failed write acknowledges nothing, is reported once and never tried again', async () => {
    const { storage, writes } = manualStorage()
    const fatal: Error[] = []
    const queue = appendQueue(storage, 0, (error) => fatal.push(error))
    let acked = false
    queue.push(frame(), () => (acked = true))
    await turn()
    writes[0]!.finish(new Error('EIO'))
    await turn()
    queue.push(frame(), () => (acked = true))
    await turn()
    expect(fatal.map(({ message }) => message)).toEqual(['EIO'])
    expect(writes).toHaveLength(1)
    expect(acked).toBe(false)
  })
})
