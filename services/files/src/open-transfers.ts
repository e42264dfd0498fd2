import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import type { StoredFile, Transfer, TransferKind } from '@voltrail/contracts/events/device'
import { parseStream } from '@voltrail/contracts/streams'
import { transferOwner } from '@voltrail/domain/device/transfer-credential'
import type { LogEvent } from '@voltrail/event-store/event-log'

/** A transfer that a charger may still use its credential for, as the log has it. */
export interface OpenTransfer {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  readonly requestId: number
  readonly kind: TransferKind
  readonly files: readonly StoredFile[]
  /** of firmware from here: its name */
  readonly image?: string
}

/** `endedAt` in ms since 1970 */
export interface EndedTransfer extends OpenTransfer {
  readonly endedAt: number
}

export interface OpenTransfers {
  hear(event: LogEvent): void
  find(owner: string, requestId: number): OpenTransfer | undefined
  /**
   * As `find`, but lets the log catch up for `withinMs`: a charger may be here before this process has heard that it was asked.
   * A transfer that has ended is not waited for.
   */
  await(owner: string, requestId: number, withinMs: number): Promise<OpenTransfer | undefined>
  all(): readonly OpenTransfer[]
  /** Those that have ended since then (ms since 1970): what began to be uploaded before may still come. */
  endedSince(since: number): readonly EndedTransfer[]
}

/** so many ended ones are remembered of a charger, which is told so at once */
const keptEnded = 20

interface Charger {
  readonly open: Map<number, OpenTransfer>
  ended: readonly EndedTransfer[]
}

/** What the device streams say of transfers, found by what a user name says in the place of tenant and charger. */
export const createOpenTransfers = (key: Uint8Array): OpenTransfers => {
  const chargers = new Map<string, Charger>()
  const waiting = new Set<() => void>()
  const chargerOf = (owner: string): Charger => {
    const known = chargers.get(owner) ?? { open: new Map(), ended: [] }
    chargers.set(owner, known)
    return known
  }
  const find = (owner: string, requestId: number) => chargers.get(owner)?.open.get(requestId)

  return {
    find,
    all: () => [...chargers.values()].flatMap(({ open }) => [...open.values()]),
    endedSince: (since) =>
      [...chargers.values()].flatMap(({ ended }) => ended.filter(({ endedAt }) => endedAt >= since)),
    hear(event) {
      const address = parseStream(event.stream)
      if (address?.category !== 'device') return
      const { tenant, chargerId } = address
      const charger = () => chargerOf(transferOwner(tenant, chargerId, key))
      switch (event.type) {
        case 'TransferBegun': {
          const { requestId, kind, image } = event.data
          const known = { tenant, chargerId, requestId, kind, files: [] }
          charger().open.set(requestId, image === undefined ? known : { ...known, image })
          break
        }
        case 'FileReceived': {
          const { file, requestId } = event.data
          const known = charger()
          const one = known.open.get(requestId)
          if (one !== undefined) known.open.set(requestId, { ...one, files: [...one.files, file] })
          else
            known.ended = known.ended.map((ended) =>
              ended.requestId === requestId ? { ...ended, files: [...ended.files, file] } : ended,
            )
          break
        }
        case 'TransferEnded': {
          const known = charger()
          const one = known.open.get(event.data.requestId)
          if (one === undefined) break
          known.open.delete(one.requestId)
          const endedAt = Date.parse(event.metadata.receivedAt)
          known.ended = [...known.ended, { ...one, endedAt }].slice(-keptEnded)
          break
        }
        case 'DeviceSummarised': {
          // what came before it need not be there any more
          const known = charger()
          const { transfers = [], endedTransfers = [] } = event.data.summary
          const asKept = ({ requestId, kind, files, image }: Transfer): OpenTransfer => {
            const one = { tenant, chargerId, requestId, kind, files }
            return image === undefined ? one : { ...one, image }
          }
          known.open.clear()
          for (const one of transfers) known.open.set(one.requestId, asKept(one))
          known.ended = endedTransfers.map((one) => ({ ...asKept(one), endedAt: Date.parse(one.endedAt) }))
          break
        }
        default:
          return
      }
      for (const tell of waiting) tell()
    },
    await(owner, requestId, withinMs) {
      const settled = () =>
        find(owner, requestId) !== undefined ||
        chargers.get(owner)?.ended.some((one) => one.requestId === requestId) === true
      if (settled()) return Promise.resolve(find(owner, requestId))
      return new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer)
          waiting.delete(look)
          resolve(find(owner, requestId))
        }
        const look = () => {
          if (settled()) end()
        }
        const timer = setTimeout(end, withinMs)
        waiting.add(look)
      })
    },
  }
}
