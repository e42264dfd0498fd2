import type { AppendOutcome, EventLog } from './event-log.ts'
import type { ExpectedRevision } from './expected-revision.ts'
import type { Faults } from './faults.ts'
import type { GrpcCall } from './grpc-call.ts'
import { MAX_APPEND_BYTES } from './grpc-status.ts'
import { MAX_NAME_BYTES } from './record.ts'
import type { ProposedEvent } from './record.ts'

export interface Append {
  readonly stream: string
  readonly expected: ExpectedRevision
  readonly events: readonly ProposedEvent[]
}

/** How an append ends on the wire; `not_leader` and `bad_request` never reached the log. */
export type AppendAnswer =
  | AppendOutcome
  | { readonly kind: 'too_large' }
  | { readonly kind: 'disk_full' }
  | { readonly kind: 'not_leader'; readonly host: string | undefined; readonly port: number | undefined }
  | { readonly kind: 'bad_request'; readonly message: string }

/** Takes an append through validation and fault switches into the log. `answer` is called at most once: a silent or broken server calls nothing. */
export function submitAppend(
  log: EventLog,
  faults: Faults,
  call: GrpcCall,
  append: Append,
  answer: (answer: AppendAnswer) => void,
): void {
  const { stream, expected, events } = append
  const problem =
    streamNameProblem(stream) ??
    (events.some(({ type }) => Buffer.byteLength(type) > MAX_NAME_BYTES)
      ? 'an event type is longer than 65535 bytes'
      : undefined)
  if (problem !== undefined) return answer({ kind: 'bad_request', message: problem })
  if (appendBytes(events) > MAX_APPEND_BYTES) return answer({ kind: 'too_large' })
  if (!faults.armed) return log.append(stream, expected, events, answer)

  const leader = faults.take('notLeader', stream)
  if (leader) return answer({ kind: 'not_leader', host: leader.host, port: leader.port })
  if (faults.take('diskFull', stream)) return answer({ kind: 'disk_full' })
  if (faults.take('wrongExpectedVersion', stream)) {
    const entry = log.index.find(stream)
    return answer({
      kind: 'wrong_expected_version',
      current: entry && entry.events.length > 0 ? BigInt(entry.events.length - 1) : 'no_stream',
    })
  }
  const silent = faults.take('silentAppend', stream)
  if (silent) {
    if (silent.commit) log.append(stream, expected, events, () => undefined)
    return
  }
  const drop = faults.take('dropConnection', stream)
  if (drop?.when === 'before-commit') return call.dropConnection()
  log.append(stream, expected, events, drop ? () => call.dropConnection() : answer)
}

/** Why no stream can have this name, or undefined. */
export function streamNameProblem(stream: string): string | undefined {
  if (stream === '') return 'the stream name is empty'
  if (stream === '$all') return "'$all' is the whole log: name a stream"
  if (Buffer.byteLength(stream) > MAX_NAME_BYTES) return 'the stream name is longer than 65535 bytes'
  return undefined
}

/** Size as EventStoreDB counts it: data, metadata and two bytes per character of the type. */
function appendBytes(events: readonly ProposedEvent[]): number {
  let bytes = 0
  for (const { data, metadata, type } of events) bytes += data.length + metadata.length + type.length * 2
  return bytes
}
