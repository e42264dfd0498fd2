import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ImageName, type TenantId } from '@voltrail/contracts/ids'
import {
  FirmwareForm,
  FirmwareList,
  FirmwareParams,
  FirmwareView,
  type FirmwareFields,
} from '@voltrail/contracts/rest/files'
import { decodeToken, encodeToken } from '@voltrail/contracts/tokens'
import type { FirmwareImageState } from '@voltrail/domain/firmware-image'
import { TooLarge } from '@voltrail/object-store/object-store'
import { fileServiceOf } from '../file-service.ts'
import { readFirmwareImage } from '../firmware-image.ts'
import { readFirmwareForm } from '../firmware-form.ts'
import { checkSignature, UnfitCertificate, type SignatureCheck } from '../firmware-signature.ts'
import { ApiProblem, notFound } from '../problem.ts'
import { decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Firmware and logs']
const folder = (tenant: TenantId): string => `firmware/${tenant}/`

export function firmwareRoutes(app: Routes, sources: Sources): void {
  // the handler reads the form as it streams in: it is never held whole
  app.addContentTypeParser('multipart/form-data', (_request, _payload, done) => done(null))

  const mayChange = (): void => {
    if (!sources.roles.has('firmware'))
      throw new ApiProblem('forbidden', 'The operator key needs the role firmware for this (OPERATOR_ROLES).')
  }

  app.route({
    method: 'POST',
    url: '/firmware',
    schema: {
      tags,
      operationId: 'addFirmware',
      summary: 'Upload a firmware image',
      description:
        'A form with the file as its last part. An image with a signature is taken only if the signature is of this very image. ' +
        'A name means one image until it is deleted; the same upload again changes nothing. Needs the role `firmware`.',
      consumes: ['multipart/form-data'],
      body: FirmwareForm,
      response: { 200: FirmwareView, 201: FirmwareView, ...problems(400, 403, 409, 413, 415, 422) },
    },
    // the handler reads the body, and checks its fields before it takes the file
    validatorCompiler: () => (data: unknown) => ({ value: data }),
    handler: async ({ raw }, reply) => {
      mayChange()
      const { objects, maxBytes } = fileServiceOf(sources)
      const added = await readFirmwareForm(raw, async (fields, fileName, content) => {
        const name = nameOf(fields, fileName)
        const check = signatureCheck(fields, sources.now())
        const object = `${folder(sources.tenant)}${encodeToken(name)}/${sources.newId()}`
        const stored = await objects
          .put(object, check === undefined ? content : checked(content, check), { maxBytes })
          .catch((error: unknown) => {
            throw error instanceof TooLarge ? new ApiProblem('too-large', `${error.message}.`) : error
          })
        const { vendor, model, version, signature, signingCertificate } = fields
        try {
          if (stored.bytes === 0) throw new ApiProblem('refused', 'The image is empty.')
          if (check?.holds() === false)
            throw new ApiProblem(
              'refused',
              'The signature is not of this image and this certificate: nothing was kept. Sign the image with SHA-256 by the key of the certificate.',
            )
          const decided = await decide(sources, {
            type: 'AddFirmwareImage',
            image: name,
            version,
            object,
            ...stored,
            ...(vendor === undefined ? {} : { vendor }),
            ...(model === undefined ? {} : { model }),
            ...(signature === undefined ? {} : { signature: signature.replaceAll(/\s/g, '') }),
            ...(signingCertificate === undefined ? {} : { signingCertificate }),
          })
          if (!decided.changed) await objects.delete(object)
          return { name, changed: decided.changed }
        } catch (error) {
          // what no answer came to may be in the log: it stays
          if (error instanceof ApiProblem && error.kind !== 'unavailable') await objects.delete(object)
          throw error
        }
      })
      const view = viewOf(added.name, await readFirmwareImage(sources, added.name))
      if (view === undefined) throw notFound(`The image ${added.name} was deleted meanwhile.`)
      return reply.code(added.changed ? 201 : 200).send(view)
    },
  })

  app.route({
    method: 'GET',
    url: '/firmware',
    schema: {
      tags,
      operationId: 'listFirmware',
      summary: 'The firmware images of our file service',
      response: { 200: FirmwareList, ...problems(422) },
    },
    handler: async () => {
      const { objects } = fileServiceOf(sources)
      const names = new Set<ImageName>()
      for await (const { name } of objects.list(folder(sources.tenant))) {
        const [token = '', upload] = name.slice(folder(sources.tenant).length).split('/')
        if (upload !== undefined) names.add(ImageName.parse(decodeToken(token)))
      }
      const views = await Promise.all(
        [...names].map(async (name) => viewOf(name, await readFirmwareImage(sources, name))),
      )
      return { items: views.filter((view) => view !== undefined).toSorted((a, b) => (a.id < b.id ? -1 : 1)) }
    },
  })

  app.route({
    method: 'DELETE',
    url: '/firmware/:id',
    schema: {
      tags,
      operationId: 'deleteFirmware',
      summary: 'Delete a firmware image',
      description:
        'Refused while a campaign or an update of a charger has still to fetch it. Needs the role `firmware`.',
      params: FirmwareParams,
      response: { 200: FirmwareView, ...problems(400, 403, 404, 409, 422) },
    },
    handler: async ({ params }) => {
      mayChange()
      const { objects, usesOf } = fileServiceOf(sources)
      const state = await readFirmwareImage(sources, params.id)
      const view = viewOf(params.id, state)
      if (state.image === undefined || view === undefined)
        throw notFound(`There is no firmware image ${JSON.stringify(params.id)}.`)
      const { campaigns, transfers } = await usesOf(params.id)
      const uses = [
        ...campaigns.map((id) => `campaign ${id}`),
        ...transfers.map(({ chargerId, requestId }) => `request ${requestId} of charger ${chargerId}`),
      ]
      if (uses.length > 0)
        throw new ApiProblem(
          'conflict',
          `The image is in use: ${uses.slice(0, 10).join(', ')}. Cancel or await that first.`,
        )
      await decide(sources, { type: 'RemoveFirmwareImage', image: params.id, object: state.image.object })
      await objects.delete(state.image.object)
      return view
    },
  })
}

const nameOf = ({ name }: FirmwareFields, fileName: string): ImageName => {
  const parsed = ImageName.safeParse(name ?? fileName)
  if (parsed.success) return parsed.data
  const [message = 'is wrong'] = parsed.error.issues.map((issue) => issue.message)
  throw new ApiProblem('invalid-request', `The name of the image ${message}.`, {
    errors: [{ path: name === undefined ? '/body/file' : '/body/name', message }],
  })
}

const signatureCheck = ({ signature, signingCertificate }: FirmwareFields, now: number): SignatureCheck | undefined => {
  if (signature === undefined || signingCertificate === undefined) return undefined
  try {
    return checkSignature(signature, signingCertificate, now)
  } catch (error) {
    if (error instanceof UnfitCertificate) throw new ApiProblem('refused', `${error.message}.`)
    throw error
  }
}

const checked = (content: NodeJS.ReadableStream, check: SignatureCheck): Transform => {
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      check.update(chunk)
      done(null, chunk)
    },
  })
  // a break of either end is told by the other
  pipeline(content, through).catch(() => undefined)
  return through
}

const viewOf = (id: ImageName, { image }: FirmwareImageState): FirmwareView | undefined =>
  image && {
    id,
    version: image.version,
    vendor: image.vendor ?? null,
    model: image.model ?? null,
    bytes: image.bytes,
    sha256: image.sha256,
    signed: image.signature !== undefined,
    addedAt: image.addedAt,
    addedBy: image.addedBy,
  }
