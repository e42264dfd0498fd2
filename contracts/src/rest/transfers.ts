import { z } from 'zod'
import { Sha256 } from '../ids.ts'
import { TransferKind, TransferOutcome } from '../events/device.ts'
import { Instant } from '../quantities.ts'
import { ChargerParams } from './chargers.ts'
import { CommandAnswer } from './commands.ts'
import { AnyInstant } from './paging.ts'

const Location = z
  .string()
  .max(200)
  .regex(/^(https?|ftps?|sftp):\/\/[^\s]+$/i, 'must be a URL of http, https, ftp, ftps or sftp')
const expiresInMinutes = z
  .int()
  .min(5)
  .max(10_080)
  .describe('when it is given up, and its credential ends, unless the charger says more before')
/** The name of a file as a location may carry it: letters, digits, `.`, `_` and `-`. */
export const FileName = z
  .string()
  .max(100)
  .regex(/^(?!\.+$)[A-Za-z0-9._-]+$/, 'must be of letters, digits, ".", "_" and "-"')

export const LogBody = z
  .strictObject({
    log: z.enum(['DiagnosticsLog', 'SecurityLog']).default('DiagnosticsLog'),
    from: AnyInstant.optional(),
    until: AnyInstant.optional(),
    location: Location.optional().describe(
      'where the charger shall upload to; absent: our own file service, with a credential for this request alone',
    ),
    fileName: FileName.optional().describe('for chargers that want a name in the location of our file service'),
    expiresInMinutes: expiresInMinutes.default(120),
  })
  .refine(({ from, until }) => from === undefined || until === undefined || Date.parse(from) < Date.parse(until), {
    path: ['until'],
    error: 'must be after from',
  })
  .refine(({ location, fileName }) => location === undefined || fileName === undefined, {
    path: ['fileName'],
    error: 'is for our own file service: give it in the location',
  })
  .meta({ id: 'LogRequest', examples: [{ log: 'DiagnosticsLog' }] })

/** What firmware is, for one charger and for a campaign. */
export const firmware = {
  location: Location.optional().describe('where the charger fetches it'),
  image: FileName.optional().describe('or an image that our file service has, by its name'),
  signature: z
    .string()
    .min(1)
    .max(800)
    .optional()
    .describe('of the image, base64: the signed update of the security extension'),
  signingCertificate: z.string().min(1).max(5_500).optional().describe('PEM; with `signature`'),
  force: z
    .boolean()
    .optional()
    .describe('also to chargers of another vendor or model than the image is for, or of an unknown one'),
}
interface Firmware {
  readonly location?: string | undefined
  readonly image?: string | undefined
  readonly signature?: string | undefined
  readonly signingCertificate?: string | undefined
}
export const oneSource = [
  ({ location, image }: Firmware) => (location === undefined) !== (image === undefined),
  { path: ['location'], error: 'give either location or image' },
] as const
export const bothOrNone = [
  ({ signature, signingCertificate }: Firmware) => (signature === undefined) === (signingCertificate === undefined),
  { path: ['signingCertificate'], error: 'signature and signingCertificate come together' },
] as const

export const FirmwareBody = z
  .strictObject({
    ...firmware,
    version: z
      .string()
      .min(1)
      .max(50)
      .optional()
      .describe('what the charger must report at its boot; absent: the version of the image, else any other than now'),
    retrieveAt: AnyInstant.optional().describe('now, unless told'),
    expiresInMinutes: expiresInMinutes.default(1_440),
  })
  .refine(oneSource[0], { ...oneSource[1], path: [...oneSource[1].path] })
  .refine(bothOrNone[0], { ...bothOrNone[1], path: [...bothOrNone[1].path] })
  .meta({ id: 'FirmwareRequest', examples: [{ image: 'acme-one-2.0.1.bin', version: '2.0.1' }] })

export const TransferParams = ChargerParams.extend({ requestId: z.coerce.number().int().min(1).max(2_147_483_647) })

export const TransferView = z
  .object({
    requestId: z.int(),
    kind: TransferKind,
    begunAt: Instant,
    expiresAt: Instant,
    status: z.string().nullable().describe('the charger’s newest word: Uploading, Downloaded, Installing, …'),
    statusAt: Instant.nullable(),
    campaignId: z.string().nullable(),
    targetVersion: z.string().nullable(),
    image: z.string().nullable().describe('of our file service'),
    location: z.string().nullable().describe('where the charger was sent to, without user, password or token'),
    files: z
      .array(z.object({ name: z.string(), bytes: z.int(), sha256: Sha256 }))
      .describe('what our file service got of it'),
    outcome: TransferOutcome.nullable().describe('`null` while it goes on'),
    detail: z
      .string()
      .nullable()
      .describe(
        'why it ended so; of an update that goes on: that its charger booted with another version than is wanted',
      ),
    firmwareVersion: z.string().nullable().describe('what the charger reported at the boot that proved it'),
    endedAt: Instant.nullable(),
  })
  .meta({ id: 'Transfer' })
export type TransferView = z.infer<typeof TransferView>

export const ProtocolFrom = z.enum(['your location', 'settings', 'charger', 'make', 'not told', 'not known yet'])
export type ProtocolFrom = z.infer<typeof ProtocolFrom>

export const TransferAnswer = z
  .object({
    requestId: z.int(),
    protocol: z.string().describe('of the location'),
    protocolFrom: ProtocolFrom.describe(
      'why that protocol: settings, the charger’s own word, what its make is known for; not told: its configuration does not say; ' +
        'not known yet: its configuration was not read, and it did not answer when it was asked',
    ),
    command: CommandAnswer.describe('what came of asking the charger; `GET …/transfers` says how it goes on'),
  })
  .meta({ id: 'TransferAnswer' })
export const TransferList = z
  .object({ items: z.array(TransferView).describe('newest first; those that go on and the newest that ended') })
  .meta({ id: 'Transfers' })
