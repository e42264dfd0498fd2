import { z } from 'zod'

export const localListUpdate = z.object({
  listVersion: z.int(),
  updateType: z.enum(['Full', 'Differential']),
  localAuthorizationList: z
    .array(
      z.object({
        idTag: z.string().min(1).max(20),
        idTagInfo: z
          .object({
            status: z.string(),
            expiryDate: z.iso.datetime({ offset: true }).optional(),
            parentIdTag: z.string().max(20).optional(),
          })
          .optional(),
      }),
    )
    .optional(),
})
export type LocalListUpdate = z.infer<typeof localListUpdate>
type Entry = NonNullable<NonNullable<LocalListUpdate['localAuthorizationList']>[number]['idTagInfo']>

/** What GetConfiguration shows of it (OCPP 1.6 §9.2). */
export const listLimits = { entries: 500, perMessage: 100 }

/** The local authorization list (OCPP 1.6 §3.5.2): kept over restarts, asked while the central system is away. */
export class LocalList {
  #entries = new Map<string, Entry>()
  #version = 0

  /** 0 = there is none. */
  get version(): number {
    return this.#version
  }

  /** SendLocalList, OCPP 1.6 §5.15. */
  update({
    listVersion,
    updateType,
    localAuthorizationList = [],
  }: LocalListUpdate): 'Accepted' | 'Failed' | 'VersionMismatch' {
    if (localAuthorizationList.length > listLimits.perMessage) return 'Failed'
    if (updateType === 'Differential' && listVersion <= this.#version) return 'VersionMismatch'
    const entries = new Map(updateType === 'Full' ? [] : this.#entries)
    for (const { idTag, idTagInfo } of localAuthorizationList) {
      const key = idTag.toUpperCase()
      if (idTagInfo) entries.set(key, idTagInfo)
      // §5.15: in a differential update an entry without idTagInfo is removed; in a full one it makes no sense
      else if (updateType === 'Full') return 'Failed'
      else entries.delete(key)
    }
    if (entries.size > listLimits.entries) return 'Failed'
    this.#entries = entries
    this.#version = listVersion
    return 'Accepted'
  }

  /** What the list says of a tag; undefined = it is not on the list. */
  status(idTag: string, now: Date): string | undefined {
    const found = this.#entries.get(idTag.toUpperCase())
    const over = found?.expiryDate !== undefined && Date.parse(found.expiryDate) <= now.getTime()
    return found?.status === 'Accepted' && over ? 'Expired' : found?.status
  }

  /** The group of a tag on the list. */
  groupOf(idTag: string): string | undefined {
    return this.#entries.get(idTag.toUpperCase())?.parentIdTag
  }
}
