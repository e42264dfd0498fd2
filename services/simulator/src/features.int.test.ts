import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brands } from './brands.ts'
import { startCentralPeer } from './fixtures/central-peer.ts'
import type { CentralPeer } from './fixtures/central-peer.ts'
import { eventually } from './fixtures/eventually.ts'
import { startFleet } from './fleet.ts'
import type { Fleet } from './fleet.ts'

const id = 'SIM-0001'
let peer: CentralPeer
let fleet: Fleet

beforeEach(async () => {
  peer = await startCentralPeer({ strict: true })
  fleet = startFleet({
    url: peer.url,
    chargers: 1,
    brands: [{ ...brands.norden, rebootSeconds: 60 }],
    tokens: ['04A1B2C3'],
    speed: 600,
    sessionsPerCharger: 0,
    session: { minMs: 3_600_000, maxMs: 3_600_000 },
    configuration: { MeterValueSampleInterval: '120' },
    reconnect: { firstMs: 20, maxMs: 100 },
    connectsPerSecond: 1_000,
  })
  await eventually('told its state', () => fleet.progress().online === 1 && peer.of('StatusNotification').length >= 3)
})

afterEach(async () => {
  await fleet.stop({ endSessions: false })
  await peer.stop()
  expect(peer.violations).toEqual([])
})

const call = (method: string, params: unknown = {}) => peer.peer(id).call(method, params)
const statuses = (method: string) => peer.of(method).map(({ params }) => params['status'])
const lastStatus = (connectorId: number) =>
  peer
    .of('StatusNotification')
    .filter(({ params }) => params['connectorId'] === connectorId)
    .at(-1)?.params['status']
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()
const begin = async (idTag = '04A1B2C3', more = {}) => {
  expect(await call('RemoteStartTransaction', { connectorId: 1, idTag, ...more })).toEqual({ status: 'Accepted' })
  await eventually('begun', () => fleet.ledger.sessions.at(-1)?.transactionId !== undefined)
}

const profile = (purpose: string, unit: 'A' | 'W', limit: number, more = {}) => ({
  chargingProfileId: 7,
  stackLevel: 0,
  chargingProfilePurpose: purpose,
  chargingProfileKind: 'Relative',
  chargingSchedule: { chargingRateUnit: unit, chargingSchedulePeriod: [{ startPeriod: 0, limit }] },
  ...more,
})

