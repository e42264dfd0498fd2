import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { FactId } from '@voltrail/contracts/ids'
import type { StoredFile, TransferKind } from '@voltrail/contracts/events/device'
import type { Instant } from '@voltrail/contracts/quantities'
import { accept, reject, type Decision } from '../decider.ts'
import { deviceAnswered, type DeviceState, type Part } from './device-state.ts'

/** So many files are taken for one request: a station sends one or two, and whoever has its credential must not fill the store. */
export const mostFilesOfRequest = 16

/** Firmware on its way in, logs on their way out. */
export const transfersWith: Part = (state, event) => {
  const known = state.transfers ?? []
  const changed = (requestId: number | undefined, change: (one: Transfer) => Transfer): DeviceState => ({
    ...state,
    transfers: known.map((one) => (one.requestId === requestId ? change(one) : one)),
  })
  /** also of one that was given up: the charger may go on with it */
  const heard = (requestId: number | undefined, status: string, statusAt: Instant): DeviceState => {
    const after = changed(requestId, (one) => ({ ...one, status, statusAt }))
    return after.endedTransfers?.some((one) => givenUp(one) && one.requestId === requestId) === true
      ? {
          ...after,
          endedTransfers: after.endedTransfers.map((one) =>
            givenUp(one) && one.requestId === requestId ? { ...one, status, statusAt } : one,
          ),
        }
      : after
  }
  switch (event.type) {
    case 'TransferBegun':
      return {
        ...state,
        transfers: [
          ...known.filter(({ requestId }) => requestId !== event.data.requestId),
          { ...event.data, files: [] },
        ],
      }
    case 'FirmwareStatusReported':
    case 'LogStatusReported': {
      const { requestId, status } = event.data
      return heard(requestId, status, event.metadata.receivedAt)
    }
    case 'FileReceived': {
      const { requestId, file } = event.data
      const withFile = <T extends Transfer>(one: T): T =>
        one.requestId === requestId ? { ...one, files: [...one.files.slice(1 - mostFilesOfRequest), file] } : one
      const { endedTransfers } = state
      return {
        ...state,
        transfers: known.map(withFile),
        ...(endedTransfers === undefined ? {} : { endedTransfers: endedTransfers.map(withFile) }),
      }
    }
    case 'TransferEnded': {
      const { requestId, outcome, detail, firmwareVersion } = event.data
      const ended = known
        .filter((one) => one.requestId === requestId)
        .map((one) => ({
          ...one,
          outcome,
          ...(detail === undefined ? {} : { detail }),
          ...(firmwareVersion === undefined ? {} : { firmwareVersion }),
          endedAt: event.metadata.receivedAt,
        }))
      return {
        ...state,
        transfers: known.filter((one) => one.requestId !== requestId),
        endedTransfers: [...(state.endedTransfers ?? []), ...ended].slice(-keptEnded),
      }
    }
    default:
      return state
  }
}

const givenUp = ({ outcome }: Ended): boolean => outcome === 'Cancelled'

/** so many that ended are remembered, for who asks what became of them and against repeats */
const keptEnded = 20

/** What a charger's word for a file transfer means for it; absent: it goes on. */
const ends: Readonly<Record<string, Ended['outcome']>> = {
  // logs: DiagnosticsStatus of OCPP 1.6, UploadLogStatus of the security white paper
  Uploaded: 'Done',
  UploadFailed: 'Failed',
  UploadFailure: 'Failed',
  BadMessage: 'Failed',
  NotSupportedOperation: 'Failed',
  PermissionDenied: 'Failed',
  AcceptedCanceled: 'Superseded',
  // firmware: FirmwareStatus of OCPP 1.6 and of the security white paper. `Installed` is proven by the next boot.
  DownloadFailed: 'Failed',
  InstallationFailed: 'Failed',
  InstallVerificationFailed: 'Failed',
  InvalidSignature: 'Failed',
  InvalidCertificate: 'Failed',
  RevokedCertificate: 'Failed',
}

