import { createHash } from 'node:crypto'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { TransferKind, TransferOutcome } from '@voltrail/contracts/events/device'
import type { CommandId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { accept, reject, type Decision } from '../decider.ts'
import { replaceUrlSecrets } from '../url-secrets.ts'
import type { Outcome } from './settled-command.ts'
import type { DeviceState } from './device-state.ts'

/** Asking a charger to fetch firmware or to upload a log, and when that is over. */

/** How long a charger that says `Installed` may take to boot with its new firmware, in ms. */
export const bootAfterInstallMs = 15 * 60_000
/** A request whose command was not even asked for so long after it began will not be any more, in ms. */
export const unsentMs = 2 * 60_000

/** The number of a request, made from what names its cause: the same cause is the same request. 1 to 2³¹−1. */
export const transferRequestId = (cause: string): number =>
  createHash('sha256').update(`transfer ${cause}`).digest().readUInt32BE(0) & 0x7fff_ffff || 1

export interface TransferAsked {
  readonly requestId: number
  readonly kind: TransferKind
  readonly begunAt: Instant
  readonly expiresAt: Instant
  readonly targetVersion?: string | undefined
  readonly versionBefore?: string | undefined
  readonly campaignId?: string | undefined
  /** of our own file service */
  readonly image?: string | undefined
  /** kept without what gives access */
  readonly location?: string | undefined
}

/**
 * A transfer begins. One of the same kind that is under way is superseded: a charger drops it for the newer one, and a 1.6
 * status without an id belongs to the newest. The same request again changes nothing, also after it ended.
 */
export const beginTransfer = (
  { requestId, kind, begunAt, expiresAt, targetVersion, versionBefore, campaignId, image, location }: TransferAsked,
  state: DeviceState,
): Decision<DeviceEvent, { readonly kind: 'other-transfer'; readonly detail: string }> => {
  const open = state.transfers ?? []
  const known = [...open, ...(state.endedTransfers ?? [])].find((one) => one.requestId === requestId)
  if (known !== undefined)
    return known.kind === kind
      ? accept()
      : reject({ kind: 'other-transfer', detail: `request ${requestId} is a transfer of another kind (${known.kind})` })
  return accept<DeviceEvent>(
    ...open
      .filter((one) => one.kind === kind)
      .map((one): DeviceEvent => ended(one.requestId, 'Superseded', `by request ${requestId}`)),
    {
      type: 'TransferBegun',
      data: {
        requestId,
        kind,
        begunAt,
        expiresAt,
        ...(targetVersion === undefined ? {} : { targetVersion }),
        ...(versionBefore === undefined ? {} : { versionBefore }),
        ...(campaignId === undefined ? {} : { campaignId }),
        ...(image === undefined ? {} : { image }),
        ...(location === undefined ? {} : { location: replaceUrlSecrets(location, () => '').slice(0, 200) }),
      },
    },
  )
}

const ended = (
  requestId: number,
  outcome: TransferOutcome,
  detail: string,
  more: { readonly commandId?: CommandId; readonly firmwareVersion?: string } = {},
): DeviceEvent => ({ type: 'TransferEnded', data: { requestId, outcome, detail: detail.slice(0, 300), ...more } })

/** A transfer is over for a reason that the charger did not give. Nothing if it has ended. */
export const endTransfer = (
  {
    requestId,
    outcome,
    detail,
  }: { readonly requestId: number; readonly outcome: TransferOutcome; readonly detail: string },
  state: DeviceState,
): Decision<DeviceEvent> =>
  (state.transfers ?? []).some((one) => one.requestId === requestId)
    ? accept<DeviceEvent>(ended(requestId, outcome, detail))
    : accept()

/**
 * An operator gives a transfer up: it is awaited no more, and its credential is good no more. The charger is not told, OCPP 1.6 has
 * no word for that: what it still says is recorded. One that has ended stays as it ended.
 */
export const cancelTransfer = (
  requestId: number,
  state: DeviceState,
): Decision<DeviceEvent, { readonly kind: 'unknown-transfer'; readonly detail: string }> =>
  [...(state.transfers ?? []), ...(state.endedTransfers ?? [])].some((one) => one.requestId === requestId)
    ? endTransfer({ requestId, outcome: 'Cancelled', detail: 'given up by an operator' }, state)
    : reject({ kind: 'unknown-transfer', detail: `the charger has no request ${requestId}` })

/** What the charger's answer makes of a transfer: refused, it is over; taken, its statuses say how it goes on. */
export const transferOutcome: Outcome = ({ command, result, commandId }, { transfers = [] }) => {
  if (command.type !== 'GetLog' && command.type !== 'UpdateFirmware') return []
  const open = transfers.find(({ requestId }) => requestId === command.requestId)
  if (open === undefined) return []
  const refusal = refusalOf(result)
  return refusal === undefined ? [] : [ended(open.requestId, 'Refused', refusal, { commandId })]
}

const refusalOf = (result: Parameters<Outcome>[0]['result']): string | undefined => {
  switch (result.outcome) {
    case 'result':
      // AcceptedCanceled: taken, and an older one dropped for it (security white paper)
      return ['Accepted', 'AcceptedCanceled'].includes(result.status) ? undefined : result.status
    case 'callError':
      return `${result.code}: ${result.description}`
    case 'invalidAnswer':
      // what it said cannot be read: its statuses say what it does
      return undefined
    case 'notSent':
    case 'unsupported':
      return result.reason
    case 'timeout':
      return undefined
    default:
      return result satisfies never
  }
}

/**
 * The charger booted: a firmware update is done when it reports the version that was wanted; where none is known, any other
 * than before. Any other boot says nothing: many boot several times on the way.
 */
export const bootedWith = (
  { firmwareVersion, bootedAt }: { readonly firmwareVersion: string; readonly bootedAt: Instant },
  { transfers = [] }: DeviceState,
): Decision<DeviceEvent> =>
  accept<DeviceEvent>(
    ...transfers
      .filter(({ kind, begunAt }) => kind === 'Firmware' && bootedAt >= begunAt)
      .filter(({ targetVersion, versionBefore }) =>
        targetVersion === undefined ? firmwareVersion !== (versionBefore ?? '') : firmwareVersion === targetVersion,
      )
      .map(({ requestId }) =>
        ended(requestId, 'Done', `it booted with ${firmwareVersion}`, {
          firmwareVersion: firmwareVersion.slice(0, 100),
        }),
      ),
  )

type Open = NonNullable<DeviceState['transfers']>[number]

/** Which version a charger has and which an update wants; undefined where they are the same, or none is wanted by name. */
const otherVersion = (
  { targetVersion }: Pick<Open, 'targetVersion'>,
  reported: string | undefined,
): string | undefined =>
  targetVersion === undefined || reported === undefined || reported === targetVersion
    ? undefined
    : `${reported === '' ? 'no version that it tells' : reported}, wanted ${targetVersion}`

/**
 * What to say of an update that goes on although the charger booted since it began: "booted with 1.1, wanted 2.0". Undefined for
 * every other transfer. That is no end: many boot several times on the way.
 */
export const bootDetail = (
  one: Pick<Open, 'kind' | 'begunAt' | 'targetVersion'>,
  boot: { readonly firmwareVersion?: string | undefined; readonly bootedAt?: Instant | undefined },
): string | undefined => {
  if (one.kind !== 'Firmware' || boot.bootedAt === undefined || boot.bootedAt < one.begunAt) return undefined
  const other = otherVersion(one, boot.firmwareVersion ?? '')
  return other === undefined ? undefined : `booted with ${other}`
}

/** Until when (ms since 1970) a transfer may go on as it stands. */
const dueAt = ({ kind, status, statusAt, expiresAt }: Open): number =>
  kind === 'Firmware' && status === 'Installed' && statusAt !== undefined
    ? Date.parse(statusAt) + bootAfterInstallMs
    : Date.parse(expiresAt)

/** When (ms since 1970) the next open transfer has to be looked at; undefined: none is open. */
export const nextTransferDue = ({ transfers = [] }: DeviceState): number | undefined =>
  transfers.length === 0 ? undefined : Math.min(...transfers.map(dueAt))

/** Ends what took too long. `reported`: the firmware version of its newest boot, where one was heard. */
export const expireTransfers = (
  { now, reported }: { readonly now: number; readonly reported?: string | undefined },
  { transfers = [] }: DeviceState,
): Decision<DeviceEvent> =>
  accept<DeviceEvent>(
    ...transfers
      .filter((one) => dueAt(one) <= now)
      .map((one) => {
        const { requestId, kind, status, files, targetVersion } = one
        if (kind === 'Firmware' && status === 'Installed')
          return ended(
            requestId,
            'Failed',
            `Installed, and no boot with ${targetVersion ?? 'another version'} came; it reports ${reported ?? 'none'}`,
          )
        if (kind !== 'Firmware' && files.length > 0)
          return ended(requestId, 'Done', 'its file came; the charger never said that it was done')
        const said = status === undefined ? 'the charger said nothing of it' : `last: ${status}`
        const other = kind === 'Firmware' ? otherVersion(one, reported) : undefined
        return ended(requestId, 'Expired', other === undefined ? said : `${said}; it reports ${other}`)
      }),
  )
