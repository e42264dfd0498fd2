import type { FirmwareImageEvent } from '@voltrail/contracts/events/registry'
import { ImageName } from '@voltrail/contracts/ids'
import { firmwareStream } from '@voltrail/contracts/streams'
import { firmwareImage, type FirmwareImageState } from '@voltrail/domain/firmware-image'
import { foldStream } from './log-reads.ts'
import { ApiProblem } from './problem.ts'
import type { Sources } from './sources.ts'

/** An image of our file service as its stream knows it. */
export const readFirmwareImage = async ({ log, tenant }: Sources, name: ImageName): Promise<FirmwareImageState> =>
  (await foldStream<FirmwareImageState, FirmwareImageEvent>(log, firmwareImage, firmwareStream(tenant, name))).state

/**
 * The image that a request names, with the signature that chargers check: the request's own, else the image's. Throws a 422 when
 * there is no such image. Nothing for a request that names none.
 */
export const namedImage = async (
  sources: Sources,
  asked: {
    readonly image?: string | undefined
    readonly signature?: string | undefined
    readonly signingCertificate?: string | undefined
  },
): Promise<{ readonly image?: ImageName; readonly signature?: string; readonly signingCertificate?: string }> => {
  const { signature, signingCertificate } = asked
  const own = signature === undefined || signingCertificate === undefined ? {} : { signature, signingCertificate }
  if (asked.image === undefined) return own
  const image = ImageName.parse(asked.image)
  const { image: known } = await readFirmwareImage(sources, image)
  if (known === undefined)
    throw new ApiProblem(
      'refused',
      `There is no firmware image ${JSON.stringify(image)}: upload it first (POST /v1/firmware).`,
    )
  return known.signature === undefined || known.signingCertificate === undefined
    ? { image, ...own }
    : { image, signature: known.signature, signingCertificate: known.signingCertificate, ...own }
}
