import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { FactId } from '@voltrail/contracts/ids'
import { at, given } from '../fixtures/given.ts'
import { device } from './device.ts'
import { mostFilesOfRequest, recordFile, reportFirmwareStatus, reportLogStatus } from './transfers.ts'

const begun = (kind: 'DiagnosticsLog' | 'Firmware' = 'DiagnosticsLog'): DeviceEvent => ({
  type: 'TransferBegun',
  data: { requestId: 41, kind, begunAt: at(0), expiresAt: at(120) },
})
const upload = (sha256 = 'a'.repeat(64)) => ({
  requestId: 41,
  protocol: 'ftp',
  file: { name: 'diag.zip', bytes: 3, sha256, object: `default/CP1/41/${sha256}/diag.zip` },
})
const received = (sha256?: string): DeviceEvent => ({
  type: 'FileReceived',
  data: { ...upload(sha256), kind: 'DiagnosticsLog' },
})

describe('a status of firmware or of a log', () => {
  const fact = (factId: string) => factId as FactId
  const firmware: DeviceEvent = { type: 'FirmwareStatusReported', data: { requestId: 41, status: 'Downloading' } }
  const log: DeviceEvent = {
    type: 'LogStatusReported',
    data: { requestId: 41, log: 'DiagnosticsLog', status: 'Uploading' },
  }
  const reports = [
    [firmware, 'Firmware', (factId: FactId) => reportFirmwareStatus.bind(null, { factId, status: 'Downloading' })],
    [
      log,
      'DiagnosticsLog',
      (factId: FactId) => reportLogStatus.bind(null, { factId, log: 'DiagnosticsLog', status: 'Uploading' }),
    ],
  ] as const

  it('is never a repeat by what it says; only the same fact is', () => {
    for (const [reported, kind, report] of reports) {
      const before = given(device, begun(kind), reported)
      before.when(report(fact('1.2'))).then(reported)
      const answered = [{ factId: fact('1.1'), answer: { type: 'FirmwareStatus' } as const }]
      expect(report(fact('1.1'))({ ...before.state, answered })).toEqual({ accepted: [] })
    }
  })
})

describe('a file that the charger uploaded', () => {
  it('is recorded while its request is open', () =>
    given(device, begun())
      .when((state) => recordFile(upload(), state))
      .then(received()))
  it('is recorded once, however often it is sent', () =>
    given(device, begun(), received())
      .when((state) => recordFile(upload(), state))
      .thenNothing())
  it('is another file when another content has the same name', () =>
    given(device, begun(), received())
      .when((state) => recordFile(upload('b'.repeat(64)), state))
      .then(received('b'.repeat(64))))
  it('is refused when nobody asked for it', () =>
    given(device)
      .when((state) => recordFile(upload(), state))
      .thenRejected({ kind: 'no-open-transfer', detail: 'no request 41 is waiting for a file' }))
  it.each(['Done', 'Expired', 'Superseded'] as const)(
    'is recorded as late, once, when its request ended (%s) before its upload did',
    (outcome) => {
      const ended: DeviceEvent = { type: 'TransferEnded', data: { requestId: 41, outcome } }
      const late = received()
      if (late.type === 'FileReceived') late.data.late = true
      const after = given(device, begun(), ended)
      after.when((state) => recordFile(upload(), state)).then(late)
      const known = given(device, begun(), ended, late)
      known.when((state) => recordFile(upload(), state)).thenNothing()
      expect(known.state.endedTransfers).toMatchObject([{ requestId: 41, outcome, files: [upload().file] }])
    },
  )
  it('is refused when an operator gave its request up', () =>
    given(device, begun(), { type: 'TransferEnded', data: { requestId: 41, outcome: 'Cancelled' } })
      .when((state) => recordFile(upload(), state))
      .thenRejected({ kind: 'no-open-transfer', detail: 'no request 41 is waiting for a file' }))
  it('is refused when its request has as many as one may have, which a known one still is not', () => {
    const all = Array.from({ length: mostFilesOfRequest }, (_, i) => received(String(i).padStart(64, 'a')))
    given(device, begun(), ...all)
      .when((state) => recordFile(upload('b'.repeat(64)), state))
      .thenRejected({ kind: 'enough-files', detail: 'request 41 has its 16 files' })
    given(device, begun(), ...all)
      .when((state) => recordFile(upload('0'.padStart(64, 'a')), state))
      .thenNothing()
  })
  it('is refused where firmware is to be fetched', () =>
    given(device, begun('Firmware'))
      .when((state) => recordFile(upload(), state))
      .thenRejected({ kind: 'no-open-transfer', detail: 'no request 41 is waiting for a file' }))
})
