import type { ChargerEvent, DeviceEvent } from '@voltrail/contracts/events/registry'
import type { ChargerId } from '@voltrail/contracts/ids'
import { chargerStream, deviceStream } from '@voltrail/contracts/streams'
import { charger, unknownCharger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { device, unknownDevice } from '@voltrail/domain/device/device'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import { newestEvents } from './newest-events.ts'
import { notFound } from './problem.ts'
import type { Sources } from './sources.ts'

/** A charger as its own stream knows it. Throws a 404 when there is none. */
export async function readCharger({ log, tenant }: Sources, chargerId: ChargerId): Promise<ChargerState> {
  const events = await newestEvents<ChargerEvent>(log, chargerStream(tenant, chargerId), 'ChargerSummarised')
  if (events.length === 0) throw notFound(`There is no charger ${JSON.stringify(chargerId)}.`)
  return events.reduce(charger.evolve, unknownCharger)
}

/** The device that a charger is. */
export async function readDevice({ log, tenant }: Sources, chargerId: ChargerId): Promise<DeviceState> {
  const events = await newestEvents<DeviceEvent>(log, deviceStream(tenant, chargerId), 'DeviceSummarised')
  return events.reduce(device.evolve, unknownDevice)
}
