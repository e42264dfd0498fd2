import type { AcceptedIdentity, SecurityUpgrade } from '@voltrail/contracts/events/device'
import type { DeviceEvent, EventNamed } from '@voltrail/contracts/events/registry'
import type { Instant } from '@voltrail/contracts/quantities'
import type { ChargerState } from '../charger/charger-state.ts'
import { accept, reject, type Decision } from '../decider.ts'
import type { DeviceState, Part } from './device-state.ts'

/** A change to another security profile or key that is under way: both are good until the first accepted boot on the new one. */
export const securityUpgradeWith: Part = (state, event) => {
  switch (event.type) {
    case 'SecurityUpgradeBegun':
      return { ...state, securityUpgrade: event.data }
    case 'SecurityUpgradeEnded': {
      if (state.securityUpgrade?.upgradeId !== event.data.upgradeId) return state
      const { securityUpgrade: _, ...ended } = state
      return ended
    }
    default:
      return state
  }
}

export type UpgradeRefusal = {
  readonly kind:
    | 'unknown-charger'
    | 'profile-never-lower'
    | 'nothing-to-change'
    | 'no-password'
    | 'no-client-identity'
    | 'upgrade-under-way'
  readonly detail: string
}

export interface BeginSecurityUpgrade {
  readonly upgradeId: string
  readonly toProfile: number
  readonly until: Instant
  readonly newKey?: { readonly digests: readonly string[]; readonly sealed: NonNullable<SecurityUpgrade['sealedKey']> }
  /** how the charger is known today */
  readonly charger: Pick<ChargerState, 'registered' | 'securityProfile' | 'passwordDigests'>
}

/**
 * Begins a change to a higher security profile, to a new key, or to both. A profile is never lowered (OCPP 1.6 security white
 * paper, upgrade of the security profile); one upgrade is under way at a time.
 */
export const beginSecurityUpgrade = (
  command: BeginSecurityUpgrade,
  state: DeviceState,
): Decision<DeviceEvent, UpgradeRefusal> => {
  const { upgradeId, toProfile, until, newKey, charger } = command
  const no = (kind: UpgradeRefusal['kind'], detail: string) => reject({ kind, detail })
  // the same request told again
  if (state.securityUpgrade?.upgradeId === upgradeId) return accept()
  if (!charger.registered) return no('unknown-charger', 'this charger is not registered')
  if (toProfile < charger.securityProfile)
    return no(
      'profile-never-lower',
      `the charger is on security profile ${charger.securityProfile}, which is never lowered`,
    )
  if (toProfile === charger.securityProfile && newKey === undefined)
    return no('nothing-to-change', `the charger is on security profile ${toProfile} already; ask for a new key with it`)
  const passwordDigests = [...(newKey?.digests ?? charger.passwordDigests)]
  if (toProfile < 3 && passwordDigests.length === 0)
    return no('no-password', `security profile ${toProfile} needs a password and none is set: have a key made with it`)
  if (toProfile === 3 && (state.identities ?? []).length === 0)
    return no(
      'no-client-identity',
      'no client certificate is accepted for this charger: set its client identities first',
    )
  if (state.securityUpgrade !== undefined)
    return no('upgrade-under-way', `an upgrade is under way until ${state.securityUpgrade.until}`)
  return accept<DeviceEvent>({
    type: 'SecurityUpgradeBegun',
    data: {
      upgradeId,
      toProfile,
      until,
      passwordDigests,
      ...(newKey === undefined ? {} : { sealedKey: newKey.sealed }),
    },
  })
}

/** Records what came of an upgrade, once. */
export const endSecurityUpgrade = (
  ended: EventNamed<'SecurityUpgradeEnded'>['data'],
  state: DeviceState,
): Decision<DeviceEvent> =>
  state.securityUpgrade?.upgradeId === ended.upgradeId
    ? accept<DeviceEvent>({ type: 'SecurityUpgradeEnded', data: ended })
    : accept()

/** Which client certificates are this charger's; the whole list at once. */
export const setClientIdentities = (
  identities: readonly AcceptedIdentity[],
  state: DeviceState,
): Decision<DeviceEvent> =>
  JSON.stringify(identities) === JSON.stringify(state.identities ?? [])
    ? accept()
    : accept<DeviceEvent>({ type: 'ClientIdentitiesChanged', data: { identities: [...identities] } })
