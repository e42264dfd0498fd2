import { streamNameProblem } from './append-submission.ts'
import { decodeAppendOptions } from './batch-append-codec.ts'
import type { BatchAppendOptions } from './batch-append-codec.ts'
import type { EventLog } from './event-log.ts'
import { withPrefix } from './grpc-call.ts'
import type { GrpcCall } from './grpc-call.ts'
import { invalidArgument, streamDeleted, wrongExpectedVersion } from './grpc-status.ts'
import { streams } from './protobuf-messages.ts'
import { BYTES, wireReader, WireError } from './protobuf-wire.ts'

/** `Streams/Delete` (soft) and `Streams/Tombstone`; both requests have the fields of append options, errors are in trailers. */
export async function removeStream(log: EventLog, how: 'soft' | 'tombstone', call: GrpcCall): Promise<void> {
  let options: BatchAppendOptions | undefined
  try {
    const [message] = await call.requests()
    const reader = message && wireReader(message)
    while (reader?.next())
      if (reader.field === 1 && reader.type === BYTES) options = decodeAppendOptions(message!, reader.start, reader.end)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return call.end(invalidArgument(error.message))
  }
  if (!options) return call.end(invalidArgument('the request has no options'))
  const { stream, expected } = options
  const problem = streamNameProblem(stream)
  if (problem !== undefined) return call.end(invalidArgument(problem))
  log.remove(stream, expected, how, (outcome) => {
    if (outcome.kind === 'stream_deleted') return call.end(streamDeleted(stream))
    if (outcome.kind === 'wrong_expected_version')
      return call.end(wrongExpectedVersion(stream, expected, outcome.current))
    // DeleteResp and TombstoneResp are the same on the wire
    const response = new streams.DeleteResp()
    const position = new streams.DeleteResp.Position()
    position.setCommitPosition(String(outcome.position))
    position.setPreparePosition(String(outcome.position))
    response.setPosition(position)
    call.write(withPrefix(response.serializeBinary()))
    call.end()
  })
}