/** A file service that takes and gives everything to one user. */
async function fileService() {
  const got: { method: string | undefined; url: string | undefined; user: string | undefined; text: string }[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { method, url, headers } = request
      got.push({ method, url, user: headers.authorization, text: Buffer.concat(parts).toString() })
      response.writeHead(url?.includes('missing') ? 404 : 200).end('image')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    got,
    at: (path: string) => `http://user:pass@127.0.0.1:${port}${path}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

it('keeps a local list, whole or by differences, under its version', async () => {
  const list = [{ idTag: 'A1', idTagInfo: { status: 'Accepted' } }]
  expect(await call('GetLocalListVersion')).toEqual({ listVersion: 0 })
  const whole = { listVersion: 3, updateType: 'Full', localAuthorizationList: list }
  expect(await call('SendLocalList', whole)).toEqual({ status: 'Accepted' })
  const older = { listVersion: 3, updateType: 'Differential', localAuthorizationList: [{ idTag: 'A1' }] }
  expect(await call('SendLocalList', older)).toEqual({ status: 'VersionMismatch' })
  expect(fleet.chargers[0]?.localList.status('a1', new Date())).toBe('Accepted')
  expect(await call('SendLocalList', { ...older, listVersion: 4 })).toEqual({ status: 'Accepted' })
  expect(fleet.chargers[0]?.localList.status('A1', new Date())).toBeUndefined()
  expect(await call('GetLocalListVersion')).toEqual({ listVersion: 4 })
})

it('asks the local list who may charge while the central system is away', async () => {
  const localAuthorizationList = [
    { idTag: 'LISTED', idTagInfo: { status: 'Accepted' } },
    { idTag: 'BLOCKED', idTagInfo: { status: 'Blocked' } },
    { idTag: 'OVER', idTagInfo: { status: 'Accepted', expiryDate: '2020-01-01T00:00:00Z' } },
  ]
  await call('SendLocalList', { listVersion: 1, updateType: 'Full', localAuthorizationList })
  await peer.stop()
  await eventually('offline', () => fleet.progress().online === 0)
  const { authorization } = fleet.chargers[0] as Fleet['chargers'][number]
  expect(await authorization.authorize('listed')).toBe(true)
  for (const idTag of ['BLOCKED', 'OVER', 'UNKNOWN']) expect(await authorization.authorize(idTag)).toBe(false)
})

it('holds a connector for the tag or group of its reservation', async () => {
  const reservation = { connectorId: 1, expiryDate: inAnHour(), idTag: 'MINE', reservationId: 5 }
  expect(await call('ReserveNow', reservation)).toEqual({ status: 'Accepted' })
  await eventually('told', () => lastStatus(1) === 'Reserved')
  expect(await call('ReserveNow', { ...reservation, reservationId: 6 })).toEqual({ status: 'Occupied' })
  expect(await call('RemoteStartTransaction', { connectorId: 1, idTag: 'OTHER' })).toEqual({ status: 'Rejected' })
  await begin('MINE')
  expect(peer.of('StartTransaction')[0]?.params['reservationId']).toBe(5)
  expect(await call('CancelReservation', { reservationId: 5 })).toEqual({ status: 'Rejected' })
})

it('lets go of a reservation that is cancelled or whose time is over', async () => {
  const reservation = { connectorId: 2, expiryDate: inAnHour(), idTag: 'MINE', reservationId: 8 }
  await call('ReserveNow', reservation)
  await eventually('told', () => lastStatus(2) === 'Reserved')
  expect(await call('CancelReservation', { reservationId: 8 })).toEqual({ status: 'Accepted' })
  await eventually('free', () => lastStatus(2) === 'Available')
  expect(await call('ReserveNow', { ...reservation, connectorId: 9 })).toEqual({ status: 'Rejected' })
  await call('ReserveNow', { ...reservation, expiryDate: new Date(Date.now() + 1_000).toISOString() })
  await eventually('held', () => lastStatus(2) === 'Reserved')
  await eventually('free', () => lastStatus(2) === 'Available')
})

it('tells of the whole no more than the whole may draw, however many connectors are free', async () => {
  const limit = { connectorId: 0, csChargingProfiles: profile('ChargePointMaxProfile', 'A', 16) }
  expect(await call('SetChargingProfile', limit)).toEqual({ status: 'Accepted' })
  for (const connectorId of [0, 1, 2])
    expect(await call('GetCompositeSchedule', { connectorId, duration: 60, chargingRateUnit: 'A' })).toMatchObject({
      chargingSchedule: { chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] },
    })
})

it('charges no faster than its profiles allow, pauses below 6 A, and says so', async () => {
  await begin()
  const amperes = () => {
    const charger = fleet.chargers[0] as Fleet['chargers'][number]
    const read = charger.charging.readOut(charger.connectors[0] as (typeof charger.connectors)[number], 'Trigger')
    const values = read['sampledValue'] as { measurand: string; value: string }[]
    return values.filter(({ measurand }) => measurand.startsWith('Current.')).map(({ value }) => Number(value))
  }
  const limit = (chargingProfile: object, connectorId = 0) =>
    call('SetChargingProfile', { connectorId, csChargingProfiles: chargingProfile })
  expect(await limit(profile('ChargePointMaxProfile', 'A', 4))).toEqual({ status: 'Accepted' })
  await eventually('paused', () => lastStatus(1) === 'SuspendedEVSE')
  expect(await call('GetCompositeSchedule', { connectorId: 1, duration: 60, chargingRateUnit: 'W' })).toMatchObject({
    status: 'Accepted',
    chargingSchedule: { duration: 60, chargingSchedulePeriod: [{ startPeriod: 0, limit: 2_760 }] },
  })
  expect(await limit(profile('TxProfile', 'A', 8), 2)).toEqual({ status: 'Rejected' })
  expect(await call('ClearChargingProfile', { id: 7 })).toEqual({ status: 'Accepted' })
  expect(await call('ClearChargingProfile', { id: 7 })).toEqual({ status: 'Unknown' })
  await eventually('goes on', () => lastStatus(1) === 'Charging')
  expect(await limit(profile('TxDefaultProfile', 'W', 4_830), 1)).toEqual({ status: 'Accepted' })
  // of each phase, and what is offered
  await eventually('drawn', () => amperes().every((value) => value > 0))
  expect(Math.max(...amperes())).toBe(7)
})

it('takes a profile with a remote start, for that transaction alone', async () => {
  await begin('04A1B2C3', { chargingProfile: profile('TxProfile', 'A', 5) })
  await eventually('paused', () => lastStatus(1) === 'SuspendedEVSE')
  const transactionId = fleet.ledger.sessions.at(-1)?.transactionId
  await call('RemoteStopTransaction', { transactionId })
  await eventually('stopped', () => peer.of('StopTransaction').length === 1)
  expect(await call('ClearChargingProfile', {})).toEqual({ status: 'Unknown' })
})

it('updates its firmware step by step and boots with the new version', async () => {
  await using files = await fileService()
  const update = { location: files.at('/norden-4.3.0.bin'), retrieveDate: new Date().toISOString() }
  expect(await call('UpdateFirmware', update)).toEqual({})
  await eventually('booted again', () => peer.of('BootNotification').length === 2)
  expect(statuses('FirmwareStatusNotification')).toEqual(['Downloading', 'Downloaded', 'Installing', 'Installed'])
  expect(peer.of('BootNotification').map(({ params }) => params['firmwareVersion'])).toEqual(['4.2.1', '4.3.0'])
})

it('tells that firmware could not be fetched, and keeps its own', async () => {
  await using files = await fileService()
  const update = { location: files.at('/missing-9.9.bin'), retrieveDate: new Date().toISOString() }
  await call('UpdateFirmware', { ...update, retries: 1, retryInterval: 0 })
  await eventually('failed', () => statuses('FirmwareStatusNotification').at(-1) === 'DownloadFailed')
  expect(files.got).toHaveLength(2)
  expect(peer.of('BootNotification')).toHaveLength(1)
})

it('uploads diagnostics and logs where it is told to', async () => {
  await using files = await fileService()
  const { fileName } = await call('GetDiagnostics', { location: files.at('/up/') })
  await eventually('uploaded', () => statuses('DiagnosticsStatusNotification').at(-1) === 'Uploaded')
  const user = `Basic ${Buffer.from('user:pass').toString('base64')}`
  expect(files.got).toMatchObject([{ method: 'PUT', url: `/up/${String(fileName)}`, user }])
  expect(files.got[0]?.text).toContain('firmware 4.2.1')
  await call('GetDiagnostics', { location: 'ftp://127.0.0.1/up' })
  await eventually('failed', () => statuses('DiagnosticsStatusNotification').at(-1) === 'UploadFailed')
})
