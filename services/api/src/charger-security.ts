import type { DeviceEvent, ChargerEvent } from '@voltrail/contracts/events/registry'
import type { ChargerSecurityView } from '@voltrail/contracts/rest/charger-security'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { chargerStream, deviceStream } from '@voltrail/contracts/streams'
import type { Recorded } from '@voltrail/domain/decider'
import { unknownCharger, charger } from '@voltrail/domain/charger/charger'
import { device, unknownDevice } from '@voltrail/domain/device/device'
import type { EventLog } from '@voltrail/event-store/event-log'

type Log = Pick<EventLog, 'readBackward'>

/** How a charger proves who it is, from the newest events of its streams; undefined when the charger is unknown. */
export async function readChargerSecurity(
  log: Log,
  tenant: TenantId,
  chargerId: ChargerId,
): Promise<ChargerSecurityView | undefined> {
  const known = await newest<ChargerEvent>(log, chargerStream(tenant, chargerId), 'ChargerSummarised')
  if (known.length === 0) return undefined
  const { securityProfile, passwordDigests } = known.reduce(charger.evolve, unknownCharger)
  const cared = await newest<DeviceEvent>(log, deviceStream(tenant, chargerId), 'DeviceSummarised')
  const { identities, securityUpgrade } = cared.reduce(device.evolve, unknownDevice)
  const ended = cared.findLast((event) => event.type === 'SecurityUpgradeEnded')
  return {
    chargerId,
    securityProfile,
    passwordSet: passwordDigests.length > 0,
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

/** The events of a stream from its newest summary on, oldest first. A summary comes regularly: no long stream is read whole. */
async function newest<E extends { type: string }>(
  log: Log,
  stream: string,
  summary: E['type'],
): Promise<readonly Recorded<E>[]> {
  const found: Recorded<E>[] = []
  for await (const event of log.readBackward(stream)) {
    found.push(event as unknown as Recorded<E>)
    if (event.type === summary) break
  }
  return found.toReversed()
}
