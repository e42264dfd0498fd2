import type { EventMetadata } from '@voltrail/contracts/envelope'
import { isNewerThanBuild, upcast } from '@voltrail/contracts/events/registry'
import type { StoredEvent } from '@voltrail/domain/hash-chain'
import { EventUnreadable } from './event-log.ts'
import type { LogEvent, LogPosition } from './event-log.ts'

/** An event as the client hands it over. */
export interface ClientEvent {
  readonly streamId: string
  readonly id: string
  readonly revision: bigint
  readonly type: string
  readonly data: unknown
  readonly metadata: unknown
  readonly position?: LogPosition | undefined
}

/** The stored form, not upcast: what `verifyChain` takes. */
export const storedEvent = (event: ClientEvent): StoredEvent => ({
  id: event.id,
  stream: event.streamId,
  revision: Number(event.revision),
  type: event.type,
  data: event.data,
  metadata: event.metadata,
})

const sha256 = /^[0-9a-f]{64}$/

/**
 * One of our events, upcast to its current version. Metadata is checked for what decisions rest on (version, hashes) and not in
 * full: it was when it was appended, and this is the hot path.
 * @throws {EventUnreadable}
 */
export function decodeEvent(event: ClientEvent, position: LogPosition | undefined = event.position): LogEvent {
  const revision = Number(event.revision)
  const metadata = event.metadata as EventMetadata | undefined
  const unreadable = (problem: string, cause?: unknown, newer = false) =>
    new EventUnreadable(event.streamId, revision, problem, { cause, newer })
  if (
    typeof metadata !== 'object' ||
    metadata === null ||
    !Number.isSafeInteger(metadata.version) ||
    !sha256.test(metadata.hash) ||
    !sha256.test(metadata.prevHash)
  ) {
    throw unreadable(`a ${event.type} without the metadata of our events (version, prevHash, hash)`)
  }
  if (typeof event.data !== 'object' || event.data === null || event.data instanceof Uint8Array) {
    throw unreadable(`the data of a ${event.type} is not a JSON object`)
  }
  try {
    const { type, data } = upcast(event.type, metadata.version, event.data)
    return {
      type,
      data,
      revision,
      metadata,
      id: event.id,
      stream: event.streamId,
      ...(position && { position }),
    } as LogEvent
  } catch (cause) {
    throw unreadable((cause as Error).message, cause, isNewerThanBuild(event.type, metadata.version))
  }
}
