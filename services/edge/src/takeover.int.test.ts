import { Presence } from '@voltrail/contracts/facts'
import { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { connectedSubject, presenceBucket, presenceKey } from '@voltrail/contracts/subjects'
import { openEdgeFixture, until } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'
import type { Frame } from './fixtures/raw-charger.ts'

let fixture: EdgeFixture
beforeAll(async () => {
  fixture = await openEdgeFixture()
})
afterAll(() => fixture.stop())

const accept = ([, id]: Frame) => [3, id, { status: 'Accepted' }]
const tookOver = { code: 1000, reason: 'a newer connection of this charger took over' }
const reset = { type: 'Reset', kind: 'Soft' } as const

const presenceOf = async (id: string): Promise<Presence | undefined> => {
  const board = await fixture.bus.keyValue(presenceBucket)
  const entry = await board.get(presenceKey(TenantId.parse('default'), ChargerId.parse(id)))
  return entry && Presence.parse(JSON.parse(Buffer.from(entry.value).toString()))
}

describe('a charger that connects again', () => {
  it('to another edge: the older socket closes, commands reach the newer one only, from the first', async () => {
    const [one, two] = [await fixture.startEdge(), await fixture.startEdge()]
    const id = fixture.newId()
    const older: unknown[] = []
    const first = await fixture.connect(`${one.url}/${id}`, { onCall: (frame) => void older.push(frame) })
    const firstEpoch = fixture.central.epochOf(id)
    const second = await fixture.connect(`${two.url}/${id}`, { onCall: accept })
    const command = fixture.central.command(id, fixture.central.epochOf(id), reset)
    expect(await command).toMatchObject({ result: { outcome: 'result', status: 'Accepted' } })
    expect(await first.closed).toEqual(tookOver)
    expect(older).toEqual([])
    expect(await fixture.central.command(id, firstEpoch, reset)).toBe('no-responders')
    await second.close()
  })

  it('to the same edge: the same, and the late end of the old one changes nothing', async () => {
    const edge = await fixture.startEdge()
    const id = fixture.newId()
    const first = await fixture.connect(`${edge.url}/${id}`)
    const firstEpoch = fixture.central.epochOf(id)
    const second = await fixture.connect(`${edge.url}/${id}`, { onCall: accept })
    expect(await first.closed).toEqual(tookOver)
    const ends = () =>
      fixture.central.facts.filter(({ chargerId, fact }) => chargerId === id && fact.type === 'Disconnect')
    await until('the old end is recorded', () => ends().length === 1)
    expect(ends()[0]?.epoch).toBe(firstEpoch)
    expect(await fixture.central.command(id, fixture.central.epochOf(id), reset)).toMatchObject({
      result: { outcome: 'result' },
    })
    expect((await presenceOf(id))?.epoch).toBe(fixture.central.epochOf(id))
    await second.close()
    await until('both ends are recorded', () => ends().length === 2)
    await until('nobody is present', async () => (await presenceOf(id)) === undefined)
  })

  it('does not wait for a half-open old socket', async () => {
    const edge = await fixture.startEdge({ closeMs: 100 })
    const id = fixture.newId()
    const first = await fixture.connect(`${edge.url}/${id}`)
    first.socket.pause() // as dead as a modem out of reach: it never answers the close
    const second = await fixture.connect(`${edge.url}/${id}`)
    expect(await second.call('Heartbeat', {})).toMatchObject([3, 'id1', {}])
    await until('the old end is recorded', () => fixture.central.factsOf(id).some(({ type }) => type === 'Disconnect'))
    first.socket.terminate()
    await second.close()
  })

  it('is found by its presence even if the announcement was missed', async () => {
    const edge = await fixture.startEdge({ presenceMs: 50 })
    const id = fixture.newId()
    const charger = await fixture.connect(`${edge.url}/${id}`)
    await until('it is present', async () => (await presenceOf(id)) !== undefined)
    const board = await fixture.bus.keyValue(presenceBucket)
    const key = presenceKey(TenantId.parse('default'), ChargerId.parse(id))
    await board.put(
      key,
      Buffer.from(JSON.stringify({ epoch: '999999', edge: 'elsewhere', lastSeenAt: '2026-01-01T00:00:00.000Z' })),
    )
    expect(await charger.closed).toEqual(tookOver)
    expect((await presenceOf(id))?.edge).toBe('elsewhere')
  })

  it('keeps its presence fresh, with the time of the last frame', async () => {
    const edge = await fixture.startEdge({ presenceMs: 20 })
    const id = fixture.newId()
    const charger = await fixture.connect(`${edge.url}/${id}`)
    await until('it is present', async () => (await presenceOf(id)) !== undefined)
    const before = await presenceOf(id)
    expect(before).toMatchObject({ epoch: fixture.central.epochOf(id), edge: expect.stringMatching(/^edge-/) })
    await charger.call('Heartbeat', {})
    await until('its last frame is shown', async () => (await presenceOf(id))!.lastSeenAt > before!.lastSeenAt)
    await charger.close()
  })

  it('is not closed by announcements of its own or an older epoch, nor by nonsense', async () => {
    const edge = await fixture.startEdge()
    const id = fixture.newId()
    const charger = await fixture.connect(`${edge.url}/${id}`)
    const subject = connectedSubject(TenantId.parse('default'), ChargerId.parse(id))
    for (const text of ['{"epoch":"1","edge":"x"}', 'nonsense', '{"epoch":"x"}']) {
      fixture.bus.publish(subject, Buffer.from(text))
    }
    expect(await charger.call('Heartbeat', {})).toMatchObject([3, 'id1', {}])
    await charger.close()
  })
})
