/** What `$$stream` says about how much of a stream may be read. Revisions as numbers: an EventStoreDB stream stays far below 2^53 events. */
export interface StreamMetadata {
  readonly maxCount?: number
  readonly maxAgeMs?: number
  /** Revisions below this are not readable. */
  readonly truncateBefore?: number
  /** `$tb` at its maximum: reads say not found, appending starts it again behind its last revision. */
  readonly softDeleted: boolean
}

export const NO_METADATA: StreamMetadata = { softDeleted: false }

/** `$tb` of a soft-deleted stream, as EventStoreDB writes it. */
export const SOFT_DELETE_JSON = '{"$tb":9223372036854775807}'

/** Reads the body of a `$metadata` event. Bytes that are no JSON object set nothing, as on the real server. */
export function parseStreamMetadata(data: Uint8Array): StreamMetadata {
  const body = parseObject(data)
  const maxCount = positive(body['$maxCount'])
  const maxAge = positive(body['$maxAge'])
  const truncateBefore = positive(body['$tb'])
  // 9223372036854775807 is not exact as a double; nothing near it can be a real revision
  const softDeleted = truncateBefore !== undefined && truncateBefore > Number.MAX_SAFE_INTEGER
  return {
    softDeleted,
    ...(maxCount === undefined ? {} : { maxCount }),
    ...(maxAge === undefined ? {} : { maxAgeMs: maxAge * 1000 }),
    ...(truncateBefore === undefined || softDeleted ? {} : { truncateBefore }),
  }
}

/** The metadata body with `$tb` replaced: what an append to a soft-deleted stream writes so that numbering goes on. */
export function metadataStartingAt(data: Uint8Array, truncateBefore: number): Buffer {
  return Buffer.from(JSON.stringify({ ...parseObject(data), $tb: truncateBefore }))
}

/** First readable revision of a stream whose last revision is `last`. */
export function firstReadableRevision(metadata: StreamMetadata, last: number): number {
  const byCount = metadata.maxCount === undefined ? 0 : last - metadata.maxCount + 1
  return Math.max(0, byCount, metadata.truncateBefore ?? 0)
}

function parseObject(data: Uint8Array): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(Buffer.from(data).toString('utf8'))
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined
}
