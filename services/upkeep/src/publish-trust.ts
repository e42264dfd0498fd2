import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyValue } from '@voltrail/bus/key-value'
import { TrustBundle, trustKey } from '@voltrail/contracts/trust'
import type { Log } from '@voltrail/runtime/log'
import { Waits } from './duty.ts'

export interface TrustPublishing {
  readonly bucket: Pick<KeyValue, 'get' | 'create' | 'update'>
  /** where TLS servers find the same as files: `ca.pem` (roots, then what stands between), `crl.pem`; each is replaced whole */
  readonly folder: string | undefined
  /** the commit position at which the log ends now */
  readonly logEnd: () => Promise<bigint>
  readonly log: Pick<Log, 'warn'>
}

/**
 * Tells whom to trust, in the bucket and in files. What was made of less of the log never takes the place of what was made of
 * more: an instance that lost its turn without having noticed would take revocations back. Where what stands there was made of
 * more than the log has, it was made of another log, and gives way.
 * Throws `Waits` when something newer stands there.
 */
export const publishTrust =
  ({ bucket, folder, logEnd, log }: TrustPublishing) =>
  async (bundle: TrustBundle): Promise<void> => {
    const made = BigInt(bundle.logPosition)
    const value = new TextEncoder().encode(JSON.stringify(bundle))
    for (;;) {
      const entry = await bucket.get(trustKey)
      const there = entry === undefined ? 0n : positionOf(entry.value)
      if (there > made) {
        if (there <= (await logEnd()))
          throw new Waits(
            `whom to trust was published by somebody who has heard more of the log (${there}, not ${made})`,
          )
        log.warn(
          { there: String(there), made: String(made) },
          'whom to trust was published from another log: it is replaced',
        )
      }
      const written =
        entry === undefined
          ? await bucket.create(trustKey, value)
          : await bucket.update(trustKey, value, entry.revision)
      if (written.kind === 'stored') break
    }
    if (folder === undefined) return
    await mkdir(folder, { recursive: true })
    await replace(join(folder, 'ca.pem'), [...bundle.roots, ...bundle.intermediates].join(''))
    if (bundle.crl !== undefined) await replace(join(folder, 'crl.pem'), bundle.crl)
  }

/** What cannot be read says nothing of the log. */
const positionOf = (value: Uint8Array): bigint => {
  try {
    return BigInt(TrustBundle.parse(JSON.parse(new TextDecoder().decode(value))).logPosition)
  } catch {
    return 0n
  }
}

const replace = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}
