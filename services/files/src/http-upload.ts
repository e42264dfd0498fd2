import type { IncomingMessage } from 'node:http'
import busboy from 'busboy'
import type { Guest } from './access.ts'
import type { Taken, Uploads } from './uploads.ts'

/** A form that holds no file, or is no form. */
export class FormUnreadable extends Error {}

/** The body as one file, or each file of a form (`multipart/form-data`, RFC 7578). @throws what `Uploads.take` throws, FormUnreadable */
export const httpUpload = (
  request: IncomingMessage,
  uploads: Uploads,
  guest: Guest,
  fileName: string | undefined,
): Promise<Taken> =>
  request.method === 'POST' && /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '')
    ? fromForm(request, uploads, guest, fileName)
    : uploads.take(guest, fileName, request)

/** a station sends one file; a form of very many is none of a station's */
const mostFiles = 10

const fromForm = async (
  request: IncomingMessage,
  uploads: Uploads,
  guest: Guest,
  fileName: string | undefined,
): Promise<Taken> => {
  const taken: Promise<Taken>[] = []
  let tooMany = false
  await new Promise<void>((resolve, reject) => {
    const form = ((): busboy.Busboy => {
      try {
        return busboy({ headers: request.headers, limits: { files: mostFiles, fieldSize: 64 * 1024, fields: 100 } })
      } catch (error) {
        throw new FormUnreadable(`the form cannot be read: ${(error as Error).message}`)
      }
    })()
    form.on('file', (_field, content, { filename }) => {
      const one = uploads.take(guest, filename ?? fileName, content)
      // a file that is not wanted any more must not hold back the rest of the form, nor fail unheard
      one.catch((error: Error) => {
        content.resume()
        reject(error)
      })
      taken.push(one)
    })
    form.on('error', (error) => reject(new FormUnreadable(`the form cannot be read: ${String(error)}`)))
    form.on('filesLimit', () => (tooMany = true))
    form.on('close', resolve)
    const cut = () => form.destroy(new Error('the connection was closed within the form'))
    request.once('error', cut)
    request.once('aborted', cut)
    request.pipe(form)
  })
  const all = await Promise.all(taken)
  if (tooMany)
    throw new FormUnreadable(`the form has more than ${mostFiles} files, which were kept: send the others by another`)
  const [first] = all
  if (first === undefined) throw new FormUnreadable('the form holds no file: send one as a part with a filename')
  return all.find(({ outcome }) => outcome === 'refused') ?? all.find(({ outcome }) => outcome === 'later') ?? first
}
