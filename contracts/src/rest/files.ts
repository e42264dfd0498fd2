import { z } from 'zod'
import { Actor } from '../charger-commands.ts'
import { TransferKind } from '../events/device.ts'
import { DecimalString, ImageName, Sha256 } from '../ids.ts'
import { Instant } from '../quantities.ts'
import { page, pageQuery } from './paging.ts'

/** `<charger>.<revision>`, the charger as a token: which event of its device stream took the file. */
export const FileId = z.string().regex(/^[A-Za-z0-9_=-]{1,200}\.(0|[1-9][0-9]{0,15})$/, 'must be the id of a file')
export const FileParams = z.object({ id: FileId })
export const FileHeaders = z.object({
  range: z.string().max(100).optional().describe('one range of bytes, like `bytes=100-` (RFC 9110 §14.2)'),
})

export const ListFilesQuery = z.strictObject({
  ...pageQuery,
  cursor: DecimalString.optional().describe('`next` of the page before; opaque'),
})
export const FileView = z
  .object({
    id: FileId,
    name: z.string().describe('as the charger named it'),
    kind: TransferKind.nullable().describe('what was asked for'),
    requestId: z.int().describe('of the transfer that it came by'),
    bytes: z.int(),
    sha256: Sha256,
    protocol: z.string().describe('http, https, ftp, ftps or sftp'),
    receivedAt: Instant,
    late: z.boolean().describe('its request had ended before the upload did'),
    stored: z
      .boolean()
      .nullable()
      .describe('whether it can be downloaded: false once its time is over; null while the file service does not say'),
  })
  .meta({ id: 'File' })
export type FileView = z.infer<typeof FileView>
export const FilePage = page(FileView).meta({ id: 'FilePage' })

const word = z.string().min(1).max(100)
/** The parts of the form in which an image is uploaded, beside the file. */
export const FirmwareFields = z
  .strictObject({
    name: ImageName.optional().describe('what the location of an update ends in; absent: the name of the file'),
    version: z.string().min(1).max(50).describe('what a charger reports once it runs it'),
    vendor: word.optional(),
    model: word.optional(),
    signature: z
      .string()
      .max(800)
      .regex(/^[A-Za-z0-9+/=\s]+$/, 'must be base64')
      .optional()
      .describe('of the image with SHA-256, base64: for signed updates; refused unless it holds'),
    signingCertificate: z.string().max(5_500).optional().describe('PEM: what `signature` was made with'),
  })
  .refine(({ signature, signingCertificate }) => (signature === undefined) === (signingCertificate === undefined), {
    path: ['signingCertificate'],
    error: 'signature and signingCertificate come together',
  })
export type FirmwareFields = z.infer<typeof FirmwareFields>
export const FirmwareForm = FirmwareFields.safeExtend({
  file: z
    .string()
    .meta({ contentMediaType: 'application/octet-stream' })
    .describe('the image; the last part of the form'),
}).meta({ id: 'FirmwareForm' })

export const FirmwareParams = z.object({ id: ImageName })
export const FirmwareView = z
  .object({
    id: ImageName,
    version: z.string(),
    vendor: z.string().nullable(),
    model: z.string().nullable(),
    bytes: z.int(),
    sha256: Sha256,
    signed: z.boolean().describe('updates with it are signed ones, unless they bring a signature of their own'),
    addedAt: Instant,
    addedBy: Actor,
  })
  .meta({ id: 'FirmwareImage' })
export type FirmwareView = z.infer<typeof FirmwareView>
export const FirmwareList = z.object({ items: z.array(FirmwareView) }).meta({ id: 'FirmwareImages' })
