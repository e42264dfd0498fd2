import { PassThrough, type Readable } from 'node:stream'
import type { Attributes, SFTPWrapper } from 'ssh2'
import { utils } from 'ssh2'
import type { Guest } from './access.ts'
import { lastPart, type TransferDoors } from './ftp-transfer.ts'
import type { Taken } from './uploads.ts'

const { STATUS_CODE, OPEN_MODE } = utils.sftp

/** a charger holds one file open, or two */
const mostHandles = 4
const longestRead = 256 * 1024

interface Upload {
  readonly kind: 'upload'
  readonly content: PassThrough
  readonly taken: Promise<Taken>
  /** of what has come: SFTP writes at offsets, and a file is taken as it comes */
  bytes: number
  failed?: string
}
interface Download {
  readonly kind: 'download'
  readonly object: string
  readonly bytes: number
}
type Handle = Upload | Download | { readonly kind: 'folder' }

/**
 * The subsystem `sftp` (draft-ietf-secsh-filexfer-02) for one charger: every folder is there and empty, only the last part of a path
 * means anything. CLOSE of an upload is answered once the file is in the log. Files are written from their begin to their end.
 * @returns what ends all that is under way
 */
export const serveSftp = (sftp: SFTPWrapper, guest: Guest, doors: TransferDoors): (() => void) => {
  const { uploads, store, findFirmware, log } = doors
  const handles = new Map<number, Handle>()
  const reading = new Set<Readable>()
  let last = 0
  const held = (handle: Buffer): Handle | undefined =>
    handle.length === 4 ? handles.get(handle.readUInt32BE(0)) : undefined
  const open = (request: number, handle: Handle): void => {
    last += 1
    handles.set(last, handle)
    const name = Buffer.alloc(4)
    name.writeUInt32BE(last)
    sftp.handle(request, name)
  }
  const refuse = (request: number, code: number, why: string): void => sftp.status(request, code, why)
  const file = (size: number): Attributes => ({ mode: 0o100600, uid: 0, gid: 0, size, atime: 0, mtime: 0 })
  const folder: Attributes = { mode: 0o040700, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 }
  const guarded =
    <A extends readonly unknown[]>(run: (request: number, ...rest: A) => Promise<void> | void) =>
    (request: number, ...rest: A): void => {
      Promise.resolve()
        .then(() => run(request, ...rest))
        .catch((error: unknown) => {
          log.error({ err: error, protocol: 'sftp' }, 'a request of SFTP failed')
          refuse(request, STATUS_CODE.FAILURE, 'this could not be done')
        })
    }

  const take = (request: number, path: string): void => {
    if (guest.transfer.kind === 'Firmware')
      return refuse(
        request,
        STATUS_CODE.PERMISSION_DENIED,
        'this credential is for fetching firmware, not for uploading',
      )
    const content = new PassThrough()
    content.on('error', () => undefined)
    const taken = uploads.take(guest, lastPart(path), content)
    const upload: Upload = { kind: 'upload', content, taken, bytes: 0 }
    taken.catch((error: Error) => {
      upload.failed = error.message
      content.destroy()
    })
    return open(request, upload)
  }

  sftp.on(
    'OPEN',
    guarded(async (request: number, path: string, flags: number) => {
      if (handles.size >= mostHandles) return refuse(request, STATUS_CODE.FAILURE, 'too many files are open')
      if ((flags & OPEN_MODE.APPEND) !== 0)
        return refuse(request, STATUS_CODE.OP_UNSUPPORTED, 'send the whole file: nothing is appended')
      if ((flags & OPEN_MODE.WRITE) !== 0) return take(request, path)
      const found = await findFirmware(guest, lastPart(path))
      if (found.outcome === 'found')
        return open(request, { kind: 'download', object: found.facts.name, bytes: found.facts.bytes })
      const { NO_SUCH_FILE, PERMISSION_DENIED } = STATUS_CODE
      return refuse(request, found.outcome === 'absent' ? NO_SUCH_FILE : PERMISSION_DENIED, found.reason)
    }),
  )
  sftp.on(
    'WRITE',
    guarded(async (request: number, handle: Buffer, offset: number, data: Buffer) => {
      const upload = held(handle)
      if (upload?.kind !== 'upload') return refuse(request, STATUS_CODE.FAILURE, 'this handle is not for writing')
      if (upload.failed !== undefined) return refuse(request, STATUS_CODE.FAILURE, upload.failed)
      if (offset !== upload.bytes) {
        upload.failed = 'write the file from its begin to its end'
        upload.content.destroy(new Error(upload.failed))
        return refuse(request, STATUS_CODE.OP_UNSUPPORTED, upload.failed)
      }
      upload.bytes += data.length
      // the next is asked for once there is room: that bounds what is held
      if (!upload.content.write(data))
        await new Promise<void>((resolve) => {
          const done = () => {
            upload.content.off('drain', done).off('close', done)
            resolve()
          }
          upload.content.on('drain', done).on('close', done)
        })
      const { failed } = upload
      return failed === undefined ? sftp.status(request, STATUS_CODE.OK) : refuse(request, STATUS_CODE.FAILURE, failed)
    }),
  )
  sftp.on(
    'READ',
    guarded(async (request: number, handle: Buffer, offset: number, length: number) => {
      const download = held(handle)
      if (download?.kind !== 'download') return refuse(request, STATUS_CODE.FAILURE, 'this handle is not for reading')
      if (offset >= download.bytes) return refuse(request, STATUS_CODE.EOF, 'this is its end')
      const range = { first: offset, last: offset + Math.min(length, longestRead) - 1 }
      const opened = await store.get(download.object, range)
      if (opened === undefined) return refuse(request, STATUS_CODE.NO_SUCH_FILE, 'the image is not there any more')
      reading.add(opened.content)
      try {
        const parts: Buffer[] = []
        for await (const part of opened.content) parts.push(part as Buffer)
        return sftp.data(request, Buffer.concat(parts))
      } finally {
        reading.delete(opened.content)
      }
    }),
  )
  sftp.on(
    'CLOSE',
    guarded(async (request: number, handle: Buffer) => {
      const one = held(handle)
      if (one === undefined) return refuse(request, STATUS_CODE.FAILURE, 'there is no such handle')
      handles.delete(handle.readUInt32BE(0))
      if (one.kind !== 'upload') return sftp.status(request, STATUS_CODE.OK)
      if (one.failed !== undefined) return refuse(request, STATUS_CODE.FAILURE, one.failed)
      one.content.end()
      const taken = await one.taken.catch((error: Error) => ({ outcome: 'refused', reason: error.message }) as const)
      if (taken.outcome === 'taken') return sftp.status(request, STATUS_CODE.OK)
      return refuse(request, STATUS_CODE.FAILURE, taken.reason)
    }),
  )
  const stat = guarded(async (request: number, path: string) => {
    const found = await findFirmware(guest, lastPart(path))
    if (found.outcome === 'found') return sftp.attrs(request, file(found.facts.bytes))
    // a path that may be a folder is one; a name with a dot is a file that is not there yet
    return /\.[^./]+$/.test(path)
      ? refuse(request, STATUS_CODE.NO_SUCH_FILE, found.reason)
      : sftp.attrs(request, folder)
  })
  sftp.on('STAT', stat)
  sftp.on('LSTAT', stat)
  sftp.on('FSTAT', (request, handle) => {
    const one = held(handle)
    if (one === undefined) refuse(request, STATUS_CODE.FAILURE, 'there is no such handle')
    else sftp.attrs(request, one.kind === 'folder' ? folder : file(one.bytes))
  })
  sftp.on('REALPATH', (request, path) => {
    const parts: string[] = []
    for (const part of path.split('/')) {
      if (part === '..') parts.pop()
      else if (part !== '' && part !== '.') parts.push(part)
    }
    const filename = `/${parts.join('/')}`
    sftp.name(request, [{ filename, longname: filename, attrs: folder }])
  })
  sftp.on('OPENDIR', (request) => open(request, { kind: 'folder' }))
  sftp.on('READDIR', (request) => refuse(request, STATUS_CODE.EOF, 'it is empty'))
  // what stacks do around an upload; every folder is there, and attributes mean nothing
  for (const harmless of ['SETSTAT', 'FSETSTAT', 'MKDIR'] as const)
    sftp.on(harmless, (request: number) => sftp.status(request, STATUS_CODE.OK))
  for (const refused of ['REMOVE', 'RMDIR', 'RENAME', 'READLINK', 'SYMLINK'] as const)
    sftp.on(refused as 'REMOVE', (request: number) =>
      refuse(request, STATUS_CODE.PERMISSION_DENIED, 'this is not done here'),
    )
  return () => {
    for (const one of handles.values())
      if (one.kind === 'upload') one.content.destroy(new Error('the connection was closed within the file'))
    for (const content of reading) content.destroy()
    handles.clear()
  }
}
