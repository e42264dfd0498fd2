import type { ObjectFacts, ObjectStore } from '@voltrail/object-store/object-store'
import type { Guest } from './access.ts'
import type { FirmwareImages } from './firmware-images.ts'

export type Found =
  | { readonly outcome: 'found'; readonly facts: ObjectFacts }
  | { readonly outcome: 'forbidden' | 'absent'; readonly reason: string }

/** The image that a guest may fetch under a file name: the one of its request and no other. For every protocol. */
export type FindFirmware = (guest: Guest, fileName: string | undefined) => Promise<Found>

export const createFindFirmware =
  (store: Pick<ObjectStore, 'head'>, images: Pick<FirmwareImages, 'find'>): FindFirmware =>
  async ({ transfer }, fileName) => {
    if (transfer.kind !== 'Firmware')
      return { outcome: 'forbidden', reason: 'this credential is for uploading, not for fetching firmware' }
    if (fileName === undefined) return { outcome: 'absent', reason: 'the path names no firmware image' }
    const absent = { outcome: 'absent', reason: 'there is no firmware image of this name' } as const
    // requests of the oldest kind do not say which image they are for
    if (transfer.image !== undefined && transfer.image !== fileName) return absent
    const image = images.find(transfer.tenant, fileName)
    const facts = image && (await store.head(image.object))
    return facts === undefined ? absent : { outcome: 'found', facts }
  }
