import type { LogEvent } from '@voltrail/event-store/event-log'
import { inOrder } from './session-history.ts'

const event = (stream: string, revision: number, clock: string, commit?: bigint) =>
  ({
    stream,
    revision,
    metadata: { decision: { clock } },
    ...(commit !== undefined && { position: { commit, prepare: commit } }),
  }) as unknown as LogEvent
const names = (events: readonly LogEvent[]) => events.map(({ stream, revision }) => `${stream}${revision}`)

describe('events of several streams', () => {
  it('stand in the order of the log', () => {
    const a = [event('a', 0, '3', 1n), event('a', 1, '1', 4n)]
    const b = [event('b', 0, '2', 2n), event('b', 1, '0', 3n)]
    expect(names(inOrder([a, b]))).toEqual(['a0', 'b0', 'b1', 'a1'])
  })
  it('stand in the order of decision times where positions are not known, and never against their revisions', () => {
    const a = [event('a', 0, '2'), event('a', 1, '1')]
    const b = [event('b', 0, '1'), event('b', 1, '3')]
    expect(names(inOrder([a, b]))).toEqual(['b0', 'a0', 'a1', 'b1'])
  })
  it('may be none', () => {
    expect(inOrder([[], []])).toEqual([])
  })
})
