import type { FactId } from '@voltrail/contracts/ids'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import { at, recorded } from '../fixtures/given.ts'
import { charger, unknownCharger } from './charger.ts'
import { connectCharger, disconnectCharger } from './connection.ts'

/** Connections one after the other, a minute apart, each from its address; 'end' is the end of the newest. */
const live = (...addresses: readonly string[]) => {
  let state = unknownCharger
  let revision = 0
  const told: string[][] = []
  addresses.forEach((remoteAddress, minute) => {
    const now = at(minute)
    const decided =
      remoteAddress === 'end'
        ? disconnectCharger({ epoch: state.connection!.epoch, edge: 'e', code: 1000, reason: '' }, state)
        : connectCharger(
            {
              edge: 'e',
              subprotocol: 'ocpp1.6',
              remoteAddress,
              tls: false,
              credential: { kind: 'none' },
              factId: `f.${minute}` as FactId,
              adoption: 'open',
              heartbeatSeconds: 300,
              now,
            },
            state,
          )
    if ('rejected' in decided) return void told.push([decided.rejected.kind])
    told.push(decided.accepted.map(({ type }) => type))
    for (const event of decided.accepted) {
      const one = recorded<ChargerEvent>(event, revision++)
      state = charger.evolve(state, { ...one, metadata: { ...one.metadata, receivedAt: now } })
    }
  })
  return told.slice(1)
}
const connected = ['ChargerConnected']
const contested = ['ChargerIdentityContested', 'ChargerConnectionRefused']

describe('one identity', () => {
  it('of a charger that reconnects from the same address is never contested', () => {
    expect(live(...Array.from({ length: 12 }, () => 'a'))).toEqual(Array.from({ length: 11 }, () => connected))
  })

  it('of two boxes: the sixth takeover within ten minutes is refused and told once; the incumbent stays', () => {
    expect(live('a', 'b', 'a', 'b', 'a', 'b', 'a', 'a', 'b')).toEqual([
      ...Array.from({ length: 5 }, () => connected),
      contested,
      ['contested-identity'],
      connected,
    ])
  })

  it('goes to the other box once the incumbent has gone', () => {
    expect(live('a', 'b', 'a', 'b', 'a', 'b', 'a', 'end', 'a').slice(5)).toEqual([
      contested,
      ['ChargerDisconnected'],
      connected,
    ])
  })
})
