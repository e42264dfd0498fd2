import { submitAppend } from './append-submission.ts'
import type { AppendAnswer } from './append-submission.ts'
import { decodeBatchAppendRequest, encodeBatchAppendSuccess } from './batch-append-codec.ts'
import type { BatchAppendOptions, BatchAppendRequest } from './batch-append-codec.ts'
import type { EventLog } from './event-log.ts'
import type { Faults } from './faults.ts'
import { withPrefix } from './grpc-call.ts'
import type { GrpcCall } from './grpc-call.ts'
import { GRPC, invalidArgument, MAX_APPEND_BYTES, notLeader, OK } from './grpc-status.ts'
import { any, empty, shared, status, streams } from './protobuf-messages.ts'
import { WireError } from './protobuf-wire.ts'
import type { ProposedEvent } from './record.ts'

/** Beyond this many staged bytes a client is not read from until the disk has caught up. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024
/** An append may come in parts; what never becomes final must not grow for ever. */
const MAX_UNFINISHED_BYTES = 64 * 1024 * 1024

interface Unfinished {
  readonly options: BatchAppendOptions
  readonly events: ProposedEvent[]
}

type DetailName =
  | 'WrongExpectedVersion'
  | 'StreamDeleted'
  | 'Timeout'
  | 'Unknown'
  | 'MaximumAppendSizeExceeded'
  | 'BadRequest'

/** `Streams/BatchAppend`: appends on one long-lived duplex call, answered in the order in which they become durable. */
export function batchAppend(log: EventLog, faults: Faults, self: { host: string; port: number }, call: GrpcCall): void {
  const unfinished = new Map<string, Unfinished>()
  let unfinishedBytes = 0
  let open = 0
  let ended = false
  let answers: Buffer[] = []

  function send(message: Uint8Array): void {
    // one group commit answers many appends: they leave in one write
    if (answers.push(withPrefix(message)) > 1) return
    queueMicrotask(() => {
      const batch = answers
      answers = []
      call.write(batch.length === 1 ? batch[0]! : Buffer.concat(batch))
      if (ended && open === 0) call.end(OK)
    })
  }

  function onMessage(bytes: Buffer): void {
    let request: BatchAppendRequest
    try {
      request = decodeBatchAppendRequest(bytes)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      return call.end(invalidArgument(`BatchAppendReq: ${error.message}`))
    }
    const key = request.correlationId.toString('latin1')
    let append = unfinished.get(key)
    if (!append) {
      if (!request.options)
        return call.end(invalidArgument('BatchAppendReq: the first part of an append has no options'))
      append = { options: request.options, events: [] }
    }
    append.events.push(...request.events)
    if (!request.isFinal) {
      unfinished.set(key, append)
      unfinishedBytes += bytes.length
      if (unfinishedBytes > MAX_UNFINISHED_BYTES)
        call.end({ code: GRPC.resourceExhausted, message: 'too many unfinished appends on one call' })
      return
    }
    if (unfinished.delete(key) && unfinished.size === 0) unfinishedBytes = 0
    const { options, events } = append
    const correlationId = Buffer.from(request.correlationId)
    if (options.deadline !== undefined && options.deadline < Date.now()) {
      return send(
        failure(
          correlationId,
          options,
          GRPC.aborted,
          'the deadline of the append had passed before it arrived',
          'Timeout',
        ),
      )
    }
    open++
    submitAppend(log, faults, call, { stream: options.stream, expected: options.expected, events }, (answer) => {
      open--
      if (answer.kind === 'not_leader') return call.end(notLeader(answer.host ?? self.host, answer.port ?? self.port))
      send(encodeAnswer(correlationId, options, answer))
    })
    if (log.pendingBytes > MAX_PENDING_BYTES) {
      call.pause()
      void log.drained().then(() => call.resume())
    }
  }

  call.receive(onMessage, () => {
    ended = true
    if (open === 0 && answers.length === 0) call.end(OK)
  })
}

