import type { Server } from 'node:http'
import { TenantId } from '@voltrail/contracts/ids'
import type { ImageUses } from '@voltrail/contracts/file-service'
import { createObjectServer } from '@voltrail/object-store/object-server'
import type { ObjectStore } from '@voltrail/object-store/object-store'
import type { Log } from '@voltrail/runtime/log'
import type { FirmwareImages } from './firmware-images.ts'
import type { OpenTransfers } from './open-transfers.ts'

export interface InternalServerOptions {
  readonly store: ObjectStore
  readonly images: FirmwareImages
  readonly transfers: OpenTransfers
  readonly token: string
  readonly maxBytes: number
  readonly log: Log
  /** whether the log has been heard to its end: before that nobody can say what is in use */
  readonly knows: () => boolean
}

/** For the api alone, never for chargers: the objects, and what a firmware image is in use by (`/uses/<tenant>/<name>`). */
export const createInternalServer = (options: InternalServerOptions): Server => {
  const { store, images, transfers, token, maxBytes, log, knows } = options
  const usesOf = (tenant: TenantId, name: string): ImageUses => ({
    campaigns: [...images.campaignsWith(tenant, name)],
    transfers: transfers
      .all()
      .filter((one) => one.tenant === tenant && one.image === name)
      .map(({ chargerId, requestId }) => ({ chargerId, requestId })),
  })
  return createObjectServer({
    store,
    token,
    maxBytes,
    onError: (error) => log.error({ err: error }, 'an object could not be handled'),
    beside(url, response) {
      const [, tenant, name] = /^\/uses\/([^/]+)\/([^/]+)$/.exec(url.pathname) ?? []
      const owner = TenantId.safeParse(tenant)
      if (!owner.success || name === undefined) return false
      // a name that cannot be read throws, before anything is answered
      const uses = usesOf(owner.data, decodeURIComponent(name))
      if (knows()) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(uses))
      else response.writeHead(503).end()
      return true
    },
  })
}
