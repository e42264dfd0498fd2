import { checkExpectedRevision } from './expected-revision.ts'
import type { ExpectedRevision, StreamForCheck } from './expected-revision.ts'

const id = (n: number): Buffer => Buffer.alloc(16, n)

function stream(ids: readonly number[], state: Partial<StreamForCheck> = {}): StreamForCheck {
  return {
    lastRevision: ids.length - 1,
    tombstoned: false,
    softDeleted: false,
    hasMetadata: false,
    idAt: (revision) => (ids[revision] === undefined ? undefined : id(ids[revision])),
    recentRevisionOf: (wanted) => {
      const at = ids.findIndex((each) => id(each).equals(wanted))
      return at === -1 ? undefined : at
    },
    ...state,
  }
}

const check = (target: StreamForCheck, expected: ExpectedRevision, ...ids: number[]) =>
  checkExpectedRevision(target, expected, ids.map(id))

describe('expected revision', () => {
  it('no_stream creates a stream once', () => {
    expect(check(stream([]), 'no_stream', 1)).toEqual({ kind: 'append', undelete: false })
    expect(check(stream([1]), 'no_stream', 2)).toEqual({ kind: 'wrong_expected_version' })
  })
  it('an exact revision must be the last one', () => {
    expect(check(stream([1, 2]), 1n, 3).kind).toBe('append')
    expect(check(stream([1, 2]), 0n, 3).kind).toBe('wrong_expected_version')
    expect(check(stream([1, 2]), 2n, 3).kind).toBe('wrong_expected_version')
    expect(check(stream([]), 0n, 3).kind).toBe('wrong_expected_version')
  })
  it('a repeat with the exact revision or no_stream is found by the ids at the expected slots', () => {
    expect(check(stream([1, 2, 3]), 0n, 2, 3)).toEqual({ kind: 'repeat', last: 2 })
    expect(check(stream([1, 2, 3]), 'no_stream', 1, 2)).toEqual({ kind: 'repeat', last: 1 })
  })
  it('a batch of which only a prefix is there is refused', () => {
    expect(check(stream([1, 2]), 'no_stream', 1, 2, 3).kind).toBe('wrong_expected_version')
    expect(check(stream([1, 2, 3]), 0n, 2, 9).kind).toBe('wrong_expected_version')
    expect(check(stream([1, 2]), 'any', 1, 9).kind).toBe('wrong_expected_version')
  })
  it('a repeat with any is found among recent events of the same stream', () => {
    expect(check(stream([1, 2]), 'any', 2)).toEqual({ kind: 'repeat', last: 1 })
    expect(check(stream([1, 2], { recentRevisionOf: () => undefined }), 'any', 2).kind).toBe('append')
  })
  it('stream_exists wants events or metadata', () => {
    expect(check(stream([]), 'stream_exists', 1).kind).toBe('wrong_expected_version')
    expect(check(stream([], { hasMetadata: true }), 'stream_exists', 1).kind).toBe('append')
    expect(check(stream([1]), 'stream_exists', 2).kind).toBe('append')
  })
  it('a soft-deleted stream starts again with no_stream, any or its last revision, and is gone for stream_exists', () => {
    const deleted = stream([1, 2], { softDeleted: true, hasMetadata: true })
    for (const expected of ['no_stream', 'any', 1n] as const)
      expect(check(deleted, expected, 3)).toEqual({ kind: 'append', undelete: true })
    expect(check(deleted, 'stream_exists', 3).kind).toBe('stream_deleted')
    expect(check(deleted, 0n, 3).kind).toBe('wrong_expected_version')
  })
  it('a tombstoned stream takes nothing, not even a repeat', () => {
    for (const expected of ['no_stream', 'any', 'stream_exists', 0n] as const) {
      expect(check(stream([1], { tombstoned: true }), expected, 1).kind).toBe('stream_deleted')
    }
  })
})
