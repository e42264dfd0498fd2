import type { FirmwareImage } from '@voltrail/contracts/events/firmware-image'
import type { FirmwareImageEvent } from '@voltrail/contracts/events/registry'
import type { Actor } from '@voltrail/contracts/charger-commands'
import type { Instant } from '@voltrail/contracts/quantities'
import { accept, reject, type Aggregate, type Decision, type Recorded } from './decider.ts'

/** A firmware image under its name: `firmware-<tenant>.<name>`. A name means one content until it is removed. */

export interface FirmwareImageState {
  /** undefined: there is none, or not any more */
  readonly image?: FirmwareImage & { readonly addedAt: Instant; readonly addedBy: Actor }
}

const evolve = (_state: FirmwareImageState, event: Recorded<FirmwareImageEvent>): FirmwareImageState => {
  switch (event.type) {
    case 'FirmwareImageAdded':
      return { image: { ...event.data, addedAt: event.metadata.receivedAt, addedBy: event.metadata.actor } }
    case 'FirmwareImageRemoved':
      return {}
    default:
      return event satisfies never
  }
}

export const firmwareImage: Aggregate<FirmwareImageState, FirmwareImageEvent> = { initialState: {}, evolve }

/** What makes two uploads of one name the same image. */
const described = ({ vendor, model, version, sha256, signature, signingCertificate }: FirmwareImage): string =>
  JSON.stringify([vendor, model, version, sha256, signature, signingCertificate])

/** Takes an image under a name that is free. The same image again changes nothing; `object` of the first upload stays its place. */
export const addFirmwareImage = (
  image: FirmwareImage,
  { image: known }: FirmwareImageState,
): Decision<FirmwareImageEvent, { readonly kind: 'name-taken'; readonly detail: string }> => {
  if (known === undefined) return accept<FirmwareImageEvent>({ type: 'FirmwareImageAdded', data: image })
  return described(known) === described(image)
    ? accept()
    : reject({
        kind: 'name-taken',
        detail: `this name is another image (version ${known.version}, SHA-256 ${known.sha256}): take another name, or remove that one first`,
      })
}

/** What a charger says that it is. */
export interface Make {
  readonly vendor?: string | null | undefined
  readonly model?: string | null | undefined
}

/**
 * Why an image is not for a charger; undefined: it is, as far as the image says what it is for. Case and blanks at the ends do not
 * count: chargers are not consistent in them. A charger that never said what it is could be anything.
 */
export const unfitFor = (
  image: Pick<FirmwareImage, 'vendor' | 'model'>,
  charger: Make,
): 'of another make' | 'of a make that is not known yet' | undefined => {
  const told = (['vendor', 'model'] as const).filter((part) => image[part] !== undefined)
  const plain = (text: string | null | undefined) => text?.trim().toLowerCase() ?? ''
  if (told.some((part) => plain(charger[part]) !== '' && plain(charger[part]) !== plain(image[part])))
    return 'of another make'
  return told.some((part) => plain(charger[part]) === '') ? 'of a make that is not known yet' : undefined
}

/** A make as it is told: vendor and model, as far as there are. */
export const makeText = ({ vendor, model }: Make): string =>
  [vendor, model].filter((part) => part !== undefined && part !== null && part !== '').join(' ') || 'unknown'

/** Chargers cannot fetch it any more. `object` names what is meant, so that a late request removes no later image. */
export const removeFirmwareImage = (
  { object }: { readonly object: string },
  { image }: FirmwareImageState,
): Decision<FirmwareImageEvent> =>
  image?.object === object ? accept<FirmwareImageEvent>({ type: 'FirmwareImageRemoved', data: { object } }) : accept()
