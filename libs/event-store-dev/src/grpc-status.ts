/** The gRPC codes that this server sends. https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const GRPC = {
  ok: 0,
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

/** How a call ends. The trailer `exception` decides which error class the client throws. */
export interface RpcStatus {
  readonly code: number
  readonly message: string
  readonly trailers?: Readonly<Record<string, string>>
}

export const OK: RpcStatus = { code: GRPC.ok, message: '' }

/** 1 MiB: the append limit of EventStoreDB 23.10. */
export const MAX_APPEND_BYTES = 1024 * 1024

export function invalidArgument(message: string): RpcStatus {
  return { code: GRPC.invalidArgument, message }
}

export function accessDenied(message: string): RpcStatus {
  return { code: GRPC.permissionDenied, message, trailers: { exception: 'access-denied' } }
}

export function streamDeleted(stream: string): RpcStatus {
  return {
    code: GRPC.failedPrecondition,
    message: `Event stream '${stream}' is deleted.`,
    trailers: { exception: 'stream-deleted', 'stream-name': stream },
  }
}

export function maximumAppendSizeExceeded(): RpcStatus {
  return {
    code: GRPC.invalidArgument,
    message: `Maximum Append Size of ${MAX_APPEND_BYTES} Exceeded.`,
    trailers: { exception: 'maximum-append-size-exceeded', 'maximum-append-size': String(MAX_APPEND_BYTES) },
  }
}

/** Versions as numbers on the wire: -1 no stream, -2 any, -4 stream exists. */
export function wrongExpectedVersion(
  stream: string,
  expected: bigint | 'any' | 'no_stream' | 'stream_exists',
  actual: bigint | 'no_stream',
): RpcStatus {
  const wanted = typeof expected === 'bigint' ? expected : { no_stream: -1, any: -2, stream_exists: -4 }[expected]
  return {
    code: GRPC.failedPrecondition,
    message: `Append failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${wanted}, Actual version: ${actual}`,
    trailers: {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': String(wanted),
      ...(actual === 'no_stream' ? {} : { 'actual-version': String(actual) }),
    },
  }
}

export function notLeader(host: string, port: number): RpcStatus {
  return {
    code: GRPC.notFound,
    message: `Leader info available: ${host}:${port}`,
    trailers: { exception: 'not-leader', 'leader-endpoint-host': host, 'leader-endpoint-port': String(port) },
  }
}
