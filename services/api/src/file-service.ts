import { ImageUses } from '@voltrail/contracts/file-service'
import type { ImageName, TenantId } from '@voltrail/contracts/ids'
import { fileServiceToken } from '@voltrail/domain/device/transfer-credential'
import type { ObjectStore } from '@voltrail/object-store/object-store'
import { openRemoteStore } from '@voltrail/object-store/remote-store'
import { ApiProblem, unavailable } from './problem.ts'

/** What the routes have of the file service: its objects, and what an image is in use by. */
export interface FileServiceClient {
  readonly objects: ObjectStore
  /** of one image */
  readonly maxBytes: number
  usesOf(image: ImageName): Promise<ImageUses>
}

/** @param url of the file service's internal port; `key` the same as its own */
export const connectFileService = (options: {
  readonly url: string
  readonly key: Uint8Array
  readonly tenant: TenantId
  readonly maxBytes: number
}): FileServiceClient => {
  const { url, tenant, maxBytes } = options
  const token = fileServiceToken(options.key)
  return {
    objects: openRemoteStore({ url, token }),
    maxBytes,
    async usesOf(image) {
      const response = await fetch(new URL(`/uses/${tenant}/${encodeURIComponent(image)}`, url), {
        headers: { authorization: `Bearer ${token}` },
      }).catch((error: unknown) => {
        throw unavailable('The file service is away for now. Ask again.', error)
      })
      if (!response.ok)
        throw unavailable(`The file service cannot say what uses the image (${response.status}). Ask again.`)
      return ImageUses.parse(await response.json())
    },
  }
}

/** @throws {ApiProblem} where none is set up */
export const fileServiceOf = ({
  fileService,
}: {
  readonly fileService: FileServiceClient | undefined
}): FileServiceClient => {
  if (fileService === undefined)
    throw new ApiProblem('refused', 'No file service is set up: set FILES_INTERNAL_URL and FILES_KEY.')
  return fileService
}
