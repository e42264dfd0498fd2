import type { ChargerId } from '@voltrail/contracts/ids'
import { deviceStream } from '@voltrail/contracts/streams'
import { openCentral, tenant } from '../fixtures/central-fixture.ts'

const publicKey = '3056301006072A8648CE3D020106052B8104000A034200'

describe('vendor data', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral()
  }, 60_000)
  afterAll(() => house.close())

  it('that tells a meter’s key makes it a claim in the device’s stream, once, however often it is told', async () => {
    const cp = house.charger('CP-key')
    await cp.connect()
    const data = JSON.stringify({ meters: [{ connectorId: 1, meterSerial: 'M-1', publicKey }] })
    const fact = {
      type: 'VendorData',
      vendorId: 'generalConfiguration',
      messageId: 'setMeterConfiguration',
      data,
    } as const
    for (let i = 0; i < 2; i++) expect(await cp.answer(fact)).toEqual({ type: 'VendorData', status: 'Accepted' })
    const events = []
    for await (const event of house.log.readForward(deviceStream(tenant, 'CP-key' as ChargerId), 0)) events.push(event)
    expect(events).toMatchObject([
      {
        type: 'MeterKeyClaimed',
        data: { publicKey, evseId: 1, meterSerial: 'M-1' },
        metadata: { actor: { kind: 'charger' } },
      },
    ])
    expect((await cp.events()).filter(({ type }) => type === 'VendorDataReceived')).toHaveLength(2)
  })

  it('of nobody that is known is a fact all the same', async () => {
    const cp = house.charger('CP-vendor')
    await cp.connect()
    expect(await cp.answer({ type: 'VendorData', vendorId: 'com.example' })).toEqual({
      type: 'VendorData',
      status: 'UnknownVendorId',
    })
    expect((await cp.events()).at(-1)).toMatchObject({
      type: 'VendorDataReceived',
      data: { vendorId: 'com.example', status: 'UnknownVendorId' },
    })
  })
})
