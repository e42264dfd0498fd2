import type { TrustBundle } from '@voltrail/contracts/trust'
import type { Log } from '@voltrail/runtime/log'
import { readTlsFiles } from './tls-files.ts'
import type { TlsFiles, TlsPaths } from './tls-files.ts'

/** What the TLS listeners work with now: what stands in the files, and whom to trust by the bus. */
export type TlsInUse = {
  now(): TlsFiles
  /** Hears of each change. */
  use(listener: (files: TlsFiles) => void): void
  /** Looks at the files now. Throws StartError when they are wrong; those from before stay in use. */
  reload(): Promise<void>
  /** Trusts by this bundle from now on. Throws when it is wrong; that from before stays in use. */
  trust(bundle: TrustBundle): Promise<void>
}

/** Throws StartError when the files are wrong. */
export const openTlsInUse = async (paths: TlsPaths, log: Log): Promise<TlsInUse> => {
  const listeners: ((files: TlsFiles) => void)[] = []
  let inUse = await readTlsFiles(paths)
  let trusted: TrustBundle | undefined
  let turn: Promise<unknown> = Promise.resolve()

  const read = async (bundle: TrustBundle | undefined): Promise<void> => {
    const newer = await readTlsFiles(paths, bundle)
    trusted = bundle
    if (newer.digest === inUse.digest) return
    inUse = newer
    for (const listener of listeners) listener(newer)
    for (const problem of newer.problems) log.error({ problem }, 'a part of what the bus says of certificates is wrong')
    log.info({ revoked: newer.revoked.size }, 'the certificates of the TLS listeners have changed and are in use')
  }
  /** One after the other, so that nothing older comes last. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = turn.then(work)
    turn = done.catch(() => undefined)
    return done
  }
  return {
    now: () => inUse,
    use: (listener) => void listeners.push(listener),
    reload: () => inTurn(() => read(trusted)),
    trust: (bundle) => inTurn(() => read(bundle)),
  }
}
