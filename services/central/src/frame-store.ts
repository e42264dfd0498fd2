import { createHash } from 'node:crypto'
import { frameChunkType, type Evidence, type FrameChunk } from '@voltrail/contracts/envelope'
import type { TenantId } from '@voltrail/contracts/ids'
import type { Sealed } from '@voltrail/contracts/personal'
import { frameStream } from '@voltrail/contracts/streams'
import { canonicalJson } from '@voltrail/domain/canonical-json'
import { eventIdOf } from '@voltrail/domain/hash-chain'
import type { AppendableEvent } from '@voltrail/event-store/event-log'
import type { EsdbLog } from '@voltrail/event-store/esdb-log'
import { Unavailable } from './unavailable.ts'

/** A frame of more than this stands in a stream of its own, in UTF-8 bytes. */
const largeBytes = 64 * 1024
/** characters of one part: at most four bytes each, and within the 512 KiB of an event */
const partLength = 100_000

/** Evidence as an event may hold it: small frames in the event, large ones first into a stream that their content names. */
export interface FrameStore {
  clear(tenant: TenantId, text: string): Promise<Evidence>
  sealed(tenant: TenantId, sealed: Sealed): Promise<Evidence>
}

export const createFrameStore = (log: Pick<EsdbLog, 'appendBytes'>): FrameStore => {
  /** The parts are durable when this returns. The same text is the same stream with the same bytes, however often it comes. */
  const store = async (
    tenant: TenantId,
    text: string,
    bytes: number,
  ): Promise<{ sha256: string; bytes: number; stream: string }> => {
    const sha256 = createHash('sha256').update(text).digest('hex')
    const stream = frameStream(tenant, sha256)
    const texts = split(text)
    const events = texts.map((one, part) => chunk(stream, { part, parts: texts.length, text: one }))
    for (const [part, event] of events.entries()) {
      const appended = await log.appendBytes(stream, [event], part - 1)
      if (appended.outcome === 'unavailable')
        throw new Unavailable(`a large frame could not be stored: ${appended.reason}`)
      // the id is made from the bytes, so equal parts are the same event; anything else there would be another text of this hash
      if (appended.outcome === 'conflict') throw new Error(`${stream} holds something else than its name says`)
    }
    return { sha256, bytes, stream }
  }
  return {
    async clear(tenant, text) {
      const bytes = Buffer.byteLength(text)
      return bytes <= largeBytes ? { text } : store(tenant, text, bytes)
    },
    async sealed(tenant, { owner, key, text }) {
      const bytes = Buffer.byteLength(text)
      return bytes <= largeBytes
        ? { sealed: { owner, key, text } }
        : { ...(await store(tenant, text, bytes)), sealed: { owner, key } }
    },
  }
}

/** Cuts between characters, never inside a surrogate pair. */
const split = (text: string): string[] => {
  const parts: string[] = []
  for (let from = 0; from < text.length;) {
    let to = Math.min(from + partLength, text.length)
    const last = text.charCodeAt(to - 1)
    if (to < text.length && last >= 0xd800 && last <= 0xdbff) to -= 1
    parts.push(text.slice(from, to))
    from = to
  }
  return parts
}

const chunk = (stream: string, data: FrameChunk): AppendableEvent => {
  const text = canonicalJson(data)
  const id = eventIdOf(createHash('sha256').update(`${stream}\n${data.part}\n${frameChunkType}\n${text}`).digest('hex'))
  return { id, type: frameChunkType, data: Buffer.from(text), metadata: Buffer.from('{}') }
}
