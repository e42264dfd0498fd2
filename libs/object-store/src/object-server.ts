import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { byteRange } from './byte-range.ts'
import { OutOfRange, TooLarge, type ObjectStore } from './object-store.ts'

export interface ObjectServerOptions {
  readonly store: ObjectStore
  /** what `Authorization: Bearer` has to carry */
  readonly token: string
  /** bytes of one object at most, whatever a caller allows */
  readonly maxBytes: number
  readonly onError: (error: unknown) => void
  /** What is not an object: true when it has answered. Only for those who have the token. */
  readonly beside?: (url: URL, response: ServerResponse) => boolean
}

/** The path of objects; `?prefix=` lists. */
export const objectsPath = '/objects/'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * An object store for other processes of ours, over HTTP; `openRemoteStore` is the other end. Never for chargers: whoever has the
 * token may read and replace everything. Not listening yet.
 */
export const createObjectServer = ({ store, token, maxBytes, onError, beside }: ObjectServerOptions): Server => {
  const expected = digest(`Bearer ${token}`)

  const list = async (prefix: string, response: ServerResponse): Promise<void> => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for await (const facts of store.list(prefix)) response.write(`${JSON.stringify(facts)}\n`)
    response.end()
  }
  const get = async (request: IncomingMessage, response: ServerResponse, name: string): Promise<void> => {
    const facts = await store.head(name)
    if (facts === undefined) return answer(response, 404, {})
    const stored = { 'x-stored-at': facts.storedAt.toISOString() }
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'content-length': facts.bytes, ...stored }).end()
      return
    }
    const opened = await store.get(name, byteRange(request.headers.range, facts.bytes))
    if (opened === undefined) return answer(response, 404, {})
    const { bytes, first, last, content } = opened
    response.writeHead(206, {
      'content-length': last - first + 1,
      'content-range': `bytes ${first}-${last}/${bytes}`,
      ...stored,
    })
    await pipeline(content, response)
  }
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) return answer(response, 401, {})
    const url = new URL(request.url ?? '/', 'http://objects')
    if (beside?.(url, response) === true) return
    if (!url.pathname.startsWith(objectsPath)) return answer(response, 404, {})
    const name = decodeURIComponent(url.pathname.slice(objectsPath.length))
    const prefix = url.searchParams.get('prefix')
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return name === '' && prefix !== null ? list(prefix, response) : get(request, response, name)
      case 'PUT': {
        const asked = Number(url.searchParams.get('max') ?? maxBytes)
        return answer(response, 200, await store.put(name, request, { maxBytes: Math.min(maxBytes, asked) }))
      }
      case 'DELETE':
        await store.delete(name)
        return answer(response, 200, {})
      default:
        return answer(response, 405, {})
    }
  }

  return createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (error instanceof TooLarge) return answer(response, 413, { maxBytes: error.maxBytes })
      if (error instanceof OutOfRange) return answer(response, 416, { bytes: error.bytes })
      if (error instanceof RangeError || error instanceof URIError) return answer(response, 400, { why: error.message })
      // who hung up in the middle is told nothing
      if (request.destroyed && !request.complete) return undefined
      onError(error)
      return answer(response, 500, {})
    })
  })
}

const answer = (response: ServerResponse, status: number, body: object): void => {
  if (response.headersSent) response.destroy()
  // a body that nobody reads would be taken for the next request
  else
    response
      .writeHead(status, { 'content-type': 'application/json', ...(status < 400 ? {} : { connection: 'close' }) })
      .end(response.req.method === 'HEAD' ? undefined : JSON.stringify(body))
}
