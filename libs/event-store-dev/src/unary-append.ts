import { submitAppend } from './append-submission.ts'
import type { AppendAnswer } from './append-submission.ts'
import { decodeAppendOptions, decodeProposedMessage } from './batch-append-codec.ts'
import type { BatchAppendOptions } from './batch-append-codec.ts'
import type { EventLog } from './event-log.ts'
import type { ExpectedRevision } from './expected-revision.ts'
import type { Faults } from './faults.ts'
import { withPrefix } from './grpc-call.ts'
import type { GrpcCall } from './grpc-call.ts'
import { GRPC, invalidArgument, maximumAppendSizeExceeded, notLeader, streamDeleted } from './grpc-status.ts'
import { shared, streams } from './protobuf-messages.ts'
import { BYTES, wireReader, WireError } from './protobuf-wire.ts'
import type { ProposedEvent } from './record.ts'

type Self = { readonly host: string; readonly port: number }

/** `Streams/Append`: options first, then one event per message; a wrong revision is answered in-band. */
export async function unaryAppend(log: EventLog, faults: Faults, self: Self, call: GrpcCall): Promise<void> {
  let options: BatchAppendOptions | undefined
  const events: ProposedEvent[] = []
  try {
    for (const message of await call.requests()) {
      const reader = wireReader(message)
      while (reader.next()) {
        if (reader.type !== BYTES) continue
        if (reader.field === 1) options = decodeAppendOptions(message, reader.start, reader.end)
        else if (reader.field === 2) events.push(decodeProposedMessage(message, reader.start, reader.end))
      }
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return call.end(invalidArgument(`AppendReq: ${error.message}`))
  }
  if (!options) return call.end(invalidArgument('AppendReq: no options'))
  const { stream, expected } = options
  submitAppend(log, faults, call, { stream, expected, events }, (answer) =>
    endAppend(call, self, stream, expected, answer),
  )
}

function endAppend(call: GrpcCall, self: Self, stream: string, expected: ExpectedRevision, answer: AppendAnswer): void {
  const response = new streams.AppendResp()
  switch (answer.kind) {
    case 'appended': {
      const success = new streams.AppendResp.Success()
      if (answer.revision < 0n) success.setNoStream(new shared.Empty())
      else success.setCurrentRevision(String(answer.revision))
      if (answer.position === undefined) success.setNoPosition(new shared.Empty())
      else {
        const position = new streams.AppendResp.Position()
        position.setCommitPosition(String(answer.position))
        position.setPreparePosition(String(answer.position))
        success.setPosition(position)
      }
      response.setSuccess(success)
      break
    }
    case 'wrong_expected_version': {
      const wrong = new streams.AppendResp.WrongExpectedVersion()
      if (answer.current === 'no_stream') wrong.setCurrentNoStream(new shared.Empty())
      else wrong.setCurrentRevision(String(answer.current))
      if (typeof expected === 'bigint') wrong.setExpectedRevision(String(expected))
      else if (expected === 'no_stream') wrong.setExpectedNoStream(new shared.Empty())
      else if (expected === 'stream_exists') wrong.setExpectedStreamExists(new shared.Empty())
      else wrong.setExpectedAny(new shared.Empty())
      response.setWrongExpectedVersion(wrong)
      break
    }
    case 'stream_deleted':
      return call.end(streamDeleted(stream))
    case 'too_large':
      return call.end(maximumAppendSizeExceeded())
    case 'disk_full':
      return call.end({ code: GRPC.unknown, message: 'No space left on device' })
    case 'not_leader':
      return call.end(notLeader(answer.host ?? self.host, answer.port ?? self.port))
    case 'bad_request':
      return call.end(invalidArgument(answer.message))
    default:
      return answer satisfies never
  }
  call.write(withPrefix(response.serializeBinary()))
  call.end()
}
