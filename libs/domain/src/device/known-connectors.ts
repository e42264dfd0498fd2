import type { ConnectorState } from '@voltrail/contracts/events/charger'
import type { EvseId } from '@voltrail/contracts/ids'
import type { DeviceState } from './device-state.ts'
import { isSameKey } from './key-name.ts'

/** The connectors of a charger, by what it reported and by its configuration (OCPP 1.6 §9.1.14 NumberOfConnectors). */
export interface KnownConnectors {
  readonly connectors: readonly Pick<ConnectorState, 'evseId'>[]
  readonly configuration?: DeviceState['configuration']
}

/** The value of a configuration key, as far as it was read. */
export const configuredValue = ({ configuration }: Pick<KnownConnectors, 'configuration'>, name: string) =>
  configuration?.keys.find(({ key }) => isSameKey(key, name))?.value?.trim()

/**
 * In a sentence, that a charger has no such connector; undefined: it has, or nobody knows how many it has.
 * @param evseId 0: the charger as a whole
 */
export const unknownConnector = (evseId: EvseId, known: KnownConnectors): string | undefined => {
  const counted = Number(configuredValue(known, 'NumberOfConnectors') ?? Number.NaN)
  const reported = known.connectors.map((one) => one.evseId).filter((one) => one > 0)
  const highest = Math.max(Number.isInteger(counted) ? counted : 0, ...reported)
  return highest === 0 || evseId <= highest
    ? undefined
    : `the charger has no connector ${evseId}: it has ${highest === 1 ? 'connector 1 alone' : `1 to ${highest}`}`
}
