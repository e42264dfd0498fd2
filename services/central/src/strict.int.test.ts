import type { TariffId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { openCentral } from './fixtures/central-fixture.ts'

describe('a strict tenant', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral()
  }, 60_000)
  afterAll(() => house.close())

  it('has its edges told so with each connection, from the next one on', async () => {
    expect(await house.charger('CP-before').connect()).not.toHaveProperty('strict')
    expect(await house.admin({ type: 'ChangeTenantSettings', settings: { strict: true } })).toMatchObject({
      changed: true,
    })
    expect(await house.charger('CP-after').connect()).toMatchObject({ strict: true })
  })

  it('cannot bill: no tariff is assigned', async () => {
    const assign = {
      type: 'AssignTariff',
      tariffId: 't1' as TariffId,
      scope: { kind: 'tenant' },
      validFrom: instant(0),
    } as const
    expect(await house.admin(assign)).toMatchObject({ outcome: 'refused', reason: 'strict' })
    await house.admin({ type: 'ChangeTenantSettings', settings: { strict: false } })
    expect(await house.admin(assign)).not.toMatchObject({ reason: 'strict' })
  })
})
