import type { EventNamed, TenantEvent } from '@voltrail/contracts/events/registry'
import { instant, type Instant } from '@voltrail/contracts/quantities'
import { accept, reject, type Decision } from './decider.ts'
import { desireRefusal, type DesireRefusal, type Wanted } from './device/configuration.ts'
import type { DeviceState } from './device/device-state.ts'
import { keyName } from './device/key-name.ts'

type Desired = EventNamed<'ModelConfigurationDesired'>['data']

/** What is wanted of every charger of one model. */
export interface ModelDesire {
  readonly vendor: string
  readonly model: string
  readonly keys: readonly Wanted[]
  readonly mayReset?: boolean
}

/** Makes write their names in any case. */
const isOf = (one: Model, other: Model): boolean =>
  one.vendor.toLowerCase() === other.vendor.toLowerCase() && one.model.toLowerCase() === other.model.toLowerCase()
interface Model {
  readonly vendor: string
  readonly model: string
}

export const modelsWith = (
  models: readonly ModelDesire[],
  { data, metadata }: { readonly data: Desired; readonly metadata: { readonly receivedAt: Instant } },
): readonly ModelDesire[] => {
  const { vendor, model, keys, released = [], mayReset } = data
  const known = models.find((one) => isOf(one, data))
  const gone = new Set([...keys.map(({ key }) => key), ...released].map(keyName))
  const wanted = [
    ...(known?.keys ?? []).filter(({ key }) => !gone.has(keyName(key))),
    ...keys.map(({ key, value }) => ({ key, value, since: metadata.receivedAt })),
  ]
  const may = mayReset ?? known?.mayReset
  return [
    ...models.filter((one) => one !== known),
    { vendor, model, keys: wanted, ...(may === undefined ? {} : { mayReset: may }) },
  ]
}

/** An operator says what keys the chargers of a model shall have. */
export const desireModelConfiguration = (
  command: Desired,
  _state: { readonly models?: readonly ModelDesire[] },
): Decision<TenantEvent, DesireRefusal> => {
  const refusal = desireRefusal(command.keys)
  return refusal === undefined
    ? accept<TenantEvent>({ type: 'ModelConfigurationDesired', data: command })
    : reject(refusal)
}

/** What is wanted of one charger: its own desires, then those of its model. */
export const wantedOf = (
  make: Model | undefined,
  models: readonly ModelDesire[],
  state: DeviceState,
): { readonly keys: readonly Wanted[]; readonly mayReset: boolean } => {
  const own = (state.desired ?? []).map(({ key, value }) => ({ key, value, since: instant(0) }))
  const names = new Set(own.map(({ key }) => keyName(key)))
  const ofModel = make && models.find((one) => isOf(one, make))
  return {
    keys: [...own, ...(ofModel?.keys ?? []).filter(({ key }) => !names.has(keyName(key)))],
    mayReset: state.mayReset ?? ofModel?.mayReset ?? false,
  }
}
