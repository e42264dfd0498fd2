import { z } from 'zod'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import { ChargerId } from '@voltrail/contracts/ids'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import { FileHeaders, FilePage, FileParams, ListFilesQuery } from '@voltrail/contracts/rest/files'
import { deviceStream } from '@voltrail/contracts/streams'
import { decodeToken, encodeToken } from '@voltrail/contracts/tokens'
import type { Recorded } from '@voltrail/domain/decider'
import { byteRange } from '@voltrail/object-store/byte-range'
import { OutOfRange } from '@voltrail/object-store/object-store'
import { RemoteStoreAway } from '@voltrail/object-store/remote-store'
import { readCharger } from '../charger-device.ts'
import { contentDisposition } from '../content-disposition.ts'
import { fileServiceOf } from '../file-service.ts'
import { pageOfStream } from '../log-page.ts'
import { ApiProblem, notFound } from '../problem.ts'
import { problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Firmware and logs']

export function fileRoutes(app: Routes, sources: Sources): void {
  /** null: there is no file service, or it is away */
  const isStored = async (object: string): Promise<boolean | null> => {
    if (sources.fileService === undefined) return null
    try {
      return (await sources.fileService.objects.head(object)) !== undefined
    } catch (error) {
      if (error instanceof RemoteStoreAway) return null
      throw error
    }
  }

  app.route({
    method: 'GET',
    url: '/chargers/:id/files',
    schema: {
      tags,
      operationId: 'listFiles',
      summary: 'The files that a charger uploaded, newest first',
      description:
        'A page may be short, or empty, and still have a `next`: the log is looked through a part at a time.',
      params: ChargerParams,
      querystring: ListFilesQuery,
      response: { 200: FilePage, ...problems(400, 404) },
    },
    handler: async ({ params, query }) => {
      await readCharger(sources, params.id)
      const stream = deviceStream(sources.tenant, params.id)
      const { items: found, next } = await pageOfStream(sources.log, stream, query, (recorded) => {
        const event = recorded as unknown as Recorded<DeviceEvent>
        if (event.type !== 'FileReceived') return undefined
        const { requestId, file, protocol, kind, late = false } = event.data
        const view = {
          id: `${encodeToken(params.id)}.${event.revision}`,
          name: file.name,
          kind: kind ?? null,
          requestId,
          bytes: file.bytes,
          sha256: file.sha256,
          protocol,
          receivedAt: event.metadata.receivedAt,
          late,
        }
        return { object: file.object, view }
      })
      const items = await Promise.all(
        found.map(async ({ object, view }) => ({ ...view, stored: await isStored(object) })),
      )
      return { items, next }
    },
  })

  const fileOf = async (id: string) => {
    const unknown = notFound(`There is no file ${JSON.stringify(id)}.`)
    const [token = '', revision = ''] = id.split('.')
    const charger = ChargerId.safeParse(clear(token))
    if (!charger.success) throw unknown
    for await (const recorded of sources.log.readForward(
      deviceStream(sources.tenant, charger.data),
      Number(revision),
      1,
    )) {
      const event = recorded as unknown as Recorded<DeviceEvent>
      if (event.type === 'FileReceived' && event.revision === Number(revision)) return event.data.file
    }
    throw unknown
  }

  app.route({
    method: 'GET',
    url: '/files/:id',
    schema: {
      tags,
      operationId: 'downloadFile',
      summary: 'Download a file that a charger uploaded',
      description: 'Byte for byte as it came. `ETag` is its SHA-256.',
      params: FileParams,
      headers: FileHeaders,
      response: {
        200: { description: 'The file.', content: { 'application/octet-stream': { schema: z.any() } } },
        206: { description: 'The range of it.', content: { 'application/octet-stream': { schema: z.any() } } },
        416: { description: 'It has no such range.', content: { 'text/plain': { schema: z.string() } } },
        ...problems(400, 404, 410, 422),
      },
    },
    handler: async (request, reply) => {
      const { objects } = fileServiceOf(sources)
      const file = await fileOf(request.params.id)
      const range = byteRange(request.headers.range, file.bytes)
      const opened = await objects.get(file.object, range).catch((error: unknown) => {
        if (error instanceof OutOfRange) return 'out-of-range' as const
        throw error
      })
      if (opened === 'out-of-range')
        return reply
          .code(416)
          .headers({ 'content-range': `bytes */${file.bytes}`, 'content-type': 'text/plain' })
          .send('no such range\n')
      if (opened === undefined)
        throw new ApiProblem(
          'gone',
          `The file ${JSON.stringify(request.params.id)} is not kept any more: its time is over. Its name, size and hash stay in the list.`,
        )
      const { bytes, first, last, content } = opened
      return reply
        .code(range === undefined ? 200 : 206)
        .headers({
          'accept-ranges': 'bytes',
          'content-disposition': contentDisposition(file.name),
          'content-length': last - first + 1,
          'content-type': 'application/octet-stream',
          etag: `"${file.sha256}"`,
          // whatever a charger sent is shown by no browser
          'x-content-type-options': 'nosniff',
          ...(range === undefined ? {} : { 'content-range': `bytes ${first}-${last}/${bytes}` }),
        })
        .send(content)
    },
  })
}

const clear = (token: string): string | undefined => {
  try {
    return decodeToken(token)
  } catch {
    return undefined
  }
}
