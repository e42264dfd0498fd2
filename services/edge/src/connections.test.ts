import { ChargerId, ConnectionEpoch, TenantId } from '@voltrail/contracts/ids'
import { createConnections } from './connections.ts'

const tenant = TenantId.parse('default')
const chargerId = ChargerId.parse('CP1')
const epoch = (n: number) => ConnectionEpoch.parse(String(n))
const connection = (n: number) => {
  const self = { tenant, chargerId, epoch: epoch(n), gone: 0, superseded: () => void self.gone++ }
  return self
}

describe('the connections of a pod', () => {
  it('are one per charger: the newest supersedes', () => {
    const connections = createConnections()
    const [old, young] = [connection(9), connection(10)]
    expect([connections.add(old), connections.add(young)]).toEqual([true, true])
    expect([old.gone, young.gone, connections.size]).toEqual([1, 0, 1])
  })

  it('do not let an older one replace a newer one', () => {
    const connections = createConnections()
    const [old, young] = [connection(9), connection(10)]
    connections.add(young)
    expect(connections.add(old)).toBe(false)
    expect(connections.all()).toEqual([young])
  })

  it('are not touched by the late end of an old one', () => {
    const connections = createConnections()
    const [old, young] = [connection(1), connection(2)]
    connections.add(old)
    connections.add(young)
    connections.remove(old)
    expect(connections.all()).toEqual([young])
  })

  it('are superseded by a newer epoch elsewhere, not by their own or an older one', () => {
    const connections = createConnections()
    const held = connection(10)
    connections.add(held)
    connections.announced(tenant, chargerId, epoch(9))
    connections.announced(tenant, chargerId, epoch(10))
    connections.announced(tenant, ChargerId.parse('CP2'), epoch(11))
    expect(held.gone).toBe(0)
    connections.announced(tenant, chargerId, epoch(11))
    expect(held.gone).toBe(1)
  })

  it('know of a newer epoch that was announced while an upgrade waited', () => {
    const connections = createConnections()
    const ticket = connections.beginUpgrade(tenant, chargerId)
    connections.announced(tenant, chargerId, epoch(7))
    expect([ticket.outdated(epoch(6)), ticket.outdated(epoch(7)), ticket.outdated(epoch(8))]).toEqual([
      true,
      false,
      false,
    ])
    ticket.end()
  })
})
