import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import busboy from 'busboy'
import { FirmwareFields } from '@voltrail/contracts/rest/files'
import { ApiProblem } from './problem.ts'
import { validationProblem } from './validation-problem.ts'

const wrong = (path: string, message: string): ApiProblem =>
  new ApiProblem('invalid-request', `The form is not as it should be: ${path} ${message}.`, {
    errors: [{ path: `/form/${path}`, message }],
  })

/**
 * Reads a form (RFC 7578) of fields and, last, one file; `take` gets the file as it streams in.
 * @throws {ApiProblem} 400 with the field, 415 for what is no form; what `take` throws, and then the rest is not read
 */
export const readFirmwareForm = async <T>(
  request: IncomingMessage,
  take: (fields: FirmwareFields, fileName: string, content: Readable) => Promise<T>,
): Promise<T> => {
  const form = open(request)
  const given: Record<string, string> = {}
  try {
    return await new Promise<T>((resolve, reject) => {
      let begun = false
      form.on('field', (name, value, { valueTruncated }) => {
        if (begun) reject(wrong(name, 'comes after the file: send the file last'))
        else if (valueTruncated) reject(wrong(name, 'is too long'))
        else if (given[name] !== undefined) reject(wrong(name, 'comes twice'))
        else given[name] = value
      })
      form.on('file', (_name, content, { filename }) => {
        begun = true
        // whoever takes it tells of it
        content.on('error', () => undefined)
        const fields = FirmwareFields.safeParse(given)
        if (!fields.success) {
          const known = [...Object.keys(FirmwareFields.shape), 'file']
          return reject(validationProblem('form', fields.error.issues, known))
        }
        take(fields.data, filename ?? '', content).then(resolve, reject)
        return undefined
      })
      form.on('filesLimit', () => reject(wrong('file', 'comes twice: send one image')))
      form.on('error', (error) => reject(wrong('file', `cannot be read: ${String(error)}`)))
      form.on('close', () => {
        if (!begun)
          reject(wrong('file', 'is missing: send the image as a part with a filename, after the other fields'))
      })
      request.once('close', () => {
        if (!request.complete) form.destroy(new Error('the connection was closed within the form'))
      })
      request.pipe(form)
    })
  } finally {
    // of a form that was refused, the rest is thrown away
    request.unpipe(form)
    form.destroy()
    request.resume()
  }
}

const open = (request: IncomingMessage): busboy.Busboy => {
  try {
    return busboy({ headers: request.headers, limits: { files: 1, fields: 20, fieldSize: 8_000 } })
  } catch (error) {
    throw new ApiProblem(
      'unsupported-media-type',
      `Send a form (multipart/form-data) with the image as its last part: ${(error as Error).message}.`,
    )
  }
}
