import { createHash } from 'node:crypto'
import { z } from 'zod'
import { DecimalString } from '@voltrail/contracts/ids'
import { canonicalJson } from '@voltrail/domain/canonical-json'
import { eventIdOf } from '@voltrail/domain/hash-chain'
import type { EsdbLog } from './esdb-log.ts'
import { EventUnreadable } from './event-log.ts'
import type { AppendableEvent, AppendOutcome, LogPosition } from './event-log.ts'

/** How far a process manager has come, in a stream of one event. Not a domain event: no envelope, no chain. */
export interface Checkpoint {
  readonly position: LogPosition
  /** to be given to the next write; -1 when there is none */
  readonly revision: number
}

const Stored = z.object({ commit: DecimalString, prepare: DecimalString })
const type = 'Checkpoint'

/**
 * The last checkpoint of a stream such as `checkpoint-billing`; `undefined` when there is none.
 * @throws {LogUnavailable | EventUnreadable}
 */
export async function readCheckpoint(log: Pick<EsdbLog, 'readLast'>, stream: string): Promise<Checkpoint | undefined> {
  const last = await log.readLast(stream)
  if (last === undefined) return undefined
  const stored = Stored.safeParse(last.data)
  if (last.type !== type || !stored.success)
    throw new EventUnreadable(stream, last.revision, `it is no checkpoint but a ${last.type}`)
  const { commit, prepare } = stored.data
  return { position: { commit: BigInt(commit), prepare: BigInt(prepare) }, revision: last.revision }
}

/**
 * Writes the next checkpoint. A conflict says that another instance writes too: step down. With the first one the stream is told
 * to keep one event only.
 * @param expected the revision that was read or written last, -1 for the first
 */
export async function writeCheckpoint(
  log: Pick<EsdbLog, 'appendBytes'>,
  stream: string,
  position: LogPosition,
  expected: number,
): Promise<AppendOutcome> {
  if (expected < 0) {
    const kept = await log.appendBytes(
      `$$${stream}`,
      [bytesEvent(`$$${stream}`, -1, '$metadata', { $maxCount: 1 })],
      -1,
    )
    if (kept.outcome === 'unavailable') return kept
  }
  const data = { commit: String(position.commit), prepare: String(position.prepare) }
  return log.appendBytes(stream, [bytesEvent(stream, expected, type, data)], expected)
}

/** The id is made from the bytes and their place, so that a retry is the same write and anything else is not. */
function bytesEvent(stream: string, expected: number, eventType: string, data: unknown): AppendableEvent {
  const text = canonicalJson(data)
  const id = eventIdOf(
    createHash('sha256')
      .update(`${stream}\n${expected + 1}\n${eventType}\n${text}`)
      .digest('hex'),
  )
  return { id, type: eventType, data: new TextEncoder().encode(text), metadata: new TextEncoder().encode('{}') }
}
