import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { ChargerEvent, DeviceEvent, DomainEvent } from '@voltrail/contracts/events/registry'
import { Presence } from '@voltrail/contracts/facts'
import type { ChargerId, ConnectionEpoch, TenantId } from '@voltrail/contracts/ids'
import { chargerStream, deviceStream, type StreamName } from '@voltrail/contracts/streams'
import { presenceBucket, presenceKey } from '@voltrail/contracts/subjects'
import { charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import type { Aggregate } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import { lowersPower } from '@voltrail/domain/device/profile-checks'
import { sleep } from '@voltrail/runtime/ticker'
import type { CentralDeps } from '../central-deps.ts'
import { isAway } from '../unavailable.ts'

/**
 * Commands that never wait for the log, because what they prevent does not wait either: less power, and the end of a
 * transaction. They are sent, then recorded, marked so. Taking a limit away, or a profile that may allow more than before, waits.
 * @param cared the device as the log knows it, if it answers at once
 */
export const isUrgent = (command: ChargerCommand, cared: Pick<DeviceState, 'profiles'> | undefined): boolean => {
  switch (command.type) {
    case 'RemoteStop':
      return true
    case 'SetChargingProfile':
      return lowersPower(command, cared && (cared.profiles ?? []))
    default:
      return false
  }
}

/** how long the log may take to say what it knows of the charger before the command goes without it */
const readMs = 500

/** The charger as the log knows it, if the log answers at once. */
export const chargerAtOnce = (deps: CentralDeps, tenant: TenantId, chargerId: ChargerId) =>
  atOnce<ChargerState, ChargerEvent>(deps, charger, chargerStream(tenant, chargerId))

/** The same of the device that it is. */
const deviceAtOnce = (deps: CentralDeps, tenant: TenantId, chargerId: ChargerId) =>
  atOnce<DeviceState, DeviceEvent>(deps, device, deviceStream(tenant, chargerId))

/** Both, as far as the log says them at once. */
export interface KnownAtOnce {
  readonly known: ChargerState | undefined
  readonly cared: DeviceState | undefined
}

export const knownAtOnce = async (deps: CentralDeps, tenant: TenantId, chargerId: ChargerId): Promise<KnownAtOnce> => {
  const [known, cared] = await Promise.all([
    chargerAtOnce(deps, tenant, chargerId),
    deviceAtOnce(deps, tenant, chargerId),
  ])
  return { known, cared }
}

const atOnce = async <S, E extends DomainEvent>(
  deps: CentralDeps,
  aggregate: Aggregate<S, E>,
  stream: StreamName,
): Promise<S | undefined> => {
  if (deps.logHealth.state === 'away') return undefined
  const read = deps.load(aggregate, stream).then(
    ({ state }) => state,
    (error: unknown) => {
      if (isAway(error)) return undefined
      throw error
    },
  )
  return Promise.race([read, sleep(readMs).then(() => undefined)])
}

/** The epoch that the charger's edge shows in its presence, which needs no log. */
export const presentEpoch = async (
  deps: CentralDeps,
  tenant: TenantId,
  chargerId: ChargerId,
): Promise<ConnectionEpoch | undefined> => {
  try {
    const subject = `$KV.${presenceBucket}.${presenceKey(tenant, chargerId)}`
    const message = await deps.bus.lastMessage(`KV_${presenceBucket}`, subject)
    if (message === undefined || message.data.length === 0) return undefined
    return Presence.parse(JSON.parse(Buffer.from(message.data).toString('utf8'))).epoch
  } catch (error) {
    deps.log.debug({ err: error, chargerId }, 'the presence of a charger cannot be read')
    return undefined
  }
}

/** how long recording is tried: the log's recovery objective */
const recordForMs = 600_000
const againMs = 1_000

/** Records what was done already; while the log is away it is tried again. */
export const recordAfterwards = async <T>(record: () => Promise<T>): Promise<T> => {
  const giveUpAt = performance.now() + recordForMs
  for (;;) {
    try {
      return await record()
    } catch (error) {
      if (!isAway(error) || performance.now() > giveUpAt) throw error
      await sleep(againMs)
    }
  }
}
