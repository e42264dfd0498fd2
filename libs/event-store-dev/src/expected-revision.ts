/** What an append expects of its stream. */
export type ExpectedRevision = 'any' | 'no_stream' | 'stream_exists' | bigint

/** The staged state of a stream that an append is checked against. */
export interface StreamForCheck {
  /** -1 when the stream holds no event. */
  readonly lastRevision: number
  readonly tombstoned: boolean
  readonly softDeleted: boolean
  readonly hasMetadata: boolean
  /** Id of the event at a revision, or undefined where there is none. */
  idAt(revision: number): Buffer | undefined
  /** Revision of a recently appended event of this stream, by id: the bounded memory behind `any` and `stream_exists`. */
  recentRevisionOf(id: Buffer): number | undefined
}

export type RevisionVerdict =
  | { readonly kind: 'append'; readonly undelete: boolean }
  /** All events are there already; `last` is the revision of the last of them. */
  | { readonly kind: 'repeat'; readonly last: number }
  | { readonly kind: 'wrong_expected_version' }
  | { readonly kind: 'stream_deleted' }

/**
 * Decides an append as EventStoreDB does: revision first, then event ids. With an exact revision or `no_stream` ids are compared at the
 * expected slots; a batch of which only a prefix is there already is refused.
 */
export function checkExpectedRevision(
  stream: StreamForCheck,
  expected: ExpectedRevision,
  ids: readonly Buffer[],
): RevisionVerdict {
  if (stream.tombstoned) return { kind: 'stream_deleted' }
  const last = stream.lastRevision
  const append: RevisionVerdict = { kind: 'append', undelete: stream.softDeleted }
  const wrong: RevisionVerdict = { kind: 'wrong_expected_version' }

  if (expected === 'stream_exists') {
    if (stream.softDeleted) return { kind: 'stream_deleted' }
    if (last < 0 && !stream.hasMetadata) return wrong
  }
  if (expected === 'any' || expected === 'stream_exists') {
    let repeated = -1
    for (const [index, id] of ids.entries()) {
      const revision = stream.recentRevisionOf(id)
      if (revision === undefined) return index === 0 ? append : wrong
      repeated = revision
    }
    return ids.length === 0 ? append : { kind: 'repeat', last: repeated }
  }

  const wanted = expected === 'no_stream' ? -1n : expected
  if (wanted > BigInt(last)) return wrong
  const base = Number(wanted)
  if (base === last) return append
  const restart = expected === 'no_stream' && stream.softDeleted
  for (const [index, id] of ids.entries()) {
    const stored = stream.idAt(base + 1 + index)
    if (stored !== undefined && stored.equals(id)) continue
    return index === 0 && restart ? append : wrong
  }
  if (ids.length === 0) return restart ? append : wrong
  return { kind: 'repeat', last: base + ids.length }
}
