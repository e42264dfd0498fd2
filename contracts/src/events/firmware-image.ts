import { z } from 'zod'
import { Sha256 } from '../ids.ts'

/** Events of the stream `firmware-<tenant>.<name>`: an image that our own file service serves, under that name. */

const word = z.string().min(1).max(100)

/** What is known of an image; with signature and certificate it can be rolled out as a signed update (security white paper). */
export const FirmwareImage = z.object({
  vendor: word.optional(),
  model: word.optional(),
  version: z.string().min(1).max(50),
  bytes: z.int().min(1),
  sha256: Sha256,
  /** where the object store has it: each upload has a place of its own */
  object: z.string().max(500),
  /** base64, and PEM: checked against the image before it was taken */
  signature: z.string().max(800).optional(),
  signingCertificate: z.string().max(5_500).optional(),
})
export type FirmwareImage = z.infer<typeof FirmwareImage>

export const firmwareImageEvents = {
  FirmwareImageAdded: FirmwareImage,
  FirmwareImageRemoved: z.object({ object: z.string().max(500) }),
} as const
