import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { OutOfRange, TooLarge, type ObjectStore } from '@voltrail/object-store/object-store'
import type { Log } from '@voltrail/runtime/log'
import type { Admit, Guest } from './access.ts'
import { byteRange } from '@voltrail/object-store/byte-range'
import { httpCredential } from './http-credential.ts'
import type { FindFirmware } from './firmware.ts'
import { FormUnreadable, httpUpload } from './http-upload.ts'
import { boundConnections } from './places.ts'
import type { Uploads } from './uploads.ts'

export interface HttpListenerOptions {
  readonly admit: Admit
  readonly uploads: Uploads
  readonly store: ObjectStore
  readonly findFirmware: FindFirmware
  readonly maxBytes: number
  readonly log: Log
  /** PEM; with it the listener speaks HTTPS */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** connections at a time; 100 unless told */
  readonly mostOfOneAddress?: number
  /** how long the head of a request may take, in ms, however much is said; 30 s unless told */
  readonly headWithinMs?: number
}

/** a line that brings nothing for so long is given up; slow modems are not */
const silentMs = 120_000
const longestHeadMs = 30_000

/** PUT and POST of files, GET and HEAD of firmware with ranges. Never redirects and reads no query. Not listening yet. */
export const createHttpListener = ({
  admit,
  uploads,
  store,
  findFirmware,
  maxBytes,
  log,
  tls,
  mostOfOneAddress,
  headWithinMs = longestHeadMs,
}: HttpListenerOptions): Server => {
  const protocol = tls === undefined ? 'http' : 'https'

  const serve = async (
    request: IncomingMessage,
    response: ServerResponse,
    fileName: string | undefined,
    guest: Guest,
  ) => {
    const found = await findFirmware(guest, fileName)
    if (found.outcome !== 'found') return say(request, response, found.outcome === 'absent' ? 404 : 403, found.reason)
    const { facts } = found
    const etag = `"${facts.bytes.toString(36)}-${facts.storedAt.getTime().toString(36)}"`
    const condition = request.headers['if-range']
    // RFC 9110 §13.1.5: of another version the whole is sent
    const asked = condition === undefined || condition === etag ? request.headers.range : undefined
    const range = request.method === 'GET' ? byteRange(asked, facts.bytes) : undefined
    const headers = {
      'accept-ranges': 'bytes',
      'content-type': 'application/octet-stream',
      etag,
      'last-modified': facts.storedAt.toUTCString(),
    }
    if (request.method === 'HEAD') {
      response.writeHead(200, { ...headers, 'content-length': facts.bytes }).end()
      return
    }
    const opened = await store.get(facts.name, range)
    if (opened === undefined) return say(request, response, 404, 'there is no firmware image of this name')
    const { bytes, first, last, content } = opened
    response.writeHead(range === undefined ? 200 : 206, {
      ...headers,
      'content-length': last - first + 1,
      ...(range === undefined ? {} : { 'content-range': `bytes ${first}-${last}/${bytes}` }),
    })
    await pipeline(content, response)
  }

  const take = async (
    request: IncomingMessage,
    response: ServerResponse,
    fileName: string | undefined,
    guest: Guest,
  ) => {
    if (request.headers['content-range'] !== undefined)
      // RFC 9110 §14.5: taken for the whole, a part would spoil the file
      return say(request, response, 400, 'send the whole file: parts of one (Content-Range) are not taken')
    if (Number(request.headers['content-length'] ?? 0) > maxBytes + formRoom) throw new TooLarge(maxBytes)
    if (request.headers.expect !== undefined) response.writeContinue()
    const taken = await httpUpload(request, uploads, guest, fileName)
    switch (taken.outcome) {
      case 'taken':
        return say(request, response, request.method === 'PUT' ? 201 : 200, 'stored')
      case 'refused':
        return say(request, response, 403, taken.reason)
      case 'later':
        return say(request, response, 503, 'stored, but not confirmed yet: try again', { 'retry-after': '10' })
      default:
        return taken satisfies never
    }
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const uploading = request.method === 'PUT' || request.method === 'POST'
    if (!uploading && request.method !== 'GET' && request.method !== 'HEAD')
      return say(request, response, 405, 'only GET, HEAD, PUT and POST', { allow: 'GET, HEAD, PUT, POST' })
    const credential = httpCredential(request)
    const unknown = { 'www-authenticate': 'Basic realm="files", charset="UTF-8"' }
    if (credential === undefined) return say(request, response, 401, 'a user and a password are needed', unknown)
    const { fileName, ...names } = credential
    const access = await admit({ ...names, address: request.socket.remoteAddress ?? '', protocol })
    if (access.outcome === 'wait')
      return say(request, response, 429, 'too many wrong passwords from this address', { 'retry-after': '30' })
    if (access.outcome === 'refused') {
      log.info({ why: access.why, address: request.socket.remoteAddress, protocol }, 'a visitor was refused')
      return say(request, response, 401, 'these are not valid, or not any more', unknown)
    }
    return uploading
      ? take(request, response, fileName, access.guest)
      : serve(request, response, fileName, access.guest)
  }

  const listener: RequestListener = (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (error instanceof TooLarge) return say(request, response, 413, error.message)
      if (error instanceof OutOfRange)
        return say(request, response, 416, 'no such range', { 'content-range': `bytes */${error.bytes}` })
      if (error instanceof FormUnreadable) return say(request, response, 400, error.message)
      if (error instanceof URIError) return say(request, response, 400, 'the path is not well-formed')
      // whoever hung up is told nothing; the url holds a credential and is not logged
      if (request.destroyed && !request.complete) return log.info({ protocol }, 'an upload was broken off')
      log.error({ err: error, protocol }, 'a transfer failed')
      return say(request, response, 500, 'the file could not be handled')
    })
  }
  // looked at often enough that whoever drips a head is let go in time
  const checks = { connectionsCheckingInterval: Math.ceil(headWithinMs / 2) }
  const server = tls === undefined ? createServer(checks) : createTlsServer({ ...checks, cert: tls.cert, key: tls.key })
  server.on('request', listener)
  // so that nobody sends what will be refused
  server.on('checkContinue', listener)
  // a large file over a slow modem takes as long as it takes: silence ends a connection, not duration
  server.requestTimeout = 0
  server.headersTimeout = headWithinMs
  server.timeout = silentMs
  boundConnections(server, mostOfOneAddress)
  return server
}

/** what a form may add to its files */
const formRoom = 64 * 1024

const say = (
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void => {
  if (response.headersSent) {
    response.destroy()
    return
  }
  // a body that nobody reads would be taken for the next request
  const rest = request.complete ? {} : { connection: 'close' }
  const body = `${text}\n`
  response
    .writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      ...rest,
      ...headers,
    })
    .end(request.method === 'HEAD' ? undefined : body)
}
