import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { measured } from './measured.ts'
import { objectsPath } from './object-server.ts'
import { checkName, OutOfRange, placed, TooLarge, type ObjectFacts, type ObjectStore } from './object-store.ts'

export interface RemoteStoreOptions {
  /** of a `createObjectServer`, like `http://files:9081` */
  readonly url: string
  readonly token: string
}

/** The store of another process of ours is away, or does not know us. */
export class RemoteStoreAway extends Error {}

/** The objects that another process has. Every error of the store itself is the same as there. */
export const openRemoteStore = ({ url, token }: RemoteStoreOptions): ObjectStore => {
  const ask = async (
    method: string,
    path: string,
    more: { readonly body?: Readable; readonly range?: string } = {},
  ): Promise<Response> => {
    const { body, range } = more
    const headers = { authorization: `Bearer ${token}`, ...(range === undefined ? {} : { range }) }
    const sent = body === undefined ? {} : { body: Readable.toWeb(body), duplex: 'half' }
    const response = await fetch(new URL(path, url), { ...sent, method, headers } as RequestInit).catch(
      (error: unknown) => {
        throw new RemoteStoreAway(`the file service cannot be reached at ${url}`, { cause: error })
      },
    )
    if (response.ok || response.status === 404 || response.status === 416 || response.status === 413) return response
    await response.body?.cancel()
    throw new RemoteStoreAway(`the file service at ${url} answered ${response.status} to ${method}`)
  }
  const at = (name: string): string => objectsPath + encodeURIComponent(checkName(name))
  const head = async (name: string): Promise<ObjectFacts | undefined> => {
    const response = await ask('HEAD', at(name))
    if (response.status === 404) return undefined
    const bytes = Number(response.headers.get('content-length'))
    return { name, bytes, storedAt: new Date(response.headers.get('x-stored-at') ?? 0) }
  }

  return {
    head,
    async put(name, content, { maxBytes }) {
      const place = at(name)
      const { stream, result } = measured(maxBytes)
      // whichever end breaks, the other must not wait for it
      const [sent, answered] = await Promise.allSettled([
        pipeline(content, stream),
        ask('PUT', `${place}?max=${maxBytes}`, { body: stream })
          .then(async (response) => {
            const body = (await response.json()) as { readonly maxBytes?: number }
            if (response.status === 413) throw new TooLarge(body.maxBytes ?? maxBytes)
            return body
          })
          .catch((error: unknown) => {
            stream.destroy(error as Error)
            throw error
          }),
      ])
      // what the server says of it comes first: that the stream broke is then but its consequence
      if (answered.status === 'rejected' && answered.reason instanceof TooLarge) throw answered.reason
      if (sent.status === 'rejected') throw sent.reason
      if (answered.status === 'rejected') throw answered.reason
      return result()
    },
    async get(name, range) {
      const place = at(name)
      const facts = await head(name)
      if (facts === undefined) return undefined
      const { first, last } = placed(name, facts.bytes, range)
      if (facts.bytes === 0) return { bytes: 0, first, last, content: Readable.from([]) }
      const response = await ask('GET', place, { range: `bytes=${first}-${last}` })
      if (response.status === 404) return undefined
      if (response.status === 416) throw new OutOfRange(name, facts.bytes, first)
      const content = Readable.fromWeb(response.body as ReadableStream<Uint8Array>)
      return { bytes: facts.bytes, first, last, content }
    },
    async *list(prefix) {
      const response = await ask('GET', `${objectsPath}?prefix=${encodeURIComponent(prefix)}`)
      for (const line of (await response.text()).split('\n'))
        if (line !== '') {
          const { storedAt, ...facts } = JSON.parse(line) as ObjectFacts
          yield { ...facts, storedAt: new Date(storedAt) }
        }
    },
    async delete(name) {
      const response = await ask('DELETE', at(name))
      await response.body?.cancel()
    },
  }
}
