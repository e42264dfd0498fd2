import { verifyTransfer, type TransferProtocol } from '@voltrail/domain/device/transfer-credential'
import type { FailedAttempts } from '@voltrail/runtime/failed-attempts'
import type { OpenTransfer, OpenTransfers } from './open-transfers.ts'

/** Who came, and for which request. */
export interface Guest {
  readonly transfer: OpenTransfer
  readonly protocol: TransferProtocol
}

export type Access =
  | { readonly outcome: 'in'; readonly guest: Guest }
  /** `why` is for our log: whoever came is told the same in every case but `wait` */
  | { readonly outcome: 'refused'; readonly why: 'wrong' | 'expired' | 'not-open' }
  /** too many wrong passwords came from this address */
  | { readonly outcome: 'wait' }

export interface AccessDeps {
  readonly key: Uint8Array
  readonly transfers: OpenTransfers
  readonly attempts: FailedAttempts
  /** ms since 1970 */
  readonly now: () => number
  /** how long the log may take to tell of a request that was just made */
  readonly lagMs: number
}

export interface Visit {
  readonly user: string
  readonly password: string
  readonly address: string
  readonly protocol: TransferProtocol
}

export type Admit = (visit: Visit) => Promise<Access>

/** The one way in, for every protocol: a credential that we made, in its time, of a request that is still open. */
export const createAdmit =
  ({ key, transfers, attempts, now, lagMs }: AccessDeps): Admit =>
  async ({ user, password, address, protocol }) => {
    // first: a good one guesses nothing, whoever else fails behind the same address
    const verified = verifyTransfer(user, password, now(), key)
    if (verified.outcome !== 'good') {
      if (attempts.mustWait(address, now())) return { outcome: 'wait' }
      // who has a credential that was good once is not guessing
      if (verified.outcome === 'wrong') attempts.failed(address, now())
      return { outcome: 'refused', why: verified.outcome }
    }
    const { owner, requestId, kind } = verified.claim
    const transfer = await transfers.await(owner, requestId, lagMs)
    if (transfer === undefined || transfer.kind !== kind) return { outcome: 'refused', why: 'not-open' }
    return { outcome: 'in', guest: { transfer, protocol } }
  }
