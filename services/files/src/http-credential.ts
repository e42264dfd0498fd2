import type { IncomingMessage } from 'node:http'

export interface HttpCredential {
  readonly user: string
  readonly password: string
  /** what the path says behind the credential; absent: it names no file */
  readonly fileName: string | undefined
}

/**
 * The credential of a request: in `Authorization: Basic` (RFC 7617) or, for stacks that leave out the user of a URL, as the
 * first two parts of the path. Undefined: there is none. Throws a URIError on a path that is no path.
 */
export const httpCredential = (request: IncomingMessage): HttpCredential | undefined => {
  const parts = (request.url ?? '/')
    .replace(/[?#].*$/s, '')
    .split('/')
    .map((part) => decodeURIComponent(part))
    .filter((part) => part !== '')
  const [, encoded] = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(request.headers.authorization ?? '') ?? []
  if (encoded !== undefined) {
    const text = Buffer.from(encoded, 'base64').toString()
    const colon = text.indexOf(':')
    if (colon < 0) return undefined
    return { user: text.slice(0, colon), password: text.slice(colon + 1), fileName: parts.at(-1) }
  }
  const [user, password, ...rest] = parts
  return user === undefined || password === undefined ? undefined : { user, password, fileName: rest.at(-1) }
}
