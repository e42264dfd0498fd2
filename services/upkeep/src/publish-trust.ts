import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyValue } from '@voltrail/bus/key-value'
import { trustKey, type TrustBundle } from '@voltrail/contracts/trust'

/**
 * Tells whom to trust: in the bucket, and where a folder is named in files as TLS servers read them: `ca.pem` (roots, then what stands
 * between), `crl.pem`. Each file is replaced whole.
 */
export const publishTrust =
  (bucket: Pick<KeyValue, 'put'>, folder: string | undefined) =>
  async (bundle: TrustBundle): Promise<void> => {
    if (folder !== undefined) {
      await mkdir(folder, { recursive: true })
      await replace(join(folder, 'ca.pem'), [...bundle.roots, ...bundle.intermediates].join(''))
      if (bundle.crl !== undefined) await replace(join(folder, 'crl.pem'), bundle.crl)
    }
    await bucket.put(trustKey, new TextEncoder().encode(JSON.stringify(bundle)))
  }

const replace = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}
