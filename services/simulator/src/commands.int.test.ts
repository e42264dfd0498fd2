import { brands } from './brands.ts'
import { startCentralPeer } from './fixtures/central-peer.ts'
import type { CentralPeer, CentralPeerOptions } from './fixtures/central-peer.ts'
import { eventually } from './fixtures/eventually.ts'
import { startFleet } from './fleet.ts'
import type { Fleet, FleetOptions } from './fleet.ts'

const id = 'SIM-0001'
let peer: CentralPeer
let fleet: Fleet

/** A charger that nobody comes to, unless told, and a central system that checks every frame. */
async function given(options: Partial<FleetOptions> = {}, central: CentralPeerOptions = {}): Promise<void> {
  peer = await startCentralPeer({ strict: true, ...central })
  fleet = startFleet({
    url: peer.url,
    chargers: 1,
    brands: [{ ...brands.norden, rebootSeconds: 60 }],
    tokens: ['04A1B2C3'],
    speed: 600,
    sessionsPerCharger: 0,
    session: { minMs: 3_600_000, maxMs: 3_600_000 },
    pause: { minMs: 1_000, maxMs: 2_000 },
    configuration: { MeterValueSampleInterval: '120' },
    reconnect: { firstMs: 20, maxMs: 100 },
    connectsPerSecond: 1_000,
    ...options,
  })
  await eventually('online', () => fleet.progress().online === 1)
  // the two connectors and the charger as a whole
  await eventually('told its state', () => peer.of('StatusNotification').length >= 3)
}

afterEach(async () => {
  await fleet.stop({ endSessions: false })
  await peer.stop()
  expect(peer.violations).toEqual([])
})

const call = (method: string, params: unknown = {}) => peer.peer(id).call(method, params)
const transactionId = () => fleet.ledger.sessions.at(-1)?.transactionId
const lastStatus = (connectorId: number) =>
  peer
    .of('StatusNotification')
    .filter(({ params }) => params['connectorId'] === connectorId)
    .at(-1)?.params['status']
const stops = () => peer.of('StopTransaction').map(({ params }) => params['reason'])

/** A session that the central system has begun and that has its id. */
async function remotelyStarted(): Promise<void> {
  expect(await call('RemoteStartTransaction', { connectorId: 1, idTag: '04A1B2C3' })).toEqual({ status: 'Accepted' })
  await eventually('begun', () => transactionId() !== undefined && lastStatus(1) === 'Charging')
}

it('starts and stops remotely', async () => {
  await given()
  await remotelyStarted()
  expect(await call('RemoteStartTransaction', { connectorId: 1, idTag: 'OTHER' })).toEqual({ status: 'Rejected' })
  expect(await call('RemoteStopTransaction', { transactionId: 4_711 })).toEqual({ status: 'Rejected' })
  expect(await call('RemoteStopTransaction', { transactionId: transactionId() })).toEqual({ status: 'Accepted' })
  await eventually('free again', () => lastStatus(1) === 'Available')
  expect(stops()).toEqual(['Remote'])
  expect(peer.of('Authorize')).toEqual([])
})

it('asks before a remote start when AuthorizeRemoteTxRequests is true', async () => {
  await given({}, { invalid: ['BAD'] })
  expect(await call('ChangeConfiguration', { key: 'AuthorizeRemoteTxRequests', value: 'true' })).toEqual({
    status: 'Accepted',
  })
  expect(await call('RemoteStartTransaction', { idTag: 'BAD' })).toEqual({ status: 'Accepted' })
  await eventually('asked', () => peer.of('Authorize').length === 1)
  await eventually('free again', () => lastStatus(1) === 'Available')
  expect(peer.of('StartTransaction')).toEqual([])
})

it('stops a transaction whose tag turns out to be invalid', async () => {
  await given({}, { invalid: ['BAD'] })
  await call('RemoteStartTransaction', { connectorId: 1, idTag: 'BAD' })
  await eventually('stopped', () => stops().length === 1)
  expect(stops()).toEqual(['DeAuthorized'])
})

it('a soft reset ends the session first, then disconnects and boots again', async () => {
  await given()
  await remotelyStarted()
  expect(await call('Reset', { type: 'Soft' })).toEqual({ status: 'Accepted' })
  await eventually('booted again', () => peer.of('BootNotification').length === 2)
  expect(stops()).toEqual(['SoftReset'])
  const order = peer.calls.map(({ method }) => method)
  expect(order.indexOf('StopTransaction')).toBeLessThan(order.lastIndexOf('BootNotification'))
})

it('a hard reset goes dark at once and tells of the session after the boot', async () => {
  await given()
  await remotelyStarted()
  expect(await call('Reset', { type: 'Hard' })).toEqual({ status: 'Accepted' })
  await eventually('offline', () => fleet.progress().online === 0)
  await eventually('stopped', () => stops().length === 1)
  expect(stops()).toEqual(['HardReset'])
  const order = peer.calls.map(({ method }) => method)
  expect(order.indexOf('StopTransaction')).toBeGreaterThan(order.lastIndexOf('BootNotification'))
  expect(peer.of('StopTransaction')[0]?.params['transactionId']).toBe(transactionId())
})

