import { FilterError } from './event-filter.ts'
import type { EventLog } from './event-log.ts'
import type { Faults } from './faults.ts'
import type { GrpcCall } from './grpc-call.ts'
import { invalidArgument } from './grpc-status.ts'
import { parseReadRequest, ReadRequestError } from './read-request.ts'
import type { ReadRequest } from './read-request.ts'
import { readAll, readStream } from './stream-read.ts'
import { subscribe } from './subscription.ts'
import type { SlowConsumer } from './subscription.ts'

/** `Streams/Read`: reads and subscriptions, of a stream and of `$all`. */
export async function read(log: EventLog, faults: Faults, slowConsumer: SlowConsumer, call: GrpcCall): Promise<void> {
  const [message] = await call.requests()
  let request: ReadRequest
  try {
    request = parseReadRequest(message ?? new Uint8Array())
  } catch (error) {
    const known = error instanceof ReadRequestError || error instanceof FilterError
    return call.end(invalidArgument(known ? error.message : `the request is no ReadReq: ${String(error)}`))
  }
  if (request.amount.kind === 'subscription') return subscribe(log, faults, slowConsumer, call, request)
  if (request.target.kind === 'all') return readAll(log, call, request, request.amount.count)
  return readStream(log, call, request, request.target.stream, request.amount.count)
}
