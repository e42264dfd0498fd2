import type { ConnectionOptions, NatsConnection, NatsError } from 'nats'
import { connect, credsAuthenticator, ErrorCode } from 'nats'
import { BusError } from './bus-error.ts'
import type { ConnectOptions } from './connection.ts'

/** Opens the client's connection. Errors: BusError `connect-failed`, in one line without secrets. */
export async function dial(options: ConnectOptions, reconnectDelayHandler: () => number): Promise<NatsConnection> {
  const { credentials, tls } = options
  const settings: ConnectionOptions = {
    servers: options.url.split(',').map((server) => server.trim()),
    name: options.name,
    timeout: 5_000,
    // a server that vanished without a word is noticed within 30 s
    pingInterval: 10_000,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    // a wrong password during a server's rollout must not end the connection for good
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler,
    noAsyncTraces: true,
    ...(credentials && 'user' in credentials && { user: credentials.user, pass: credentials.password }),
    ...(credentials && 'token' in credentials && { token: credentials.token }),
    ...(credentials && 'creds' in credentials && { authenticator: credsAuthenticator(Buffer.from(credentials.creds)) }),
    ...(tls && { tls }),
  }
  try {
    return await connect(settings)
  } catch (cause) {
    const { code, message } = cause as NatsError
    const reason =
      code === ErrorCode.ConnectionRefused
        ? 'nobody listens there; start nats-server or correct the url'
        : code === ErrorCode.AuthorizationViolation
          ? 'the server refuses the credentials'
          : message
    throw new BusError('connect-failed', `cannot connect to the bus at ${withoutSecrets(options.url)}: ${reason}`, {
      cause,
    })
  }
}

function withoutSecrets(url: string): string {
  return url.replaceAll(/\/\/[^@,/]*@/g, '//')
}
