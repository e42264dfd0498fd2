import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { GRPC, OK } from './grpc-status.ts'
import type { RpcStatus } from './grpc-status.ts'

/** Every gRPC message is behind one byte (compressed or not) and a 32-bit length. */
export const PREFIX_BYTES = 5
/** The client's own receive limit; nothing that it sends is larger. */
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024

/** One RPC on one HTTP/2 stream. */
export interface GrpcCall {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly closed: boolean
  /** Receives each request message, then the end of the request. One receiver per call. */
  receive(onMessage: (message: Buffer) => void, onEnd: () => void): void
  /** All request messages, once the client has finished sending. */
  requests(): Promise<Buffer[]>
  /** Stops and continues reading from this client (HTTP/2 flow control then holds it back). */
  pause(): void
  resume(): void
  /** Sends messages that already carry their prefix (`withPrefix`). False: wait for `writable()` before the next one. */
  write(messages: Buffer): boolean
  /** Resolves when the client has taken enough of what was written, or is gone. */
  writable(): Promise<void>
  end(status?: RpcStatus): void
  onClose(listener: () => void): void
  /** Breaks the whole connection, as a crashed server or a cut cable would. */
  dropConnection(): void
}

/** Puts the prefix in front of a message that was encoded without room for it. */
export function withPrefix(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  framed.set(message, PREFIX_BYTES)
  return fillPrefix(framed)
}

/** Fills the prefix of a message that was encoded with PREFIX_BYTES free in front. */
export function fillPrefix(framed: Buffer): Buffer {
  framed[0] = 0
  framed.writeUInt32BE(framed.length - PREFIX_BYTES, 1)
  return framed
}

/** @param dropConnection Destroys the socket under this stream. */
export function grpcCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  dropConnection: () => void,
): GrpcCall {
  let status: RpcStatus | undefined
  let responded = false
  let closed = false
  const closeListeners: (() => void)[] = []

  // an aborted stream emits an error and then 'close'; 'close' is what counts here
  stream.on('error', () => undefined)
  stream.on('wantTrailers', () => stream.sendTrailers(statusHeaders(status ?? OK)))
  stream.on('close', () => {
    closed = true
    for (const listener of closeListeners.splice(0)) listener()
  })

  function respond(): void {
    if (responded) return
    responded = true
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
  }

  const call: GrpcCall = {
    path: String(headers[':path']),
    headers,
    get closed() {
      return closed || stream.destroyed
    },
    receive(onMessage, onEnd) {
      const feed = messageParser(onMessage)
      stream.on('data', (chunk: Buffer) => {
        if (status) return
        const problem = feed(chunk)
        if (problem) call.end(problem)
      })
      stream.on('end', () => {
        if (!status) onEnd()
      })
    },
    requests() {
      return new Promise((done) => {
        const messages: Buffer[] = []
        call.receive(
          (message) => messages.push(message),
          () => done(messages),
        )
      })
    },
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    write(messages) {
      if (call.closed || status) return true
      respond()
      return stream.write(messages)
    },
    writable() {
      if (call.closed || !stream.writableNeedDrain) return new Promise((done) => setImmediate(done))
      return new Promise((done) => {
        const go = (): void => {
          stream.off('drain', go)
          stream.off('close', go)
          done()
        }
        stream.on('drain', go)
        stream.on('close', go)
      })
    },
    end(final = OK) {
      if (call.closed || status) return
      status = final
      if (responded) stream.end()
      else
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc+proto', ...statusHeaders(final) },
          { endStream: true },
        )
      // an unfinished request would keep the stream half open
      if (!stream.readableEnded) stream.resume()
    },
    onClose(listener) {
      if (call.closed) listener()
      else closeListeners.push(listener)
    },
    dropConnection,
  }
  return call
}

function statusHeaders(status: RpcStatus): Record<string, string> {
  const headers: Record<string, string> = { 'grpc-status': String(status.code) }
  if (status.message !== '') headers['grpc-message'] = percentEncode(status.message)
  for (const [name, value] of Object.entries(status.trailers ?? {})) headers[name] = percentEncode(value)
  return headers
}

/** gRPC over HTTP/2: printable ASCII stands for itself, everything else and '%' as %XX of its UTF-8. */
function percentEncode(text: string): string {
  return text.replace(/[^ -$&-~]+/gu, (part) =>
    [...Buffer.from(part)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}

/** Cuts a byte stream into messages; returns a status when the bytes are no gRPC. */
function messageParser(onMessage: (message: Buffer) => void): (chunk: Buffer) => RpcStatus | undefined {
  let chunks: Buffer[] = []
  let buffered = 0
  let needed = PREFIX_BYTES

  return (chunk) => {
    chunks.push(chunk)
    buffered += chunk.length
    if (buffered < needed) return undefined
    let bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks, buffered)
    while (bytes.length >= PREFIX_BYTES) {
      if (bytes[0] !== 0)
        return { code: GRPC.unimplemented, message: 'compressed messages are not supported: send identity' }
      const length = bytes.readUInt32BE(1)
      if (length > MAX_MESSAGE_BYTES)
        return {
          code: GRPC.resourceExhausted,
          message: `a message of ${length} bytes is over the limit of ${MAX_MESSAGE_BYTES}`,
        }
      needed = PREFIX_BYTES + length
      if (bytes.length < needed) break
      onMessage(bytes.subarray(PREFIX_BYTES, needed))
      bytes = bytes.subarray(needed)
      needed = PREFIX_BYTES
    }
    chunks = bytes.length > 0 ? [bytes] : []
    buffered = bytes.length
    return undefined
  }
}