it('unlocking ends the session there', async () => {
  await given()
  await remotelyStarted()
  expect(await call('UnlockConnector', { connectorId: 9 })).toEqual({ status: 'NotSupported' })
  expect(await call('UnlockConnector', { connectorId: 1 })).toEqual({ status: 'Unlocked' })
  await eventually('stopped', () => stops().length === 1)
  expect(stops()).toEqual(['UnlockCommand'])
})

it('becomes unavailable, in a session after it', async () => {
  await given()
  expect(await call('ChangeAvailability', { connectorId: 2, type: 'Inoperative' })).toEqual({ status: 'Accepted' })
  await eventually('told', () => lastStatus(2) === 'Unavailable')
  expect(await call('RemoteStartTransaction', { connectorId: 2, idTag: 'A' })).toEqual({ status: 'Rejected' })

  await remotelyStarted()
  expect(await call('ChangeAvailability', { connectorId: 0, type: 'Inoperative' })).toEqual({ status: 'Scheduled' })
  await call('RemoteStopTransaction', { transactionId: transactionId() })
  await eventually('told', () => lastStatus(1) === 'Unavailable' && lastStatus(0) === 'Unavailable')
  expect(await call('ChangeAvailability', { connectorId: 0, type: 'Operative' })).toEqual({ status: 'Accepted' })
  await eventually('told', () => [0, 1, 2].every((connectorId) => lastStatus(connectorId) === 'Available'))
  expect(await call('ChangeAvailability', { connectorId: 7, type: 'Operative' })).toEqual({ status: 'Rejected' })
})

it('shows and changes its configuration', async () => {
  await given()
  expect(await call('ChangeConfiguration', { key: 'HeartbeatInterval', value: '1' })).toEqual({ status: 'Accepted' })
  expect(await call('GetConfiguration', { key: ['HeartbeatInterval', 'Nonsense'] })).toEqual({
    configurationKey: [{ key: 'HeartbeatInterval', readonly: false, value: '1' }],
    unknownKey: ['Nonsense'],
  })
  expect(await call('ClearCache')).toEqual({ status: 'Accepted' })
  await eventually('beats at the new interval', () => peer.of('Heartbeat').length >= 2)
})

it('sends what is triggered', async () => {
  await given()
  for (const requestedMessage of ['BootNotification', 'Heartbeat', 'MeterValues', 'StatusNotification'])
    expect(await call('TriggerMessage', { requestedMessage, connectorId: 1 })).toEqual({ status: 'Accepted' })
  await eventually('sent', () => peer.of('StatusNotification').length >= 4)
  expect(peer.of('BootNotification')).toHaveLength(2)
  expect(peer.of('Heartbeat')).toHaveLength(1)
  expect(JSON.stringify(peer.of('MeterValues')[0]?.params)).toContain('Trigger')
  for (const requestedMessage of ['FirmwareStatusNotification', 'DiagnosticsStatusNotification'] as const) {
    expect(await call('TriggerMessage', { requestedMessage })).toEqual({ status: 'Accepted' })
    await eventually('told', () => peer.of(requestedMessage).length === 1)
    expect(peer.of(requestedMessage)[0]?.params).toEqual({ status: 'Idle' })
  }
})

it('echoes data of its own vendor only', async () => {
  await given()
  const echo = { vendorId: brands.norden.vendor, messageId: 'Echo', data: 'hello' }
  expect(await call('DataTransfer', echo)).toEqual({ status: 'Accepted', data: 'hello' })
  expect(await call('DataTransfer', { ...echo, messageId: 'Sing' })).toEqual({ status: 'UnknownMessageId' })
  expect(await call('DataTransfer', { vendorId: 'else' })).toEqual({ status: 'UnknownVendorId' })
})

it('answers what it does not know or have with the CALLERROR for it', async () => {
  await given()
  await expect(
    call('GetInstalledCertificateIds', { certificateType: 'ManufacturerRootCertificate' }),
  ).rejects.toMatchObject({ rpcErrorCode: 'NotSupported' })
  // the peer's own strict mode would not let an unknown action or a wrong payload out
  const raw = peer.peer(id) as unknown as { sendRaw(frame: string): void; on(event: string, listener: unknown): void }
  const answers: string[] = []
  raw.on('message', ({ message, outbound }: { message: Buffer; outbound: boolean }) => {
    if (!outbound) answers.push(String(message))
  })
  raw.sendRaw(JSON.stringify([2, 'x1', 'constructor', {}]))
  raw.sendRaw(JSON.stringify([2, 'x2', 'Reset', { type: 'Gently' }]))
  raw.sendRaw('not json')
  await eventually('answered', () => answers.length >= 2)
  expect(answers[0]).toContain('"x1","NotImplemented"')
  expect(answers[1]).toContain('"x2","TypeConstraintViolation"')
  expect(fleet.progress().online).toBe(1)
  // answers to frames that the peer did not know it sent
  peer.violations.splice(0)
})

it('uses a new AuthorizationKey from its next connection on', async () => {
  await given({ password: 'first-password-1' }, { password: 'first-password-1' })
  expect(await call('ChangeConfiguration', { key: 'AuthorizationKey', value: 'second-password-2' })).toEqual({
    status: 'Accepted',
  })
  // this central system still wants the old one
  await eventually('refused with the new one', () => fleet.progress().problem?.includes('401') === true)
})
