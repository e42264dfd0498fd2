import type { TenantId } from '@voltrail/contracts/ids'
import type { DomainEvent, EventNamed, EventType } from '@voltrail/contracts/events/registry'
import type { EventMetadata } from '@voltrail/contracts/envelope'
import type { Instant } from '@voltrail/contracts/quantities'
import type { Category, StreamAddress } from '@voltrail/contracts/streams'
import { parseStream } from '@voltrail/contracts/streams'
import type { AnyDatabase, ProjectedEvent } from './projection.ts'

type AddressOf<C extends Category> = StreamAddress extends infer A
  ? A extends { category: infer K }
    ? C extends K
      ? A & { category: C }
      : never
    : never
  : never

/** Where an event stands: what rows are keyed and dated by. */
export type EventContext<C extends Category = Category> = {
  readonly tenant: TenantId
  readonly address: AddressOf<C>
  readonly revision: number
  /** when we received what caused it */
  readonly receivedAt: Instant
  readonly metadata: EventMetadata
}

export type EventHandler<T extends EventType, C extends Category> = (
  tx: AnyDatabase,
  data: EventNamed<T>['data'],
  context: EventContext<C>,
) => Promise<void>

/** A literal table: event types of one category, and what each does. */
export type EventHandlers<C extends Category, T extends EventType> = { readonly [K in T]: EventHandler<K, C> }

/** The context of an event that must stand in a stream of the category. Throws when it does not. */
const contextOf = <C extends Category>(event: ProjectedEvent, category: C): EventContext<C> => {
  const address = parseStream(event.stream)
  if (address === undefined || address.category !== category) {
    throw new Error(`a ${event.type} does not belong into a stream of this name`)
  }
  return {
    tenant: address.tenant,
    address: address as AddressOf<C>,
    revision: event.revision,
    receivedAt: event.metadata.receivedAt,
    metadata: event.metadata,
  }
}

/** Runs the handler for the event, if there is one in the table; true if so. */
export const handle = async <C extends Category, T extends EventType>(
  category: C,
  handlers: EventHandlers<C, T>,
  tx: AnyDatabase,
  event: ProjectedEvent,
): Promise<boolean> => {
  if (!Object.hasOwn(handlers, event.type)) return false
  const handler = handlers[event.type as T] as unknown as (
    tx: AnyDatabase,
    data: DomainEvent['data'],
    context: EventContext<C>,
  ) => Promise<void>
  await handler(tx, event.data, contextOf(event, category))
  return true
}

export const handledTypes = (handlers: object): EventType[] => Object.keys(handlers) as EventType[]

/** jsonb as a parameter: `pg` would send an array as a Postgres array. */
export const json = (value: unknown): string => JSON.stringify(value)
