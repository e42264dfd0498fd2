import { PREFIX_BYTES } from './grpc-call.ts'
import { messageCache } from './message-cache.ts'
import { encodeReadEvent } from './read-event-codec.ts'
import type { RecordedEvent } from './record.ts'

const recorded = (index: number, bytes = 10): RecordedEvent => ({
  stream: `stream-${index}`,
  type: 'Happened',
  revision: BigInt(index),
  id: Buffer.alloc(16, index % 256),
  created: 1_700_000_000_000,
  json: true,
  data: Buffer.alloc(bytes, 'x'),
  metadata: Buffer.from('{}'),
})

const cacheThatCounts = (bytes?: number) => {
  const encoded: number[] = []
  const messageAt = messageCache(
    (index) => {
      encoded.push(index)
      return recorded(index, bytes)
    },
    (index) => BigInt(index),
  )
  return { encoded, messageAt }
}

describe('messages of recent events', () => {
  it('are encoded once for all who follow the log, and apart for each form of id', () => {
    const { encoded, messageAt } = cacheThatCounts()
    for (const structured of [true, false, true, false]) {
      const body = messageAt(7, structured).subarray(PREFIX_BYTES)
      expect(body.equals(encodeReadEvent(recorded(7), 7n, structured, 0))).toBe(true)
    }
    expect(encoded).toEqual([7, 7])
  })

  it('are forgotten, the oldest first, and made anew when somebody asks again', () => {
    const { encoded, messageAt } = cacheThatCounts()
    for (let index = 0; index < 600; index++) messageAt(index, true)
    messageAt(599, true)
    expect(encoded).toHaveLength(600)
    messageAt(0, true)
    expect(encoded).toHaveLength(601)
  })

  it('are not kept when they are large', () => {
    const { encoded, messageAt } = cacheThatCounts(20_000)
    messageAt(1, true)
    messageAt(1, true)
    expect(encoded).toEqual([1, 1])
  })
})
