import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { OutOfRange, TooLarge, type ObjectStore } from '@voltrail/object-store/object-store'
import type { Log } from '@voltrail/runtime/log'
import type { Guest } from './access.ts'
import type { FindFirmware } from './firmware.ts'
import type { Uploads } from './uploads.ts'

export interface TransferDoors {
  readonly uploads: Uploads
  readonly store: ObjectStore
  readonly findFirmware: FindFirmware
  readonly log: Log
}

/** A code of RFC 959 §4.2 and what is said with it. */
export type Reply = readonly [code: number, text: string]

/** the part of a path after its last slash; undefined: it names no file */
export const lastPart = (path: string): string | undefined => path.split(/[/\\]/).at(-1) || undefined

/** Takes a file; 226 says that it is in the log. */
export const storeFile = async (
  { uploads, log }: TransferDoors,
  guest: Guest,
  path: string,
  data: Socket,
): Promise<Reply> => {
  try {
    const taken = await uploads.take(guest, lastPart(path), data)
    switch (taken.outcome) {
      case 'taken':
        return [226, 'stored']
      case 'refused':
        return [550, taken.reason]
      case 'later':
        return [451, 'stored, but not confirmed yet: try again']
      default:
        return taken satisfies never
    }
  } catch (error) {
    if (error instanceof TooLarge) return [552, error.message]
    if (data.errored !== null || data.destroyed) return [426, 'the data connection broke: nothing was stored']
    log.error({ err: error, protocol: guest.protocol }, 'a transfer failed')
    return [451, 'the file could not be handled']
  }
}

/** Sends the image of the guest's request from a byte on. `data` is asked for once there is something to send. */
export const sendFirmware = async (
  { store, findFirmware, log }: TransferDoors,
  guest: Guest,
  path: string,
  first: number,
  data: () => Promise<Socket>,
): Promise<Reply> => {
  const found = await findFirmware(guest, lastPart(path))
  if (found.outcome !== 'found') return [550, found.reason]
  const { name, bytes } = found.facts
  if (first === bytes && first > 0) {
    ;(await data()).end()
    return [226, 'there is nothing after that']
  }
  try {
    const opened = await store.get(name, bytes === 0 && first === 0 ? undefined : { first })
    if (opened === undefined) return [550, 'there is no firmware image of this name']
    try {
      await pipeline(opened.content, await data())
    } finally {
      opened.content.destroy()
    }
    return [226, 'sent']
  } catch (error) {
    if (error instanceof OutOfRange) return [550, `it has ${error.bytes} bytes: nothing begins at ${first}`]
    log.info({ err: error, protocol: guest.protocol }, 'a download was broken off')
    return [426, 'the data connection broke']
  }
}
