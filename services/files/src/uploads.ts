import { createHash, randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { StoredFile } from '@voltrail/contracts/events/device'
import { decodeToken, encodeToken } from '@voltrail/contracts/tokens'
import type { TransferProtocol } from '@voltrail/domain/device/transfer-credential'
import type { ObjectStore } from '@voltrail/object-store/object-store'
import type { Guest } from './access.ts'
import type { OpenTransfer, OpenTransfers } from './open-transfers.ts'

/** What the log says to a file; `unavailable`: nothing, and asking again is harmless. */
export type Recorded =
  | { readonly outcome: 'recorded'; readonly changed: boolean }
  | { readonly outcome: 'refused' | 'unavailable'; readonly reason: string }
export type RecordFile = (transfer: OpenTransfer, file: StoredFile, protocol: string) => Promise<Recorded>

export type Taken =
  | { readonly outcome: 'taken'; readonly file: StoredFile }
  /** the request has ended meanwhile, or asks for no file */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** stored, but not in the log yet: the charger should try again, and need not */
  | { readonly outcome: 'later'; readonly reason: string }

export interface Uploads {
  /**
   * Stores a file and has it written into the log; only then is it `taken`. `name` as the charger gave it, if it did.
   * @throws {TooLarge} and the stream's own error when it breaks; then nothing is stored
   */
  take(guest: Guest, name: string | undefined, content: Readable): Promise<Taken>
  /** Takes up what an earlier process stored of requests, open or lately ended, and may not have had written. */
  recover(): Promise<void>
  /** Has written what is stored and could not be written. */
  retry(): Promise<void>
  waiting(): number
}

export interface UploadsOptions {
  readonly store: ObjectStore
  readonly transfers: OpenTransfers
  readonly record: RecordFile
  readonly maxBytes: number
  /** ms since 1970 */
  readonly now: () => number
}

/** What was uploaded of a request that has ended is looked for so long after its end, in ms. */
const lateMs = 86_400_000
/**
 * An upload that began while its request was open may end so long after it, in ms: chargers say `Uploaded` while they still send,
 * and a slow modem outlasts the expiry. What comes later still is refused; what was stored in time is written whenever the log is
 * there.
 */
export const lateUploadMs = 30 * 60_000

interface Pending {
  readonly transfer: OpenTransfer
  readonly file: StoredFile
  readonly protocol: string
}

/** `transfers/<tenant>/<charger>/<request>/`: a place of each request's own, so that no name is in another's way. */
export const placeOf = ({ tenant, chargerId, requestId }: OpenTransfer): string =>
  `transfers/${tenant}/${encodeToken(chargerId)}/${requestId}/`

/** the part of a path after its last slash, without what no file of ours should be called */
const cleaned = (name: string | undefined): string => {
  const last = name?.split(/[/\\]/).findLast((part) => part !== '') ?? ''
  return (
    last
      // oxlint-disable-next-line no-control-regex -- these are what is taken out
      .replaceAll(/[\u0000-\u001f\u007f]/g, '')
      .toWellFormed()
      .slice(0, 255)
  )
}

/** The last part of an object's name: `<uuid>.<protocol>.<name as a token>`, the name cut to what fits. */
const objectPart = (protocol: TransferProtocol, name: string): string => {
  let kept = name
  while (encodeToken(kept).length > 140) kept = [...kept].slice(0, -1).join('')
  return `${randomUUID()}.${protocol}.${encodeToken(kept)}`
}

export const createUploads = ({ store, transfers, record, maxBytes, now }: UploadsOptions): Uploads => {
  /** by object: stored, and not known to be in the log */
  const pending = new Map<string, Pending>()

  /** Whatever was let in was so while its request was open; that may have ended meanwhile. */
  const lately = () => [...transfers.all(), ...transfers.endedSince(now() - lateMs)]

  /** The files that the log has of this request as far as it was heard, without changing what `transfer` says of itself. */
  const recordedAt = ({ tenant, chargerId, requestId }: OpenTransfer, sha256: string): string | undefined =>
    lately()
      .find((one) => one.requestId === requestId && one.tenant === tenant && one.chargerId === chargerId)
      ?.files.find((file) => file.sha256 === sha256)?.object

  /** The request ended so long ago that nobody waits for what comes of it now. */
  const isTooLate = (one: OpenTransfer): boolean => {
    const ended = transfers.endedSince(0).find((other) => placeOf(other) === placeOf(one))
    return ended !== undefined && ended.endedAt + lateUploadMs < now()
  }

  const settle = async (one: Pending): Promise<Taken> => {
    const { transfer, file, protocol } = one
    pending.set(file.object, one)
    const recorded = await record(transfer, file, protocol)
    switch (recorded.outcome) {
      case 'unavailable':
        return { outcome: 'later', reason: recorded.reason }
      case 'refused':
        await store.delete(file.object)
        pending.delete(file.object)
        return { outcome: 'refused', reason: recorded.reason }
      case 'recorded': {
        // A repeat: the log may name this very object (its first answer was lost) or one of the same content. Deleted only when
        // the log is known to name another.
        const named = recorded.changed ? file.object : recordedAt(transfer, file.sha256)
        if (named !== undefined && named !== file.object) await store.delete(file.object)
        pending.delete(file.object)
        return { outcome: 'taken', file }
      }
      default:
        return recorded satisfies never
    }
  }

  return {
    async take({ transfer, protocol }, givenName, content) {
      if (transfer.kind === 'Firmware')
        return { outcome: 'refused', reason: 'this credential is for fetching firmware, not for uploading' }
      const name = cleaned(givenName) || `${transfer.kind}-${transfer.requestId}`
      const object = `${placeOf(transfer)}${objectPart(protocol, name)}`
      const stored = await store.put(object, content, { maxBytes })
      if (isTooLate(transfer)) {
        await store.delete(object)
        const minutes = lateUploadMs / 60_000
        return {
          outcome: 'refused',
          reason: `its request ended more than ${minutes} minutes ago: ask for the log anew`,
        }
      }
      const samePlace = placeOf(transfer)
      const before = [...pending.values()].find(
        ({ file }) => file.sha256 === stored.sha256 && file.object.startsWith(samePlace),
      )
      if (before === undefined) return settle({ transfer, protocol, file: { name, ...stored, object } })
      await store.delete(object)
      return settle(before)
    },
    async recover() {
      for (const transfer of lately()) {
        if (transfer.kind === 'Firmware') continue
        for await (const { name: object } of store.list(placeOf(transfer))) {
          if (pending.has(object) || transfer.files.some((file) => file.object === object)) continue
          const opened = await store.get(object)
          if (opened === undefined) continue
          const hash = createHash('sha256')
          for await (const chunk of opened.content) hash.update(chunk as Uint8Array)
          const [, protocol = '', token = ''] = object.slice(placeOf(transfer).length).split('.')
          const file = { name: decodeToken(token), bytes: opened.bytes, sha256: hash.digest('hex'), object }
          await settle({ transfer, protocol, file })
        }
      }
    },
    async retry() {
      for (const one of pending.values()) await settle(one)
    },
    waiting: () => pending.size,
  }
}
