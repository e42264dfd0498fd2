import type { FirmwareImage } from '@voltrail/contracts/events/firmware-image'
import type { FirmwareImageEvent } from '@voltrail/contracts/events/registry'
import { ImageName, type ChargerId } from '@voltrail/contracts/ids'
import { firmwareStream } from '@voltrail/contracts/streams'
import { firmwareImage, makeText, unfitFor, type FirmwareImageState, type Make } from '@voltrail/domain/firmware-image'
import { foldStream } from './log-reads.ts'
import { ApiProblem } from './problem.ts'
import type { Sources } from './sources.ts'

/** An image of our file service as its stream knows it. */
export const readFirmwareImage = async ({ log, tenant }: Sources, name: ImageName): Promise<FirmwareImageState> =>
  (await foldStream<FirmwareImageState, FirmwareImageEvent>(log, firmwareImage, firmwareStream(tenant, name))).state

/** What a request for firmware comes to. */
export interface NamedFirmware {
  readonly image?: ImageName
  /** what the charger must report: the image's, where the request names none */
  readonly version?: string
  /** what the image is for, as far as it was said */
  readonly make: Pick<FirmwareImage, 'vendor' | 'model'>
  readonly signed: { readonly signature: string; readonly signingCertificate: string } | undefined
}

/**
 * The image that a request names, its version, and the signature that chargers check: the request's own, else the image's. Throws a
 * 422 when there is no such image, or when it is another version than the request says.
 */
export const namedImage = async (
  sources: Sources,
  asked: {
    readonly image?: string | undefined
    readonly version?: string | undefined
    readonly signature?: string | undefined
    readonly signingCertificate?: string | undefined
  },
): Promise<NamedFirmware> => {
  const { version, signature, signingCertificate } = asked
  const own =
    signature === undefined || signingCertificate === undefined ? undefined : { signature, signingCertificate }
  if (asked.image === undefined) return { ...(version === undefined ? {} : { version }), make: {}, signed: own }
  const image = ImageName.parse(asked.image)
  const { image: known } = await readFirmwareImage(sources, image)
  if (known === undefined)
    throw new ApiProblem(
      'refused',
      `There is no firmware image ${JSON.stringify(image)}: upload it first (POST /v1/firmware).`,
    )
  if (version !== undefined && version !== known.version)
    throw new ApiProblem(
      'refused',
      `The image ${image} is version ${JSON.stringify(known.version)}, not ${JSON.stringify(version)}: no charger would ever report that. Leave the version out, or name the image of that version.`,
    )
  const ofImage =
    known.signature === undefined || known.signingCertificate === undefined
      ? undefined
      : { signature: known.signature, signingCertificate: known.signingCertificate }
  return { image, version: known.version, make: known, signed: own ?? ofImage }
}

/** Throws a 422 that names both makes where the image is for others than these chargers. */
export const refuseOtherMake = (
  { image, make }: NamedFirmware,
  chargers: readonly (Make & { readonly chargerId: ChargerId })[],
): void => {
  const unfit = chargers.flatMap((one) => {
    const why = unfitFor(make, one)
    return why === undefined ? [] : [`${one.chargerId} (${makeText(one)}) is ${why}`]
  })
  if (image === undefined || unfit.length === 0) return
  const more = unfit.length > 5 ? `; and ${unfit.length - 5} more` : ''
  throw new ApiProblem(
    'refused',
    `The image ${image} is for ${makeText(make)}: ${unfit.slice(0, 5).join('; ')}${more}. If it is meant for them all the same, say so with "force": true.`,
  )
}
