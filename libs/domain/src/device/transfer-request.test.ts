import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import { DeviceSummary } from '@voltrail/contracts/events/device'
import { CommandId } from '@voltrail/contracts/ids'
import { at, foldHistory, given, recorded } from '../fixtures/given.ts'
import { applyOutcome } from './command-outcome.ts'
import { device } from './device.ts'
import {
  beginTransfer,
  bootDetail,
  bootedWith,
  bootAfterInstallMs,
  cancelTransfer,
  endTransfer,
  expireTransfers,
  transferRequestId,
} from './transfer-request.ts'
import { reportFirmwareStatus, reportLogStatus } from './transfers.ts'

const asked = { requestId: 41, kind: 'DiagnosticsLog', begunAt: at(0), expiresAt: at(120) } as const
const firmware = { ...asked, kind: 'Firmware', versionBefore: '1.0' } as const
const begun = (data: object = asked): DeviceEvent => ({ type: 'TransferBegun', data: data as never })
const ended = (outcome: string, more: object = {}) => ({
  type: 'TransferEnded',
  data: expect.objectContaining({ requestId: 41, outcome, ...more }),
})
const installed: DeviceEvent = { type: 'FirmwareStatusReported', data: { requestId: 41, status: 'Installed' } }
const factId = 'e.1' as never

describe('a request for a file', () => {
  it('begins once, however often it is made', () =>
    given(device, begun())
      .when((s) => beginTransfer(asked, s))
      .thenNothing())
  it('does not begin again after it ended', () =>
    given(device, begun(), { type: 'TransferEnded', data: { requestId: 41, outcome: 'Done' } })
      .when((s) => beginTransfer(asked, s))
      .thenNothing())
  it('supersedes one of its kind that is under way, and no other', () =>
    given(device, begun({ ...firmware, requestId: 7 }), begun())
      .when((s) => beginTransfer({ ...asked, requestId: 42 }, s))
      .then(ended('Superseded', { detail: 'by request 42' }), begun({ ...asked, requestId: 42 })))
  it('is given up once, by an operator', () => {
    given(device, begun())
      .when((s) => cancelTransfer(41, s))
      .then(ended('Cancelled'))
    given(device, begun(), { type: 'TransferEnded', data: { requestId: 41, outcome: 'Done' } })
      .when((s) => cancelTransfer(41, s))
      .thenNothing()
    given(device, begun())
      .when((s) => cancelTransfer(40, s))
      .thenRejected({ kind: 'unknown-transfer' })
  })
  it('that was given up still takes what the charger says of it, with or without its number', () => {
    const over: DeviceEvent = { type: 'TransferEnded', data: { requestId: 41, outcome: 'Cancelled' } }
    const late = given(device, begun(), over).when((s) =>
      reportLogStatus({ factId, log: 'DiagnosticsLog', status: 'Uploaded' }, s),
    )
    late.then({ type: 'LogStatusReported', data: { log: 'DiagnosticsLog', status: 'Uploaded', requestId: 41 } })
    const { endedTransfers } = foldHistory(device, [begun(), over, ...late.events])
    expect(endedTransfers).toMatchObject([{ requestId: 41, outcome: 'Cancelled', status: 'Uploaded' }])
  })
  it('is kept without what gives access to its location', () =>
    given(device)
      .when((s) => beginTransfer({ ...asked, location: 'ftp://u:p@h/x' }, s))
      .then(begun({ ...asked, location: 'ftp://h/x' })))
  it('has a number from 1 to 2³¹−1 that its cause alone decides', () => {
    expect(transferRequestId('a')).toBe(transferRequestId('a'))
    for (let i = 0; i < 200; i++) {
      const id = transferRequestId(String(i))
      expect(Number.isInteger(id) && id >= 1 && id <= 2_147_483_647).toBe(true)
    }
  })
  it.each([
    ['Rejected', { outcome: 'result', status: 'Rejected', payload: {} }, 'Rejected'],
    ['NotSupported', { outcome: 'callError', code: 'NotSupported', description: 'no' }, 'NotSupported: no'],
    ['no words for it', { outcome: 'notSent', reason: 'no words' }, 'no words'],
  ] as const)('that the charger does not take ends as Refused: %s', (_name, result, detail) =>
    given(device, begun())
      .when((s) =>
        applyOutcome(
          {
            commandId: CommandId.parse('c1'),
            command: { type: 'GetLog', requestId: 41, log: 'DiagnosticsLog', location: 'ftp://x/' },
            result,
            revision: 3,
            settledAt: at(1),
          },
          s,
        ),
      )
      .then(ended('Refused', { detail })),
  )
  it('that ended ends no more', () =>
    given(device)
      .when((s) => endTransfer({ requestId: 41, outcome: 'Failed', detail: 'offline' }, s))
      .thenNothing())
  it('ends when its time is over', () => {
    const state = foldHistory(device, [begun()])
    expect(expireTransfers({ now: Date.parse(at(119)) }, state)).toEqual({ accepted: [] })
    expect(expireTransfers({ now: Date.parse(at(120)) }, state)).toEqual({ accepted: [ended('Expired')] })
  })
})