function encodeAnswer(
  correlationId: Buffer,
  options: BatchAppendOptions,
  answer: Exclude<AppendAnswer, { kind: 'not_leader' }>,
): Uint8Array {
  switch (answer.kind) {
    case 'appended':
      return encodeBatchAppendSuccess({ correlationId, options }, answer.revision, answer.position)
    case 'wrong_expected_version':
      return failure(
        correlationId,
        options,
        GRPC.failedPrecondition,
        'WrongExpectedVersion',
        'WrongExpectedVersion',
        answer.current,
      )
    case 'stream_deleted':
      return failure(
        correlationId,
        options,
        GRPC.failedPrecondition,
        `Event stream '${options.stream}' is deleted.`,
        'StreamDeleted',
      )
    case 'too_large':
      return failure(
        correlationId,
        options,
        GRPC.invalidArgument,
        `Maximum Append Size of ${MAX_APPEND_BYTES} Exceeded.`,
        'MaximumAppendSizeExceeded',
      )
    case 'disk_full':
      return failure(correlationId, options, GRPC.unknown, 'No space left on device', 'Unknown')
    case 'bad_request':
      return failure(correlationId, options, GRPC.invalidArgument, answer.message, 'BadRequest')
    default:
      return answer satisfies never
  }
}

function failure(
  correlationId: Buffer,
  options: BatchAppendOptions,
  code: number,
  message: string,
  name: DetailName,
  current: bigint | 'no_stream' = 'no_stream',
): Uint8Array {
  const details = new any.Any()
  details.pack(detail(options, name, message, current), `event_store.client.${name}`)
  const error = new status.Status()
  error.setCode(code)
  error.setMessage(message)
  error.setDetails(details)
  const identifier = new shared.StreamIdentifier()
  identifier.setStreamName(Buffer.from(options.stream).toString('base64'))
  const response = new streams.BatchAppendResp()
  response.setCorrelationId(shared.UUID.deserializeBinary(correlationId))
  response.setError(error)
  response.setStreamIdentifier(identifier)
  if (typeof options.expected === 'bigint') response.setStreamPosition(String(options.expected))
  else if (options.expected === 'no_stream') response.setNoStream(new empty.Empty())
  else if (options.expected === 'stream_exists') response.setStreamExists(new empty.Empty())
  else response.setAny(new empty.Empty())
  return response.serializeBinary()
}

function detail(
  options: BatchAppendOptions,
  name: DetailName,
  message: string,
  current: bigint | 'no_stream',
): Uint8Array {
  switch (name) {
    case 'WrongExpectedVersion': {
      const wrong = new shared.WrongExpectedVersion()
      if (current === 'no_stream') wrong.setCurrentNoStream(new empty.Empty())
      else wrong.setCurrentStreamRevision(String(current))
      if (typeof options.expected === 'bigint') wrong.setExpectedStreamPosition(String(options.expected))
      else if (options.expected === 'no_stream') wrong.setExpectedNoStream(new empty.Empty())
      else if (options.expected === 'stream_exists') wrong.setExpectedStreamExists(new empty.Empty())
      else wrong.setExpectedAny(new empty.Empty())
      return wrong.serializeBinary()
    }
    case 'StreamDeleted': {
      const deleted = new shared.StreamDeleted()
      const identifier = new shared.StreamIdentifier()
      identifier.setStreamName(Buffer.from(options.stream).toString('base64'))
      deleted.setStreamIdentifier(identifier)
      return deleted.serializeBinary()
    }
    case 'MaximumAppendSizeExceeded': {
      const exceeded = new shared.MaximumAppendSizeExceeded()
      exceeded.setMaxappendsize(MAX_APPEND_BYTES)
      return exceeded.serializeBinary()
    }
    case 'BadRequest': {
      const bad = new shared.BadRequest()
      bad.setMessage(message)
      return bad.serializeBinary()
    }
    case 'Timeout':
      return new shared.Timeout().serializeBinary()
    case 'Unknown':
      return new shared.Unknown().serializeBinary()
    default:
      return name satisfies never
  }
}
