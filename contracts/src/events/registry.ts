import type { z } from 'zod'
import type { Category } from '../streams.ts'
import { chargerEvents } from './charger.ts'
import { campaignEvents } from './campaign.ts'
import { deviceEvents } from './device.ts'
import { firmwareImageEvents } from './firmware-image.ts'
import { sessionEvents } from './session.ts'
import { billingEvents } from './billing.ts'
import { tariffEvents } from './tariff.ts'
import { idTokenEvents } from './id-token.ts'
import { tenantEvents } from './tenant.ts'

/**
 * Every event type that the log may hold, by category. The schemas are those of the current versions; `versions` says which
 * version that is where it is not 1, and `upcasters` how data of an older version becomes the next (`Type@1` → version 2).
 */
export const eventsByCategory = {
  charger: chargerEvents,
  device: deviceEvents,
  session: sessionEvents,
  billing: billingEvents,
  tariff: tariffEvents,
  token: idTokenEvents,
  tenant: tenantEvents,
  campaign: campaignEvents,
  firmware: firmwareImageEvents,
} as const satisfies Record<Category, Record<string, z.ZodType>>

type SchemasOf<C extends Category> = (typeof eventsByCategory)[C]
export type EventOf<C extends Category> = {
  [T in keyof SchemasOf<C> & string]: {
    readonly type: T
    readonly data: SchemasOf<C>[T] extends z.ZodType<infer D> ? D : never
  }
}[keyof SchemasOf<C> & string]

export type ChargerEvent = EventOf<'charger'>
export type DeviceEvent = EventOf<'device'>
export type SessionEvent = EventOf<'session'>
export type BillingEvent = EventOf<'billing'>
export type TariffEvent = EventOf<'tariff'>
export type IdTokenEvent = EventOf<'token'>
export type TenantEvent = EventOf<'tenant'>
export type CampaignEvent = EventOf<'campaign'>
export type FirmwareImageEvent = EventOf<'firmware'>
export type DomainEvent =
  | ChargerEvent
  | DeviceEvent
  | SessionEvent
  | BillingEvent
  | TariffEvent
  | IdTokenEvent
  | TenantEvent
  | CampaignEvent
  | FirmwareImageEvent
export type EventType = DomainEvent['type']
export type EventNamed<T extends EventType> = Extract<DomainEvent, { type: T }>

export const eventSchemas: Readonly<Record<EventType, z.ZodType>> = {
  ...chargerEvents,
  ...deviceEvents,
  ...sessionEvents,
  ...billingEvents,
  ...tariffEvents,
  ...idTokenEvents,
  ...tenantEvents,
  ...campaignEvents,
  ...firmwareImageEvents,
}

/** Current version per type; absent means 1. */
const versions: Partial<Record<EventType, number>> = {}
export const currentVersion = (type: EventType): number => versions[type] ?? 1

const upcasters: Readonly<Record<string, (data: unknown) => unknown>> = {}

export const isEventType = (type: string): type is EventType => Object.hasOwn(eventSchemas, type)

/** Whether an event is of a type or a version that only a newer build knows: an older one may meet it during an upgrade. */
export const isNewerThanBuild = (type: string, version: number): boolean =>
  !isEventType(type) || version > currentVersion(type)

/**
 * The event in its current version from stored data of any version. The result is not validated again: what the log holds
 * was validated when it was appended, and the stored samples prove each upcaster. Throws on an unknown type or version.
 */
export const upcast = (type: string, version: number, data: unknown): DomainEvent => {
  if (!isEventType(type)) throw new Error(`unknown event type ${type}`)
  let current = data
  for (let v = version; v < currentVersion(type); v++) {
    const step = upcasters[`${type}@${v}`]
    if (step === undefined) throw new Error(`no upcaster from version ${v} of ${type}`)
    current = step(current)
  }
  if (version > currentVersion(type)) throw new Error(`${type} has version ${version}, newer than this build knows`)
  return { type, data: current } as DomainEvent
}
