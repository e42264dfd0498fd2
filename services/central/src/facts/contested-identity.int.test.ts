import type { ChargerId, FactId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream } from '@voltrail/contracts/streams'
import { connectedSubject } from '@voltrail/contracts/subjects'
import { openCentral, tenant } from '../fixtures/central-fixture.ts'

const began = Date.now()

describe('one identity, two boxes', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral()
  }, 60_000)
  afterAll(() => house.close())

  /** Boxes that connect under one identity, at minutes from now; and what the edges are told of it. */
  const boxes = async (id: string) => {
    const cp = house.charger(id)
    const notices: string[] = []
    const edges = house.bus.listen(connectedSubject(tenant, id as ChargerId), ({ data }) => {
      notices.push((JSON.parse(Buffer.from(data).toString('utf8')) as { epoch: string }).epoch)
    })
    await edges.ready
    let facts = 0
    const connect = (minute: number, remoteAddress: string, proof?: string) =>
      cp.tell(
        {
          type: 'Connect',
          edge: 'edge-test',
          subprotocol: 'ocpp1.6',
          remoteAddress,
          tls: false,
          credential: proof === undefined ? { kind: 'none' } : { kind: 'basic', proofs: [proof] },
        },
        { factId: `${id}-${++facts}` as FactId, receivedAt: instant(began + minute * 60_000) },
      )
    const boot = (minute: number, serialNumber: string) =>
      cp.answer(
        { type: 'Boot', vendor: 'V', model: 'M', serialNumber },
        { factId: `${id}-${++facts}` as FactId, receivedAt: instant(began + minute * 60_000) },
      )
    /** Six connections from one address, by turns of two boxes that boot: the last of them is the incumbent. */
    const swap = async () => {
      for (let i = 0; i < 6; i++) {
        expect(await connect(i, 'balancer')).toMatchObject({ outcome: 'answered' })
        await boot(i, `S${i % 2}`)
      }
    }
    const types = async () => (await cp.events()).map(({ type }) => type)
    const count = async (type: string) => (await types()).filter((one) => one === type).length
    return { cp, connect, boot, swap, count, notices, stop: () => edges.stop() }
  }
  const contested = { outcome: 'refused', reason: 'contested-identity' }

  it('that boot with different serial numbers behind one address: the incumbent stays, and no edge hears of the other', async () => {
    const { connect, swap, count, notices, cp, stop } = await boxes('CP-clones')
    await swap()
    expect(await connect(6, 'balancer')).toMatchObject(contested)
    expect(await connect(7, 'balancer')).toMatchObject(contested)
    expect([await count('ChargerConnected'), await count('ChargerIdentityContested')]).toEqual([6, 1])
    const alarm = (await cp.events()).find(({ type }) => type === 'ChargerIdentityContested')
    expect(alarm?.data).toMatchObject({ takeovers: 6, serialNumbers: ['S0', 'S1'] })
    expect(notices).toHaveLength(6)
    expect(await connect(17, 'balancer')).toMatchObject({ outcome: 'answered' })
    stop()
  })

  it('are served again, one at a time, when an operator has dismissed the alarm', async () => {
    const { connect, swap, cp, stop } = await boxes('CP-settled')
    await swap()
    expect(await connect(6, 'balancer')).toMatchObject(contested)
    const alarm = (await cp.events()).find(({ type }) => type === 'ChargerIdentityContested')!
    const chargerId = 'CP-settled' as ChargerId
    const subject = `${chargerStream(tenant, chargerId)}@${alarm.revision}`
    const command = { type: 'SettleReview', chargerId, subject, decision: { kind: 'dismiss' } } as const
    expect(await house.admin(command)).toMatchObject({ outcome: 'done', changed: true })
    expect(await house.admin(command)).toMatchObject({ outcome: 'done', changed: false })
    expect(await connect(6, 'balancer')).toMatchObject({ outcome: 'answered' })
    stop()
  })

  it('of which one cannot prove that it is the charger: it is refused before anything else is asked', async () => {
    const { connect, count, notices, stop } = await boxes('CP-locked')
    await house.admin({
      type: 'RegisterCharger',
      chargerId: 'CP-locked' as ChargerId,
      registration: 'Accepted',
      passwordDigests: ['right'],
    })
    expect(await connect(0, 'a', 'right')).toMatchObject({ outcome: 'answered' })
    for (let i = 1; i < 10; i++)
      expect(await connect(i, 'b', 'wrong')).toMatchObject({ outcome: 'refused', reason: 'bad-credential' })
    expect([await count('ChargerConnected'), await count('ChargerIdentityContested')]).toEqual([1, 0])
    expect(notices).toHaveLength(1)
    expect(await connect(10, 'b', 'right')).toMatchObject({ outcome: 'answered' })
    stop()
  })
})
