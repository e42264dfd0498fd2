import { fillPrefix, PREFIX_BYTES } from './grpc-call.ts'
import { encodeReadEvent } from './read-event-codec.ts'
import type { RecordedEvent } from './record.ts'

const keptMessages = 512
/** A larger one is encoded for each reader, so that what is kept stays small. */
const maxKeptBytes = 16 * 1024

/**
 * Messages as they are sent, of the events that were asked for last: everyone who follows the end of the log is sent the same
 * bytes, encoded once. Nobody may write into them.
 */
export function messageCache(
  recordAt: (globalIndex: number) => RecordedEvent,
  positionAt: (globalIndex: number) => bigint,
): (globalIndex: number, structuredIds: boolean) => Buffer {
  const messages = new Map<number, Buffer>()

  return (globalIndex, structuredIds) => {
    const key = globalIndex * 2 + Number(structuredIds)
    const known = messages.get(key)
    if (known !== undefined) return known
    const encoded = encodeReadEvent(recordAt(globalIndex), positionAt(globalIndex), structuredIds, PREFIX_BYTES)
    const message = fillPrefix(encoded)
    if (message.length > maxKeptBytes) return message
    messages.set(key, message)
    const [oldest] = messages.keys()
    if (messages.size > keptMessages && oldest !== undefined) messages.delete(oldest)
    return message
  }
}
