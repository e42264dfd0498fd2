import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import type { StoredFile, TransferKind } from '@voltrail/contracts/events/device'
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

export interface OpenTransfers {
  hear(event: LogEvent): void
  find(owner: string, requestId: number): OpenTransfer | undefined
  /**
   * As `find`, but lets the log catch up for `withinMs`: a charger may be here before this process has heard that it was asked.
   * A transfer that has ended is not waited for.
   */
  await(owner: string, requestId: number, withinMs: number): Promise<OpenTransfer | undefined>
  all(): readonly OpenTransfer[]
}

/** so many ended ones are remembered of a charger, which is who is told at once */
const keptEnded = 20

interface Charger {
  readonly open: Map<number, OpenTransfer>
  ended: readonly number[]
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
          const { open } = charger()
          const one = open.get(event.data.requestId)
          if (one !== undefined) open.set(one.requestId, { ...one, files: [...one.files, event.data.file] })
          break
        }
        case 'TransferEnded': {
          const one = charger()
          one.open.delete(event.data.requestId)
          one.ended = [...one.ended, event.data.requestId].slice(-keptEnded)
          break
        }
        case 'DeviceSummarised': {
          // what came before it need not be there any more
          const { open } = charger()
          const transfers = event.data.summary.transfers ?? []
          open.clear()
          for (const { requestId, kind, files, image } of transfers) {
            const known = { tenant, chargerId, requestId, kind, files }
            open.set(requestId, image === undefined ? known : { ...known, image })
          }
          break
        }
        default:
          return
      }
      for (const tell of waiting) tell()
    },
    await(owner, requestId, withinMs) {
      const settled = () => find(owner, requestId) !== undefined || chargers.get(owner)?.ended.includes(requestId)
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
