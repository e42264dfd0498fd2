import type { ChargerId } from '@voltrail/contracts/ids'
import { openCentral } from '../fixtures/central-fixture.ts'

describe('the subprotocol of a connection', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral()
  }, 60_000)
  afterAll(() => house.close())

  const connecting = (offered: string[], subprotocol?: string) => ({
    type: 'Connect' as const,
    edge: 'edge-test',
    ...(subprotocol !== undefined && { subprotocol }),
    offered,
    speaks: ['ocpp1.6'],
    remoteAddress: '192.0.2.1',
    tls: false,
    credential: { kind: 'none' as const },
  })

  it('is the one that is set for the charger, whatever it names; what it named is recorded beside it', async () => {
    const cp = house.charger('CP-PINNED')
    expect(await cp.answer(connecting(['ocpp1.6'], 'ocpp1.6'))).toMatchObject({ subprotocol: 'ocpp1.6' })
    const settings = { subprotocol: 'ocpp1.6' as const, rulesOff: [], rulesOn: [] }
    const chargerId = 'CP-PINNED' as ChargerId
    expect(await house.admin({ type: 'ChangeChargerSettings', chargerId, settings })).toMatchObject({ outcome: 'done' })
    for (const offered of [[], ['ocpp2.0.1']])
      expect(await cp.answer(connecting(offered))).toMatchObject({ subprotocol: 'ocpp1.6' })
    const connected = (await cp.events()).filter(({ type }) => type === 'ChargerConnected')
    expect(connected.map(({ data }) => data)).toMatchObject([
      { subprotocol: 'ocpp1.6', offered: ['ocpp1.6'] },
      { subprotocol: 'ocpp1.6', offered: [] },
      { subprotocol: 'ocpp1.6', offered: ['ocpp2.0.1'] },
    ])
  })

  it('that both speak is missing: refused, recorded of a charger that is known, and nobody is made known by it', async () => {
    const cp = house.charger('CP-OTHER')
    expect(await cp.tell(connecting(['ocpp2.0.1']))).toMatchObject({ outcome: 'refused', reason: 'no-subprotocol' })
    expect(await cp.events()).toEqual([])
    await cp.answer(connecting(['ocpp1.6'], 'ocpp1.6'))
    expect(await cp.tell(connecting([]))).toMatchObject({ outcome: 'refused', reason: 'no-subprotocol' })
    expect((await cp.events()).at(-1)).toMatchObject({
      type: 'ChargerConnectionRefused',
      data: { reason: 'no-subprotocol', detail: 'the charger names no subprotocol; its edge speaks ocpp1.6' },
    })
  })
})
