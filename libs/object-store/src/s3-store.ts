import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { measured } from './measured.ts'
import { checkName, placed, type ObjectFacts, type ObjectStore } from './object-store.ts'

export interface S3Options {
  /** `https://s3.example.com`; absent: that of AWS for the region */
  readonly endpoint?: string
  readonly region: string
  readonly bucket: string
  /** before every name, like `voltrail/`; absent: none */
  readonly prefix?: string
  /** absent: what the surroundings give (environment, instance, web identity) */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** larger files go up in parts of this size, a few of them held in memory: an object may have 10,000 */
const partBytes = 8 * 1024 * 1024

const absent = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404

export interface S3Store extends ObjectStore {
  close(): void
}

/**
 * Objects in an S3-compatible store: a put shows its object only when it is whole. The bucket has to be there. The parts of an
 * upload that broke are aborted; a rule of the bucket should remove those of a process that died.
 */
export const openS3Store = async (options: S3Options): Promise<S3Store> => {
  const { endpoint, region, bucket: Bucket, prefix = '', credentials } = options
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
    // what not every compatible store knows is sent only where it is asked for
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  await client.send(new HeadBucketCommand({ Bucket })).catch((error: unknown) => {
    client.destroy()
    const where = endpoint ?? `S3 in ${region}`
    throw new Error(
      absent(error)
        ? `${where} has no bucket ${Bucket}: make it, or name another one`
        : `the bucket ${Bucket} of ${where} cannot be used: check the address and the key`,
      { cause: error },
    )
  })
  const at = (name: string) => ({ Bucket, Key: prefix + checkName(name) })

  const head = async (name: string): Promise<ObjectFacts | undefined> => {
    try {
      const { ContentLength = 0, LastModified = new Date(0) } = await client.send(new HeadObjectCommand(at(name)))
      return { name, bytes: ContentLength, storedAt: LastModified }
    } catch (error) {
      if (absent(error)) return undefined
      throw error
    }
  }

  return {
    head,
    async put(name, content, { maxBytes }) {
      const { stream, result } = measured(maxBytes)
      const upload = new Upload({ client, params: { ...at(name), Body: stream }, partSize: partBytes, queueSize: 2 })
      // both ends: the upload must end when the source breaks, and the source must not wait when the upload does
      const [sent, stored] = await Promise.allSettled([
        pipeline(content, stream),
        upload.done().catch((error: unknown) => {
          stream.destroy(error as Error)
          throw error
        }),
      ])
      if (sent.status === 'rejected') throw sent.reason
      if (stored.status === 'rejected') throw stored.reason
      return result()
    },
    async get(name, range) {
      const facts = await head(name)
      if (facts === undefined) return undefined
      const { first, last } = placed(name, facts.bytes, range)
      if (facts.bytes === 0) return { bytes: 0, first, last, content: Readable.from([]) }
      const { Body } = await client.send(new GetObjectCommand({ ...at(name), Range: `bytes=${first}-${last}` }))
      if (!(Body instanceof Readable)) throw new Error(`${name} came without a body`)
      return { bytes: facts.bytes, first, last, content: Body }
    },
    async *list(beginning) {
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix: prefix + beginning }))
        for (const { Key, Size = 0, LastModified = new Date(0) } of Contents)
          if (Key !== undefined) yield { name: Key.slice(prefix.length), bytes: Size, storedAt: LastModified }
    },
    async delete(name) {
      await client.send(new DeleteObjectCommand(at(name)))
    },
    close: () => client.destroy(),
  }
}
