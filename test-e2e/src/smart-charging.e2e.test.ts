import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChargingProfilesView } from '@voltrail/contracts/rest/charging-profiles'
import type { ConfigurationView } from '@voltrail/contracts/rest/configuration'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, type Charger } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'

interface Told {
  outcome: string
  status?: string
}

const profile = (given: object = {}) => ({
  profileId: 7,
  stackLevel: 3,
  purpose: 'TxDefaultProfile',
  kind: 'Absolute',
  schedule: { unit: 'A', periods: [{ startSeconds: 0, limit: '16', numberPhases: 3 }] },
  ...given,
})

describe('smart charging on the wire, with chargers that are not ours', () => {
  let folder: string
  let product: Product
  let rest: Rest
  const chargers: Charger[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-smart-'))
    product = await startProduct({ dataDir: folder, apiPort: 0, ocppPort: 0 })
    rest = openRest(product.apiUrl, product.operatorKey)
  }, 180_000)
  afterAll(async () => {
    await Promise.all(chargers.map((one) => one.close()))
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  /** A charger of a make, booted, with that many connectors. */
  const booted = async (
    id: string,
    [chargePointVendor, chargePointModel, firmwareVersion]: readonly [string, string, string?],
    connectors = 1,
    answers: Record<string, object> = {},
  ) => {
    const one = openCharger(product.ocppUrl, { id, answers })
    chargers.push(one)
    await one.connect()
    await one.call('BootNotification', {
      chargePointVendor,
      chargePointModel,
      firmwareVersion: firmwareVersion ?? '1.0',
    })
    for (let connectorId = 1; connectorId <= connectors; connectorId++)
      await one.call('StatusNotification', { connectorId, status: 'Available', errorCode: 'NoError' })
    return one
  }
  const put = (id: string, evseId: number, given: object = {}) =>
    rest.send<Told>('PUT', `/v1/chargers/${id}/charging-profiles`, { evseId, profile: profile(given) })
  const set = (one: Charger) =>
    one.calls
      .filter(({ action }) => action === 'SetChargingProfile')
      .map(({ params }) => params as { connectorId: number; csChargingProfiles: Record<string, unknown> })

  it.each([
    ['WALLBOX-1', ['Wall Box Chargers', 'PULSAR'], 1, {}, { stackLevel: 0, chargingProfileKind: 'Relative' }],
    ['ABB-1', ['ABB', 'TAC-W22', '1.8.21'], 1, {}, { stackLevel: 0, chargingProfileKind: 'Absolute' }],
    [
      'EVBOX-1',
      ['EV-BOX', 'G3'],
      0,
      { purpose: 'ChargingStationMaxProfile' },
      { stackLevel: 3, chargingProfilePurpose: 'TxDefaultProfile' },
    ],
    [
      'GRIZZL-1',
      ['Grizzl-E', 'Connect', '03.09.1'],
      0,
      { purpose: 'ChargingStationMaxProfile' },
      { chargingProfilePurpose: 'TxDefaultProfile' },
    ],
    [
      'HUAWEI-1',
      ['Huawei', 'FusionCharge'],
      1,
      {},
      {
        chargingSchedule: {
          chargingRateUnit: 'W',
          chargingSchedulePeriod: [{ startPeriod: 0, limit: 11_040, numberPhases: 3 }],
        },
      },
    ],
    ['PLAIN-1', ['Acme', 'X'], 1, {}, { stackLevel: 3, chargingProfilePurpose: 'TxDefaultProfile' }],
  ] as const)(
    '%s of %j is told a profile in its own dialect',
    async (id, make, evseId, given, expected) => {
      const one = await booted(id, make)
      expect(await put(id, evseId, given)).toMatchObject({ outcome: 'result', status: 'Accepted' })
      expect(set(one)).toMatchObject([{ connectorId: evseId, csChargingProfiles: expected }])
    },
    60_000,
  )

  it('is told for each connector where connector 0 is refused', async () => {
    const one = await booted('EACH-1', ['Acme', 'Twin'], 2)
    await rest.send('PUT', '/v1/chargers/EACH-1/settings', { rulesOn: ['Q30-no-connector-zero'] })
    await one.close()
    const again = await booted('EACH-1', ['Acme', 'Twin'], 2)
    expect(await put('EACH-1', 0)).toMatchObject({ outcome: 'result', status: 'Accepted' })
    expect(set(again).map(({ connectorId }) => connectorId)).toEqual([1, 2])
  }, 60_000)

  it('a charger that means to allow more than its profile is found out, by its own words', async () => {
    const schedule = (limit: number) => ({
      status: 'Accepted',
      connectorId: 1,
      chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit }] },
    })
    for (const [id, limit, agrees] of [
      ['HONEST-1', 16, true],
      ['LIAR-1', 32, false],
    ] as const) {
      await booted(id, ['Acme', 'X'], 1, { GetCompositeSchedule: schedule(limit) })
      await put(id, 1)
      const view = await rest.eventually<ChargingProfilesView>(
        `/v1/chargers/${id}/charging-profiles`,
        ({ verified }) => verified.length > 0,
      )
      expect(view.profiles).toMatchObject([{ evseId: 1, profile: { profileId: 7 } }])
      expect(view.verified).toMatchObject([{ evseId: 1, agrees }])
      expect(await rest.get(`/v1/chargers/${id}/composite-schedule?evseId=1`)).toMatchObject({
        outcome: 'result',
        agrees,
        schedule: { unit: 'A', periods: [{ startSeconds: 0, limit: String(limit) }] },
      })
    }
  }, 60_000)

  it('profiles beyond the limits that a charger shows are refused with the reason, and nothing is sent', async () => {
    const one = await booted('LIMITS-1', ['Acme', 'X'], 1, {
      GetConfiguration: { configurationKey: [{ key: 'ChargeProfileMaxStackLevel', readonly: true, value: '2' }] },
    })
    await rest.send('POST', '/v1/chargers/LIMITS-1/commands/get-configuration', {})
    await rest.eventually<ConfigurationView>('/v1/chargers/LIMITS-1/configuration', ({ keys }) => keys.length === 1)
    await expect(put('LIMITS-1', 1)).rejects.toThrow(/stack levels up to 2/)
    expect(set(one)).toEqual([])
  }, 60_000)

  it('a static limit is told in the unit of the make', async () => {
    const one = await booted('KEBA-1', ['Keba AG', 'P30'])
    await rest.send('PUT', '/v1/chargers/KEBA-1/static-limit', { amperes: 16 })
    expect(one.calls).toContainEqual({
      action: 'ChangeConfiguration',
      params: { key: 'MaxAvailableCurrent', value: '16000' },
    })
  }, 60_000)
})
