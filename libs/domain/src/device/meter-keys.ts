import type { DeviceEvent, EventNamed } from '@voltrail/contracts/events/registry'
import { accept, type Decision } from '../decider.ts'
import type { DeviceState, Part } from './device-state.ts'

type Claim = EventNamed<'MeterKeyClaimed'>['data']
const mostKeys = 32

/** The public keys that the charger says its meters sign with: claims, since anybody can tell a key. */
export const meterKeysWith: Part = (state, event) =>
  event.type === 'MeterKeyClaimed'
    ? {
        ...state,
        meterKeys: [
          ...(state.meterKeys ?? []).slice(1 - mostKeys),
          { ...event.data, state: 'claimed', at: event.metadata.receivedAt },
        ],
      }
    : state

/** Each key once for each meter: a charger tells them at every boot. */
export const claimMeterKeys = (claims: readonly Claim[], state: DeviceState): Decision<DeviceEvent> => {
  const same = (one: Claim, other: Claim): boolean =>
    one.publicKey === other.publicKey && one.meterSerial === other.meterSerial && one.evseId === other.evseId
  const fresh = claims.filter(
    (claim, i) =>
      !(state.meterKeys ?? []).some((known) => same(known, claim)) &&
      claims.findIndex((other) => same(other, claim)) === i,
  )
  return accept<DeviceEvent>(...fresh.map((data) => ({ type: 'MeterKeyClaimed', data }) as const))
}
