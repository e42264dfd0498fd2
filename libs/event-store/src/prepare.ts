import { EventMetadata } from '@voltrail/contracts/envelope'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import { currentVersion, eventSchemas, isEventType } from '@voltrail/contracts/events/registry'
import type { DomainEvent } from '@voltrail/contracts/events/registry'
import { canonicalJson } from '@voltrail/domain/canonical-json'
import { chainHash, eventIdOf, metadataText } from '@voltrail/domain/hash-chain'
import type { PreparedEvent } from './event-log.ts'

/** Data and metadata of one event together. */
export const maxEventBytes = 512 * 1024

/** An event over 512 KiB: its content has to be kept as a stream of its own, or by hash. */
export class EventTooLarge extends Error {
  readonly stream: string
  readonly type: string
  readonly bytes: number

  constructor(stream: string, type: string, bytes: number) {
    super(
      `a ${type} for ${stream} has ${bytes} bytes, more than the ${maxEventBytes} of one event: keep its frame by content hash`,
    )
    this.name = 'EventTooLarge'
    this.stream = stream
    this.type = type
    this.bytes = bytes
  }
}

/** An event or metadata that breaks its contract: a defect of the decider that made it, not bad input. */
export class EventInvalid extends Error {
  constructor(stream: string, type: string, problem: string, options?: { cause?: unknown }) {
    super(`a ${type} for ${stream} breaks its contract: ${problem}`, options)
    this.name = 'EventInvalid'
  }
}

/**
 * Makes the bytes of a batch, once: checks each event, canonicalises, links the hashes. Data keeps only what the schema of its
 * type knows. The frame is evidence of the batch and stands on its first event alone.
 * @param after the last event of the stream as it was read: revision -1 and the genesis hash when there is none
 * @throws {EventInvalid} when data or metadata do not fit their schema
 * @throws {EventTooLarge} over 512 KiB
 */
export function prepareEvents(
  stream: string,
  events: readonly DomainEvent[],
  meta: MetadataInput,
  after: { readonly revision: number; readonly hash: string },
): PreparedEvent[] {
  let { revision, hash: prevHash } = after
  const { frame, ...rest } = meta
  return events.map((event, index) => {
    revision += 1
    const { type } = event
    if (!isEventType(type)) throw new EventInvalid(stream, type, 'there is no such event type')
    const data = checked(eventSchemas[type], event.data, stream, type, 'data') as DomainEvent['data']
    // zod asks for a hash before there is one: prevHash stands in for it
    const input = {
      ...rest,
      ...(index === 0 && frame !== undefined && { frame }),
      version: currentVersion(type),
      prevHash,
      hash: prevHash,
    }
    const { hash: _, ...metadata } = checked(EventMetadata, input, stream, type, 'metadata') as EventMetadata

    const dataText = canonical(data, stream, type, 'data')
    const restText = canonical(metadata, stream, type, 'metadata')
    const hash = chainHash({ stream, revision, prevHash, type, data: dataText, metadata: restText })
    const prepared: PreparedEvent = {
      id: eventIdOf(hash),
      type,
      data: utf8(dataText),
      metadata: utf8(metadataText(hash, restText)),
      recorded: { type, data, revision, metadata: { ...metadata, hash } } as PreparedEvent['recorded'],
    }
    const bytes = prepared.data.length + prepared.metadata.length
    if (bytes > maxEventBytes) throw new EventTooLarge(stream, type, bytes)
    prevHash = hash
    return prepared
  })
}

interface Schema {
  safeParse(value: unknown): { success: true; data: unknown } | { success: false; error: Error }
}

function checked(schema: Schema, value: unknown, stream: string, type: string, what: string): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new EventInvalid(stream, type, `${what}: ${result.error.message}`, { cause: result.error })
}

function canonical(value: unknown, stream: string, type: string, what: string): string {
  try {
    return canonicalJson(value)
  } catch (cause) {
    throw new EventInvalid(stream, type, `${what}: ${(cause as Error).message}`, { cause })
  }
}

/** The client tells bytes by their exact constructor: a Buffer would be taken for an object. */
function utf8(text: string): Uint8Array {
  const buffer = Buffer.from(text, 'utf8')
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}