describe('what is known of transfers', () => {
  it('is the same from a summary as from the whole history', () => {
    const history = [
      begun({ ...firmware, requestId: 7, targetVersion: '2.0', campaignId: 'c' }),
      begun(),
      { type: 'LogStatusReported', data: { log: 'DiagnosticsLog', status: 'Uploading', requestId: 41 } },
      { type: 'TransferEnded', data: { requestId: 7, outcome: 'Done', detail: 'd', firmwareVersion: '2.0' } },
    ] as const satisfies readonly DeviceEvent[]
    const whole = foldHistory(device, [...history])
    const summary = DeviceSummary.parse(JSON.parse(JSON.stringify({ ...whole, eventsSinceSummary: 0 })))
    expect(device.restore?.(recorded({ type: 'DeviceSummarised', data: { summary } }, 4), undefined)).toEqual({
      ...whole,
      eventsSinceSummary: 0,
    })
    expect(whole.transfers).toMatchObject([{ requestId: 41, status: 'Uploading', statusAt: at(0) }])
    expect(whole.endedTransfers).toMatchObject([{ requestId: 7, outcome: 'Done', campaignId: 'c' }])
  })
})

describe('the upload of a log', () => {
  it.each([
    ['Uploaded', 'Done'],
    ['UploadFailed', 'Failed'],
    ['UploadFailure', 'Failed'],
    ['PermissionDenied', 'Failed'],
  ])('ends with %s', (status, outcome) =>
    given(device, begun({ ...asked, requestId: 40 }), begun())
      // a 1.6 status without an id belongs to the newest request
      .when((s) => reportLogStatus({ factId, log: 'DiagnosticsLog', status }, s))
      .then(
        { type: 'LogStatusReported', data: { log: 'DiagnosticsLog', status, requestId: 41 } },
        ended(outcome, { detail: status }),
      ),
  )
  it('goes on while it is Uploading', () =>
    given(device, begun())
      .when((s) => reportLogStatus({ factId, log: 'DiagnosticsLog', status: 'Uploading' }, s))
      .thenMatching({ type: 'LogStatusReported' }))
})

describe('a firmware update', () => {
  it.each(['DownloadFailed', 'InstallationFailed', 'InvalidSignature'])('fails with %s', (status) =>
    given(device, begun(firmware))
      .when((s) => reportFirmwareStatus({ factId, status }, s))
      .thenMatching({ type: 'FirmwareStatusReported' }, ended('Failed', { detail: status })),
  )
  it('is not done by being Installed', () =>
    given(device, begun(firmware))
      .when((s) => reportFirmwareStatus({ factId, status: 'Installed' }, s))
      .thenMatching({ type: 'FirmwareStatusReported' }))
  it('is done by a boot with another version than before, where no target is known', () =>
    given(device, begun(firmware))
      .when((s) => bootedWith({ firmwareVersion: '1.1', bootedAt: at(5) }, s))
      .then(ended('Done', { firmwareVersion: '1.1' })))
  it('goes on over a boot with the version from before, and a boot from before says nothing', () => {
    const update = given(device, begun(firmware), installed)
    update.when((s) => bootedWith({ firmwareVersion: '1.0', bootedAt: at(5) }, s)).thenNothing()
    update.when((s) => bootedWith({ firmwareVersion: '1.1', bootedAt: at(-1) }, s)).thenNothing()
  })
  it('is done by the wanted version alone, where one is known', () => {
    const update = given(device, begun({ ...firmware, targetVersion: '2.0' }))
    update.when((s) => bootedWith({ firmwareVersion: '1.1', bootedAt: at(5) }, s)).thenNothing()
    update.when((s) => bootedWith({ firmwareVersion: '2.0', bootedAt: at(5) }, s)).then(ended('Done'))
  })
  it('says which version the charger booted with while another is wanted, of boots since it began', () => {
    const update = { kind: 'Firmware', begunAt: at(0), targetVersion: '2.0' } as const
    const detail = (
      firmwareVersion: string | undefined,
      minute: number,
      one: Parameters<typeof bootDetail>[0] = update,
    ) => bootDetail(one, { firmwareVersion, bootedAt: at(minute) })
    expect(detail('1.1', 5)).toBe('booted with 1.1, wanted 2.0')
    expect(detail(undefined, 5)).toBe('booted with no version that it tells, wanted 2.0')
    expect(detail('2.0', 5)).toBeUndefined()
    expect(detail('1.1', -1)).toBeUndefined()
    expect(bootDetail(update, { firmwareVersion: '1.1' })).toBeUndefined()
    expect(detail('1.1', 5, { kind: 'DiagnosticsLog', begunAt: at(0) })).toBeUndefined()
  })
  it('that took too long says which version the charger runs and which was wanted', () => {
    const state = foldHistory(device, [begun({ ...firmware, targetVersion: '2.0' })])
    const now = Date.parse(at(120))
    expect(expireTransfers({ now, reported: '1.0' }, state)).toEqual({
      accepted: [ended('Expired', { detail: 'the charger said nothing of it; it reports 1.0, wanted 2.0' })],
    })
  })
  it('fails when it was Installed and no boot shows it in time', () => {
    const state = foldHistory(device, [begun({ ...firmware, targetVersion: '2.0' }), installed])
    const now = Date.parse(at(0)) + bootAfterInstallMs
    expect(expireTransfers({ now: now - 1 }, state)).toEqual({ accepted: [] })
    expect(expireTransfers({ now, reported: '1.0' }, state)).toEqual({
      accepted: [ended('Failed', { detail: 'Installed, and no boot with 2.0 came; it reports 1.0' })],
    })
  })
})
