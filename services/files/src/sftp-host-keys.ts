import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { utils } from 'ssh2'
import { StartError } from '@voltrail/runtime/start-error'

/** The text of private keys of SFTP. Throws StartError when one cannot be read or is no key. */
export const readHostKeys = (paths: readonly string[]): Promise<string[]> =>
  Promise.all(
    paths.map(async (path) => {
      const text = await readFile(path, 'utf8').catch((error: unknown) => {
        throw new StartError(`${path} cannot be read`, 'name a private key that this process may read', {
          cause: error,
        })
      })
      const parsed = utils.parseKey(text)
      if (parsed instanceof Error)
        throw new StartError(
          `${path} is no private key of SFTP: ${parsed.message}`,
          'use ed25519, ecdsa or rsa without a passphrase (ssh-keygen -t ed25519 -N "")',
        )
      return text
    }),
  )

/** Three keys of its own, made at the first start and the same ever after, so that chargers see no other host. */
export const ownHostKeys = (folder: string): Promise<string[]> =>
  Promise.all(
    (['ed25519', 'ecdsa', 'rsa'] as const).map(async (type) => {
      const path = join(folder, `sftp-host-${type}.key`)
      const known = await readFile(path, 'utf8').catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      })
      // one that cannot be read was never shown to anybody
      if (known !== undefined && isKey(known)) return known
      const made = await makeHostKey(type)
      // whole or not at all
      await writeFile(`${path}.new`, made, { mode: 0o600 })
      await rename(`${path}.new`, path)
      return made
    }),
  )

const isKey = (text: string): boolean => !(utils.parseKey(text) instanceof Error)

/** A new private key. Of the ed25519 keys that ssh2 1.17 writes, it cannot read about one in two hundred itself: those are made anew. */
export const makeHostKey = async (type: 'ed25519' | 'ecdsa' | 'rsa'): Promise<string> => {
  const bits = { ed25519: undefined, ecdsa: 256, rsa: 3_072 }[type]
  for (;;) {
    const made = await new Promise<string>((resolve, reject) =>
      utils.generateKeyPair(type as 'rsa', { bits } as { bits: number }, (error, keys) =>
        error === null || error === undefined ? resolve(keys.private) : reject(error),
      ),
    )
    if (isKey(made)) return made
  }
}
