import type { DeviceEvent, ChargerEvent } from '@voltrail/contracts/events/registry'
import type { ChargerSecurityView } from '@voltrail/contracts/rest/charger-security'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { chargerStream, deviceStream } from '@voltrail/contracts/streams'
import { unknownCharger, charger } from '@voltrail/domain/charger/charger'
import { device, unknownDevice } from '@voltrail/domain/device/device'
import type { EventLog } from '@voltrail/event-store/event-log'
import { newestEvents } from './newest-events.ts'

type Log = Pick<EventLog, 'readBackward'>

/** How a charger proves who it is, from the newest events of its streams; undefined when the charger is unknown. */
export async function readChargerSecurity(
  log: Log,
  tenant: TenantId,
  chargerId: ChargerId,
): Promise<ChargerSecurityView | undefined> {
  const known = await newestEvents<ChargerEvent>(log, chargerStream(tenant, chargerId), 'ChargerSummarised')
  if (known.length === 0) return undefined
  const { securityProfile, passwordDigests, passwordShort } = known.reduce(charger.evolve, unknownCharger)
  const cared = await newestEvents<DeviceEvent>(log, deviceStream(tenant, chargerId), 'DeviceSummarised')
  const { identities, securityUpgrade } = cared.reduce(device.evolve, unknownDevice)
  const ended = cared.findLast((event) => event.type === 'SecurityUpgradeEnded')
  return {
    chargerId,
    securityProfile,
    passwordSet: passwordDigests.length > 0,
    passwordShort: passwordShort === true,
    identities: identities ?? [],
    upgrade:
      securityUpgrade === undefined
        ? null
        : {
            upgradeId: securityUpgrade.upgradeId,
            toProfile: securityUpgrade.toProfile,
            newKey: securityUpgrade.sealedKey !== undefined,
            until: securityUpgrade.until,
          },
    lastUpgrade:
      ended?.type === 'SecurityUpgradeEnded'
        ? {
            upgradeId: ended.data.upgradeId,
            toProfile: ended.data.toProfile,
            outcome: ended.data.outcome,
            detail: ended.data.detail,
            endedAt: ended.metadata.receivedAt,
          }
        : null,
  }
}
