import type { EndedTransfer, Transfer } from '@voltrail/contracts/events/device'
import type { TransferView } from '@voltrail/contracts/rest/transfers'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { bootDetail } from '@voltrail/domain/device/transfer-request'

/** A transfer as the API shows it, whether it goes on or has ended; with what its charger booted with while it goes on. */
export const transferView = (
  one: Transfer & Partial<EndedTransfer>,
  { identity, lastBootAt }: Pick<ChargerState, 'identity' | 'lastBootAt'>,
): TransferView => ({
  requestId: one.requestId,
  kind: one.kind,
  begunAt: one.begunAt,
  expiresAt: one.expiresAt,
  status: one.status ?? null,
  statusAt: one.statusAt ?? null,
  campaignId: one.campaignId ?? null,
  targetVersion: one.targetVersion ?? null,
  image: one.image ?? null,
  location: one.location ?? null,
  files: one.files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
  outcome: one.outcome ?? null,
  detail:
    one.outcome === undefined
      ? (bootDetail(one, { firmwareVersion: identity?.firmwareVersion, bootedAt: lastBootAt }) ?? null)
      : (one.detail ?? null),
  firmwareVersion: one.firmwareVersion ?? null,
  endedAt: one.endedAt ?? null,
})
