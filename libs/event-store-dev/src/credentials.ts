import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http2'
import { accessDenied, GRPC } from './grpc-status.ts'
import type { RpcStatus } from './grpc-status.ts'

/** Checks the `authorization` header of a call; undefined means go on. */
export type Authorise = (headers: IncomingHttpHeaders) => RpcStatus | undefined

/** @param users Names and passwords. Without any everything is open, as on a real server that runs insecure. */
export function basicCredentials(users: Readonly<Record<string, string>> | undefined): Authorise {
  const known = Object.entries(users ?? {}).map(([name, password]) => digest(`${name}:${password}`))
  if (known.length === 0) return () => undefined
  return (headers) => {
    const header = headers.authorization
    if (header === undefined)
      return accessDenied('Access Denied: anonymous access is off, name a user in the connection string')
    const match = /^Basic ([A-Za-z0-9+/=]+)$/.exec(header)
    const given = digest(match ? Buffer.from(match[1]!, 'base64').toString('utf8') : '')
    let matches = false
    for (const each of known) matches = timingSafeEqual(each, given) || matches
    return matches
      ? undefined
      : {
          code: GRPC.unauthenticated,
          message: 'the user name or the password is wrong',
          trailers: { exception: 'access-denied' },
        }
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