/** The end of a transfer, where its newest status is one. */
const endBy = (requestId: number | undefined, status: string, state: DeviceState): readonly DeviceEvent[] => {
  const outcome = ends[status]
  if (outcome === undefined || !(state.transfers ?? []).some((one) => one.requestId === requestId)) return []
  return [{ type: 'TransferEnded', data: { requestId: requestId as number, outcome, detail: status } }]
}

type Ended = NonNullable<DeviceState['endedTransfers']>[number]
type Transfer = NonNullable<DeviceState['transfers']>[number]

/** The open request that a status is of: the one that it names, else the newest of its kind (a 1.6 status carries no id). */
export const transferOf = (
  kind: TransferKind,
  requestId: number | undefined,
  state: DeviceState,
): Transfer | undefined => {
  const ofKind = (state.transfers ?? []).filter((one) => one.kind === kind)
  return requestId === undefined ? ofKind.at(-1) : ofKind.find((one) => one.requestId === requestId)
}

/** The number of the request that a status is of: where none of its kind is open, of the newest one if that was given up. */
const requestOf = (kind: TransferKind, requestId: number | undefined, state: DeviceState): number | undefined => {
  const newest = (state.endedTransfers ?? []).filter((one) => one.kind === kind).at(-1)
  return (
    transferOf(kind, requestId, state)?.requestId ??
    requestId ??
    (newest !== undefined && givenUp(newest) ? newest.requestId : undefined)
  )
}

/** The charger says how a firmware update goes on. It is never a repeat by what it says. */
export const reportFirmwareStatus = (
  fact: { readonly factId: FactId; readonly status: string; readonly requestId?: number | undefined },
  state: DeviceState,
): Decision<DeviceEvent> => {
  if (deviceAnswered(state, fact.factId) !== undefined) return accept()
  const requestId = requestOf('Firmware', fact.requestId, state)
  return accept<DeviceEvent>(
    {
      type: 'FirmwareStatusReported',
      data: { status: fact.status, ...(requestId === undefined ? {} : { requestId }) },
    },
    ...endBy(requestId, fact.status, state),
  )
}

/** The charger says how the upload of a log goes on. */
export const reportLogStatus = (
  fact: {
    readonly factId: FactId
    readonly log: 'DiagnosticsLog' | 'SecurityLog'
    readonly status: string
    readonly requestId?: number | undefined
  },
  state: DeviceState,
): Decision<DeviceEvent> => {
  if (deviceAnswered(state, fact.factId) !== undefined) return accept()
  const requestId = requestOf(fact.log, fact.requestId, state)
  return accept<DeviceEvent>(
    {
      type: 'LogStatusReported',
      data: { log: fact.log, status: fact.status, ...(requestId === undefined ? {} : { requestId }) },
    },
    ...endBy(requestId, fact.status, state),
  )
}

/**
 * Our own file service took a file from the charger. The same content of the same request is a repeat; another content under
 * the same name is another file. The service lets an upload begin only while its request is open: one that ends later (the
 * charger said `Uploaded` before it was through, or the request expired meanwhile) is taken all the same. What an operator gave
 * up is not.
 */
export const recordFile = (
  { requestId, file, protocol }: { readonly requestId: number; readonly file: StoredFile; readonly protocol: string },
  state: DeviceState,
): Decision<DeviceEvent, { readonly kind: 'no-open-transfer' | 'enough-files'; readonly detail: string }> => {
  const asked = (one: Transfer) => one.requestId === requestId && one.kind !== 'Firmware'
  const open = (state.transfers ?? []).find(asked)
  const transfer = open ?? (state.endedTransfers ?? []).find((one) => asked(one) && !givenUp(one))
  if (transfer === undefined)
    return reject({ kind: 'no-open-transfer', detail: `no request ${requestId} is waiting for a file` })
  if (transfer.files.some(({ sha256 }) => sha256 === file.sha256)) return accept()
  if (transfer.files.length >= mostFilesOfRequest)
    return reject({ kind: 'enough-files', detail: `request ${requestId} has its ${mostFilesOfRequest} files` })
  const late = open === undefined ? { late: true as const } : {}
  return accept<DeviceEvent>({
    type: 'FileReceived',
    data: { requestId, file, protocol, kind: transfer.kind, ...late },
  })
}
