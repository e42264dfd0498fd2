import type { NextCredentials } from '@voltrail/contracts/events/charger'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { ConnectionEpoch } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { accept, type Decision } from '../decider.ts'
import type { ChargerState } from './charger-state.ts'

/**
 * Credentials that are good beside those of today while a charger is moved to them: until the first accepted boot on a connection
 * that was made with them (then the old ones are refused for good), or until they are withdrawn. Those that the charger may have taken are
 * never withdrawn: it would be locked out.
 */

const today = ({ securityProfile, passwordDigests, passwordShort }: ChargerState) => ({
  securityProfile,
  passwordDigests,
  ...(passwordShort === undefined ? {} : { passwordShort }),
})

/** Makes the next credentials good too; an offer of the same upgrade may change (a charger took the key but not the profile). */
export const offerCredentials = (next: NextCredentials, state: ChargerState): Decision<ChargerEvent> => {
  if (!state.registered || next.securityProfile < state.securityProfile) return accept()
  const known = state.nextCredentials
  if (known?.upgradeId === next.upgradeId && known.securityProfile === next.securityProfile) return accept()
  if (known?.kept !== true || known.upgradeId === next.upgradeId || state.passwordDigests.length === 0)
    return accept<ChargerEvent>({ type: 'ChargerCredentialsChanged', data: { ...today(state), next } })
  // the key of an upgrade before this one, which the charger may have taken, is as good as that of today
  const passwordDigests = [...new Set([...state.passwordDigests, ...known.passwordDigests])]
  const sameKey = next.passwordDigests.join() === state.passwordDigests.join()
  return accept<ChargerEvent>({
    type: 'ChargerCredentialsChanged',
    data: { ...today(state), passwordDigests, next: sameKey ? { ...next, passwordDigests } : next },
  })
}

/** Whether the next credentials are good at this time. */
export const isGood = (next: NextCredentials, now: Instant): boolean => next.kept === true || now <= next.until

/** The time of the upgrade is over and the charger may have taken its credentials: they stay good beside those of today. */
export const keepCredentials = (upgradeId: string, state: ChargerState): Decision<ChargerEvent> => {
  const { nextCredentials: next } = state
  if (next === undefined || next.upgradeId !== upgradeId || next.kept === true) return accept()
  return accept<ChargerEvent>({
    type: 'ChargerCredentialsChanged',
    data: { ...today(state), next: { ...next, kept: true } },
  })
}

/** The upgrade came to nothing: those of today are the only ones again. One that came true meanwhile stays. */
export const withdrawCredentials = (upgradeId: string, state: ChargerState): Decision<ChargerEvent> =>
  state.nextCredentials?.upgradeId === upgradeId
    ? accept<ChargerEvent>({ type: 'ChargerCredentialsChanged', data: today(state) })
    : accept()

/** What an accepted boot on the connection of this epoch makes of an upgrade. */
export const credentialsProven = (epoch: ConnectionEpoch | undefined, state: ChargerState): readonly ChargerEvent[] => {
  const { connection, nextCredentials, registration } = state
  if (nextCredentials === undefined || registration !== 'Accepted') return []
  if (connection?.onNext !== true || connection.epoch !== epoch) return []
  const { securityProfile, passwordDigests, upgradeId } = nextCredentials
  // a new key is made here, and long; the one of today may be short still
  const kept = passwordDigests.join() === state.passwordDigests.join() ? today(state) : {}
  return [{ type: 'ChargerCredentialsChanged', data: { ...kept, securityProfile, passwordDigests, upgradeId } }]
}
