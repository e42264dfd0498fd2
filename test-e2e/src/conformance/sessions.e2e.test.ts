import type { ChargerDetail } from '@voltrail/contracts/rest/chargers'
import { accepted, openConformance } from '../fixtures/conformance.ts'
import { timestamp } from '../fixtures/charger.ts'

/** OCA compliance test document, central system: 3.1 to 3.3, 3.8, 3.11 and 3.12. */

const here = openConformance()

describe.each(['ocpp-rpc', 'ocpp-ts'] as const)('boot, sessions and offline, with %s', (client) => {
  const charger = (id: string) => `${client}-${id}`

  it('TC_001_CSMS Cold boot: accepted, with an interval and the time, then statuses and heartbeats', async () => {
    const cp = await here.connect(client, charger('001'))
    const { status, interval, currentTime } = await cp.boot()
    expect([status, interval > 0]).toEqual(['Accepted', true])
    expect(Math.abs(Date.parse(currentTime) - Date.now())).toBeLessThan(10_000)
    for (const connectorId of [0, 1, 2]) await cp.status('Available', connectorId)
    expect(await cp.call('Heartbeat')).toEqual({ currentTime: expect.stringMatching(/Z$/) })
    const view = await here.rest.eventually<ChargerDetail>(
      `/v1/chargers/${cp.id}`,
      ({ connectors }) => connectors.length === 3,
    )
    expect(view).toMatchObject({ connected: true, vendor: 'Acme', model: 'Conform' })
  })

  it('TC_003_CSMS Regular charging session, plug-in first: id and start are accepted, and the session is there', async () => {
    const cp = await here.ready(client, charger('003'))
    await cp.status('Preparing')
    expect(await cp.call('Authorize', { idTag: 'GOOD' })).toMatchObject(accepted)
    const { transactionId, idTagInfo } = await cp.start('GOOD')
    expect([idTagInfo.status, transactionId > 0]).toEqual(['Accepted', true])
    await cp.status('Charging')
    const session = await here.session(cp.id, ({ chargingState }) => chargingState === 'Charging')
    expect(session).toMatchObject({ transactionId: String(transactionId), evseId: 1, state: 'active' })
  })

  it('TC_004_1_CSMS Regular charging session, identification first: the start is accepted after the id', async () => {
    const cp = await here.ready(client, charger('004-1'))
    expect(await cp.call('Authorize', { idTag: 'GOOD' })).toMatchObject(accepted)
    await cp.status('Preparing')
    expect(await cp.start('GOOD')).toMatchObject(accepted)
    await cp.status('Charging')
    await here.session(cp.id, ({ state }) => state === 'active')
  })

  it('TC_004_2_CSMS Identification first, connection time-out: the connector is available, and there is no session', async () => {
    const cp = await here.ready(client, charger('004-2'))
    expect(await cp.call('Authorize', { idTag: 'GOOD' })).toMatchObject(accepted)
    await cp.status('Preparing')
    await cp.status('Available')
    const view = await here.rest.get<ChargerDetail>(`/v1/chargers/${cp.id}`)
    expect(view.openTransactions).toEqual([])
  })

  it('TC_005_1_CSMS EV side disconnected, the transaction stops: the stop is accepted and says why', async () => {
    const cp = await here.ready(client, charger('005-1'))
    const { transactionId } = await cp.start('GOOD', { timestamp: timestamp(30) })
    await cp.status('Charging')
    await cp.status('SuspendedEV')
    expect(await cp.stop(transactionId, 'EVDisconnected', { idTag: 'GOOD' })).toMatchObject(accepted)
    await cp.status('Finishing')
    await cp.status('Available')
    const session = await here.session(cp.id, ({ billing }) => billing === 'final')
    expect(session).toMatchObject({ stopReason: 'EVDisconnected', energyWh: 2_500, evseId: 1 })
    expect(session.costMinor).toBeGreaterThan(0)
  })

  it('TC_007_CSMS Regular start with a cached id: the start alone is accepted', async () => {
    const cp = await here.ready(client, charger('007'))
    await cp.status('Preparing')
    expect(await cp.start('GOOD')).toMatchObject(accepted)
    await cp.status('Charging')
    await here.session(cp.id, ({ state }) => state === 'active')
  })

  it('TC_061_CSMS Clear the authorization cache: the charger is asked, and its answer told', async () => {
    const cp = await here.ready(client, charger('061'))
    expect(await here.command(cp.id, 'ClearCache')).toMatchObject({ outcome: 'result', status: 'Accepted' })
    expect(cp.received('ClearCache')).toEqual([{}])
  })

  it('TC_023_1_CSMS Authorize, invalid: an id that nobody issued is Invalid', async () => {
    const cp = await here.ready(client, charger('023-1'))
    expect(await cp.call('Authorize', { idTag: 'NOBODYS' })).toMatchObject({ idTagInfo: { status: 'Invalid' } })
  })

  it('TC_023_2_CSMS Authorize, expired: an id whose time is over is Expired', async () => {
    await here.rest.send('PUT', '/v1/id-tokens/LATE', { expiresAt: timestamp(60) })
    const cp = await here.ready(client, charger('023-2'))
    expect(await cp.call('Authorize', { idTag: 'LATE' })).toMatchObject({ idTagInfo: { status: 'Expired' } })
  })

  it('TC_023_3_CSMS Authorize, blocked: an id that was blocked is Blocked', async () => {
    await here.rest.send('PUT', '/v1/id-tokens/BAD', { status: 'Blocked' })
    const cp = await here.ready(client, charger('023-3'))
    expect(await cp.call('Authorize', { idTag: 'BAD' })).toMatchObject({ idTagInfo: { status: 'Blocked' } })
  })

  it('TC_024_CSMS Start of a session, lock failure: the fault is taken and shown', async () => {
    const cp = await here.ready(client, charger('024'))
    expect(await cp.call('Authorize', { idTag: 'GOOD' })).toMatchObject(accepted)
    await cp.status('Preparing')
    await cp.status('Faulted', 1, { errorCode: 'ConnectorLockFailure' })
    const view = await here.rest.eventually<ChargerDetail>(`/v1/chargers/${cp.id}`, ({ faults }) => faults.length > 0)
    expect(view.faults).toMatchObject([{ evseId: 1, errorCode: 'ConnectorLockFailure', clearedAt: null }])
    expect(view.openTransactions).toEqual([])
  })

  it('TC_032_1_CSMS Power failure, the transaction stops: boot and stop are accepted, and the energy is billed', async () => {
    const cp = await here.ready(client, charger('032-1'))
    const { transactionId } = await cp.start('GOOD', { timestamp: timestamp(45) })
    await cp.status('Charging')
    await cp.close()
    const back = await here.connect(client, cp.id)
    expect(await back.boot()).toMatchObject({ status: 'Accepted' })
    await back.status('Available', 0)
    await back.status('Finishing', 1)
    await back.status('Available', 2)
    expect(await back.stop(transactionId, 'PowerLoss', { idTag: 'GOOD' })).toMatchObject(accepted)
    const session = await here.session(cp.id, ({ billing }) => billing === 'final')
    expect(session).toMatchObject({ stopReason: 'PowerLoss', energyWh: 2_500 })
  })

  it('TC_037_1_CSMS Offline start, valid id: a start of an hour ago is accepted and keeps its time', async () => {
    const cp = await here.ready(client, charger('037-1'))
    await cp.close()
    const back = await here.connect(client, cp.id)
    const began = timestamp(60)
    expect(await back.start('GOOD', { timestamp: began })).toMatchObject(accepted)
    await back.status('Charging')
    expect(await here.session(cp.id, ({ state }) => state === 'active')).toMatchObject({ startedAt: began })
  })

  it('TC_037_3_CSMS Offline start, invalid id: the start is told the truth and recorded, and so is its stop', async () => {
    const cp = await here.ready(client, charger('037-3'))
    await cp.close()
    const back = await here.connect(client, cp.id)
    const { transactionId, idTagInfo } = await back.start('NOBODYS', { timestamp: timestamp(60) })
    expect([idTagInfo.status, transactionId > 0]).toEqual(['Invalid', true])
    await back.status('Charging')
    await back.stop(transactionId, 'DeAuthorized')
    await back.status('Finishing')
    const session = await here.session(cp.id, ({ state }) => state !== 'active')
    expect(session).toMatchObject({ authorization: 'Invalid', stopReason: 'DeAuthorized', energyWh: 2_500 })
  })

  it('TC_039_CSMS Offline transaction: start and stop are accepted and billed as they were', async () => {
    const cp = await here.ready(client, charger('039'))
    await cp.close()
    const back = await here.connect(client, cp.id)
    const { transactionId, idTagInfo } = await back.start('GOOD', { timestamp: timestamp(90) })
    expect(idTagInfo.status).toBe('Accepted')
    const ended = { timestamp: timestamp(20), idTag: 'GOOD' }
    expect(await back.stop(transactionId, 'Local', ended)).toMatchObject(accepted)
    const session = await here.session(cp.id, ({ billing }) => billing === 'final')
    expect(session).toMatchObject({ startedAt: timestamp(90), stoppedAt: timestamp(20), energyWh: 2_500 })
  })
})
