import { createHash } from 'node:crypto'
import type { MeterKeyDecision } from '@voltrail/contracts/events/device'
import type { DeviceEvent, EventNamed } from '@voltrail/contracts/events/registry'
import type { MeterKeyId } from '@voltrail/contracts/ids'
import { accept, reject, type Decision } from '../decider.ts'
import type { DeviceState, Part } from './device-state.ts'

type Claim = EventNamed<'MeterKeyClaimed'>['data']
export type MeterKey = NonNullable<DeviceState['meterKeys']>[number]
const mostKeys = 32

const same = (one: Claim, other: Claim): boolean =>
  one.publicKey === other.publicKey && one.meterSerial === other.meterSerial && one.evseId === other.evseId

/** What a claimed key is named by: the same claim has the same name, at whatever charger. */
export const meterKeyId = ({ publicKey, meterSerial, evseId }: Claim): MeterKeyId =>
  createHash('sha256')
    .update(JSON.stringify([publicKey, meterSerial ?? '', evseId ?? '']))
    .digest('hex')
    .slice(0, 16) as MeterKeyId

/**
 * The public keys that the charger says its meters sign with: claims, since anybody can tell a key, until an operator vouches for
 * them. Newer claims push out older ones, but never one that is vouched for.
 */
export const meterKeysWith: Part = (state, event) => {
  const known = state.meterKeys ?? []
  switch (event.type) {
    case 'MeterKeyClaimed': {
      const oldest = known.findIndex(({ state: word }) => word !== 'confirmed')
      const kept = known.length < mostKeys ? known : known.filter((_, i) => i !== Math.max(0, oldest))
      return { ...state, meterKeys: [...kept, { ...event.data, state: 'claimed', at: event.metadata.receivedAt }] }
    }
    case 'MeterKeyDecided': {
      const { decision, note: _, ...claim } = event.data
      const decided = { state: decision, decidedAt: event.metadata.receivedAt, decidedBy: event.metadata.actor }
      return { ...state, meterKeys: known.map((one) => (same(one, claim) ? { ...one, ...decided } : one)) }
    }
    default:
      return state
  }
}

/** Each key once for each meter: a charger tells them at every boot, and what was rejected stays so. */
export const claimMeterKeys = (claims: readonly Claim[], state: DeviceState): Decision<DeviceEvent> => {
  const fresh = claims.filter(
    (claim, i) =>
      !(state.meterKeys ?? []).some((known) => same(known, claim)) &&
      claims.findIndex((other) => same(other, claim)) === i,
  )
  return accept<DeviceEvent>(...fresh.map((data) => ({ type: 'MeterKeyClaimed', data }) as const))
}

/** An operator vouches for a claimed key, or will have none of it. The other word may follow; the same again changes nothing. */
export const decideMeterKey = (
  command: {
    readonly keyId: MeterKeyId
    readonly decision: MeterKeyDecision
    readonly note?: string | undefined
  },
  state: DeviceState,
): Decision<DeviceEvent, { readonly kind: 'unknown-meter-key'; readonly detail: string }> => {
  const { keyId, decision, note } = command
  const key = state.meterKeys?.find((one) => meterKeyId(one) === keyId)
  if (key === undefined)
    return reject({ kind: 'unknown-meter-key', detail: `this charger claims no meter key ${keyId}` })
  if (key.state === decision) return accept()
  const { publicKey, meterSerial, evseId } = key
  return accept<DeviceEvent>({
    type: 'MeterKeyDecided',
    data: {
      publicKey,
      ...(meterSerial === undefined ? {} : { meterSerial }),
      ...(evseId === undefined ? {} : { evseId }),
      decision,
      ...(note === undefined ? {} : { note }),
    },
  })
}
