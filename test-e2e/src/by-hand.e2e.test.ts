import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { ChargingProfilesView } from '@voltrail/contracts/rest/charging-profiles'
import type { DesiredConfigurationView } from '@voltrail/contracts/rest/configuration'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, type Charger } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'

const key = 'HeartbeatInterval'
const settles = 120_000

describe('what an operator sets by a call of their own', () => {
  let folder: string
  let product: Product
  let rest: Rest
  let cp: Charger
  const values = new Map([[key, '300']])
  const sets = () => cp.calls.filter(({ action }) => action === 'ChangeConfiguration').map(({ params }) => params)
  const path = '/v1/chargers/HAND-1/desired-configuration'
  const desired = (holds: (one: DesiredConfigurationView['keys'][number] | undefined) => boolean) =>
    rest.eventually<DesiredConfigurationView>(path, ({ keys }) => holds(keys[0]), settles)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: join(folder, 'data') })
    rest = openRest(product.apiUrl, product.operatorKey)
    cp = openCharger(product.ocppUrl, {
      id: 'HAND-1',
      answers: {
        get GetConfiguration() {
          const configurationKey = [...values].map(([name, value]) => ({ key: name, value, readonly: false }))
          return { configurationKey, unknownKey: [] }
        },
        get ChangeConfiguration() {
          const asked = cp.calls.at(-1)!.params as { key: string; value: string }
          values.set(asked.key, asked.value)
          return { status: 'Accepted' }
        },
      },
    })
    await cp.connect()
    await cp.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
  }, 180_000)
  afterAll(async () => {
    await cp?.close().catch(() => {})
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('of a desired key is theirs, shown with who and since when, until the key is desired anew', async () => {
    await rest.send('PUT', path, { keys: [{ key, value: '60' }] })
    await desired((one) => one?.outcome === 'Accepted' && one.shown === '60')
    expect(sets()).toEqual([{ key, value: '60' }])

    const call = '/v1/chargers/HAND-1/calls/ChangeConfiguration'
    expect(await rest.send('POST', call, { key, value: '900' })).toMatchObject({ outcome: 'result' })
    const suspended = await desired((one) => one?.outcome === 'Suspended')
    expect(suspended.keys).toMatchObject([
      { key, value: '60', shown: '900', at: expect.any(String), nextAt: null, by: { kind: 'operator' } },
    ])
    // a boot, and what it shows then, changes nothing about that: its neighbour is set, and this one is not
    await cp.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    await rest.send('PUT', path, { keys: [{ key: 'ConnectionTimeOut', value: '90' }] })
    await rest.eventually<DesiredConfigurationView>(
      path,
      ({ keys }) => keys.some((one) => one.key === 'ConnectionTimeOut' && one.outcome === 'Accepted'),
      settles,
    )
    expect(values.get(key)).toBe('900')
    expect(sets()).toHaveLength(3)

    await rest.send('PUT', path, { keys: [{ key, value: '60' }] })
    await rest.eventually<DesiredConfigurationView>(
      path,
      ({ keys }) => keys.some((one) => one.key === key && one.outcome === 'Accepted' && one.by === null),
      settles,
    )
    expect(values.get(key)).toBe('60')
  }, 400_000)

  it('of its limits leaves them unvouched for, with whose call it was', async () => {
    const profile = {
      chargingProfileId: 1,
      stackLevel: 0,
      chargingProfilePurpose: 'ChargePointMaxProfile',
      chargingProfileKind: 'Relative',
      chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] },
    }
    await rest.send('POST', '/v1/chargers/HAND-1/calls/SetChargingProfile', {
      connectorId: 0,
      csChargingProfiles: profile,
    })
    const view = await rest.eventually<z.infer<typeof ChargingProfilesView>>(
      '/v1/chargers/HAND-1/charging-profiles',
      ({ limitsUnverifiedSince }) => limitsUnverifiedSince !== null,
    )
    expect(view.limitsUnverifiedBy).toMatchObject({ kind: 'operator' })
  })
})
