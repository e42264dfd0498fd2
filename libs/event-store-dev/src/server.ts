import { batchAppend } from './batch-append.ts'
import { gossipRead, supportedMethods } from './cluster-services.ts'
import { basicCredentials } from './credentials.ts'
import { openEventLog } from './event-log.ts'
import { createFaults } from './faults.ts'
import type { FaultSwitches } from './faults.ts'
import { grpcCall } from './grpc-call.ts'
import type { GrpcCall } from './grpc-call.ts'
import { GRPC } from './grpc-status.ts'
import { httpEndpoints } from './http-endpoints.ts'
import { read } from './read-service.ts'
import { removeStream } from './remove-stream.ts'
import { openSharedPort } from './shared-port.ts'
import type { SharedPort } from './shared-port.ts'
import type { SlowConsumer } from './subscription.ts'
import { unaryAppend } from './unary-append.ts'

const MEBIBYTE = 1024 * 1024
/** How long a stop waits for clients to go before it closes their connections. */
const STOP_GRACE_MS = 500

export interface EventStoreDevOptions {
  /** Data directory, or `memory` for a store that ends with the server. */
  readonly data: string
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 2113; 0 takes a free one. */
  readonly port?: number
  /** PEM texts. Without TLS the client sends no credentials. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Names and passwords; with them anonymous access is refused. Needs `tls`. */
  readonly users?: Readonly<Record<string, string>>
  /** Allows the fault switches, and `/faults` over HTTP. */
  readonly faults?: boolean
  /** Default 64 MiB. */
  readonly segmentBytes?: number
  /** Bound of each of the two payload caches, default 32 MiB. */
  readonly cacheBytes?: number
  /** First `$all` position of a new data directory: set it beyond 2^53 to see that readers hold positions as bigint. */
  readonly positionBase?: bigint
  /** Default `fell-behind`. */
  readonly slowConsumer?: SlowConsumer
  /** Called when the log cannot be written any more. Default: one line on stderr and exit code 1, because no ack can be given. */
  onFatal?(error: Error): void
  /** Remarks for a person, such as a torn tail that was cut off. Default: stderr. */
  onNotice?(message: string): void
}

export interface EventStoreDev {
  readonly port: number
  /** For `EventStoreDBClient.connectionString`; holds the first user when there are users. */
  readonly connectionString: string
  readonly faults: FaultSwitches
  /** Ends calls, makes everything durable, gives port and directory free. */
  stop(): Promise<void>
}

/** A server that must not or cannot start with these options. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** Starts a server. Throws StartError, DataDirectoryError, or the error of a port that cannot be opened. */
export async function startEventStoreDev(options: EventStoreDevOptions): Promise<EventStoreDev> {
  if (process.env['NODE_ENV'] === 'production') {
    throw new StartError(
      'event-store-dev is for development and tests and does not start with NODE_ENV=production: use EventStoreDB or KurrentDB',
    )
  }
  const users = Object.entries(options.users ?? {})
  if (users.length > 0 && !options.tls) {
    throw new StartError('users need TLS: with tls=false clients do not send credentials; give a certificate and a key')
  }
  const host = options.host ?? '127.0.0.1'
  const notice = options.onNotice ?? ((message: string) => void process.stderr.write(`event-store-dev: ${message}\n`))
  const log = openEventLog({
    data: options.data,
    segmentBytes: options.segmentBytes ?? 64 * MEBIBYTE,
    cacheBytes: options.cacheBytes ?? 32 * MEBIBYTE,
    positionBase: options.positionBase ?? 0n,
    onNotice: notice,
    onFatal: options.onFatal ?? exitOnFatal,
  })
  const faults = createFaults(options.faults ?? false)
  const authorise = basicCredentials(options.users)
  const calls = new Set<GrpcCall>()
  const self = { host: advertised(host), port: 0 }
  const slowConsumer = options.slowConsumer ?? 'fell-behind'
  let stopping: Promise<void> | undefined

  // the whole surface; what is not here is answered with UNIMPLEMENTED
  const routes: Readonly<Record<string, (call: GrpcCall) => void | Promise<void>>> = {
    '/event_store.client.streams.Streams/Read': (call) => read(log, faults, slowConsumer, call),
    '/event_store.client.streams.Streams/Append': (call) => unaryAppend(log, faults, self, call),
    '/event_store.client.streams.Streams/BatchAppend': (call) => batchAppend(log, faults, self, call),
    '/event_store.client.streams.Streams/Delete': (call) => removeStream(log, 'soft', call),
    '/event_store.client.streams.Streams/Tombstone': (call) => removeStream(log, 'tombstone', call),
    '/event_store.client.server_features.ServerFeatures/GetSupportedMethods': supportedMethods,
    '/event_store.client.gossip.Gossip/Read': (call) => gossipRead(call, self),
  }

  function dispatch(call: GrpcCall): void {
    calls.add(call)
    call.onClose(() => calls.delete(call))
    const route = routes[call.path]
    if (!route) return call.end({ code: GRPC.unimplemented, message: `${call.path} is not served by event-store-dev` })
    if (stopping) return call.end({ code: GRPC.unavailable, message: 'the server is stopping' })
    // the client asks for features and gossip before it has credentials at hand
    const refused = call.path.includes('.streams.') ? authorise(call.headers) : undefined
    if (refused) return call.end(refused)
    Promise.resolve(route(call)).catch((error: unknown) => {
      notice(`${call.path} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      call.end({ code: GRPC.internal, message: String(error) })
    })
  }

  let port: SharedPort
  try {
    port = await openSharedPort({
      host,
      port: options.port ?? 2113,
      tls: options.tls,
      onHttp: httpEndpoints(faults, options.faults ?? false, authorise),
      onStream: (stream, headers, dropConnection) => dispatch(grpcCall(stream, headers, dropConnection)),
    })
  } catch (error) {
    await log.close()
    throw error
  }
  self.port = port.port

  async function stop(): Promise<void> {
    port.stopListening()
    await log.drained()
    for (const call of calls) call.end({ code: GRPC.unavailable, message: 'the server is stopping' })
    await port.closeConnections(STOP_GRACE_MS)
    await log.close()
  }

  const [first] = users
  const login = first ? `${encodeURIComponent(first[0])}:${encodeURIComponent(first[1])}@` : ''
  return {
    port: port.port,
    connectionString: `esdb://${login}${self.host}:${port.port}?tls=${options.tls ? 'true' : 'false'}`,
    faults,
    stop: () => (stopping ??= stop()),
  }
}

/** The address under which this server names itself. */
function advertised(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host
}

function exitOnFatal(error: Error): void {
  process.stderr.write(
    `event-store-dev: the log cannot be written (${error.message}): nothing more can be acknowledged, the process ends\n`,
  )
  process.exit(1)
}
