import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'

/** Every event names the hash of the one before it in its stream, so that no event can be altered, removed or put between unseen. */

/** What stands before the first event of a stream. */
export const genesisHash = '0'.repeat(64)

/**
 * SHA-256 (64 hex characters) over the parts of an event, one per line. Canonical JSON holds no raw line break and stream names and
 * types have none, so no two events share a text. Fields that the store adds (its position, its clock) are outside.
 */
export const chainHash = (event: {
  readonly stream: string
  readonly revision: number
  readonly prevHash: string
  readonly type: string
  /** canonical text */
  readonly data: string
  /** canonical text of the metadata without `hash` */
  readonly metadata: string
}): string =>
  createHash('sha256')
    .update(`${event.stream}\n${event.revision}\n${event.prevHash}\n${event.type}\n${event.data}\n${event.metadata}`)
    .digest('hex')

/** The id of an event: the first 128 bits of its hash as a UUIDv8 (RFC 9562 §5.8), so that equal ids mean equal bytes. */
export const eventIdOf = (hash: string): string => {
  const variant = ((Number.parseInt(hash.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}

/** The stored text of the metadata: `hash` first, then the canonical rest. */
export const metadataText = (hash: string, metadata: string): string =>
  metadata === '{}' ? `{"hash":"${hash}"}` : `{"hash":"${hash}",${metadata.slice(1)}`

/** An event as the store gave it. Data and metadata are the stored bytes, or what JSON made of them. */
export interface StoredEvent {
  readonly id: string
  readonly stream: string
  readonly revision: number
  readonly type: string
  readonly data: unknown
  readonly metadata: unknown
}

export type ChainVerdict =
  | { readonly ok: true; /** hash of the last event */ readonly head: string; readonly revision: number }
  | { readonly ok: false; readonly revision: number; readonly problem: string }

/**
 * Checks one stream from an event on: hashes made again, each linked to the one before, revisions dense, ids made of the hashes.
 * Given bytes, every byte counts; given parsed JSON, every value does (another spelling of the same value is not seen).
 * @param from where the events begin; the start of the stream unless told
 */
export function verifyChain(
  events: Iterable<StoredEvent>,
  from: { readonly revision: number; readonly hash: string } = { revision: -1, hash: genesisHash },
): ChainVerdict {
  let { revision, hash } = from
  let stream: string | undefined
  for (const event of events) {
    const expected = revision + 1
    if (event.revision !== expected) {
      return {
        ok: false,
        revision: expected,
        problem: `revision ${expected} is missing: ${event.revision} follows ${revision}`,
      }
    }
    const problem =
      stream !== undefined && event.stream !== stream
        ? `it belongs to another stream, ${event.stream}`
        : eventProblem(event, hash)
    if (problem !== undefined) return { ok: false, revision: expected, problem }
    stream = event.stream
    revision = expected
    hash = (parsed(event.metadata) as { hash: string }).hash
  }
  return { ok: true, head: hash, revision }
}

function eventProblem(event: StoredEvent, prevHash: string): string | undefined {
  let data: string
  let metadata: string
  let claimed: unknown
  try {
    const { hash, ...rest } = parsed(event.metadata) as Record<string, unknown>
    claimed = hash
    if (rest.prevHash !== prevHash)
      return `its prevHash ${String(rest.prevHash)} is not the hash of the event before it, ${prevHash}`
    data = canonicalJson(parsed(event.data))
    metadata = canonicalJson(rest)
  } catch (error) {
    return `it cannot be read as canonical JSON: ${(error as Error).message}`
  }
  const hash = chainHash({ stream: event.stream, revision: event.revision, prevHash, type: event.type, data, metadata })
  if (claimed !== hash) return `its content gives the hash ${hash}, but it says ${String(claimed)}`
  if (event.id !== eventIdOf(hash)) return `its id ${event.id} is not the one of its hash, ${eventIdOf(hash)}`
  if (isBytes(event.data) && !sameText(event.data, data)) return 'its data is not in canonical form'
  if (isBytes(event.metadata) && !sameText(event.metadata, metadataText(hash, metadata)))
    return 'its metadata is not in canonical form'
  return undefined
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array
const parsed = (value: unknown): unknown => (isBytes(value) ? JSON.parse(Buffer.from(value).toString('utf8')) : value)
const sameText = (bytes: Uint8Array, text: string): boolean => Buffer.from(text).equals(bytes)
