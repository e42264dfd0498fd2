import type { TenantId } from '@voltrail/contracts/ids'
import type { DomainEvent, EventNamed, EventType } from '@voltrail/contracts/events/registry'
import type { EventMetadata } from '@voltrail/contracts/envelope'
import type { Instant } from '@voltrail/contracts/quantities'
import type { Category, StreamAddress } from '@voltrail/contracts/streams'
import { parseStream } from '@voltrail/contracts/streams'
import type { ProjectedEvent } from './projection.ts'
import type { Rows } from './rows.ts'

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
  rows: Rows,
  data: EventNamed<T>['data'],
  context: EventContext<C>,
) => void | Promise<void>

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

type AnyHandler = (rows: Rows, data: DomainEvent['data'], context: EventContext) => void | Promise<void>

/** Runs the handler of an event's type, whichever table has it. */
export const handling = (tables: { readonly [C in Category]?: object }) => {
  const handlers = new Map<string, { readonly category: Category; readonly handler: AnyHandler }>()
  for (const [category, table] of Object.entries(tables))
    for (const [type, handler] of Object.entries(table))
      handlers.set(type, { category: category as Category, handler: handler as AnyHandler })
  return (rows: Rows, event: ProjectedEvent): void | Promise<void> => {
    const found = handlers.get(event.type)
    if (found === undefined) throw new Error('this projection did not ask for events of this type')
    return found.handler(rows, event.data, contextOf(event, found.category))
  }
}

export const handledTypes = (handlers: object): EventType[] => Object.keys(handlers) as EventType[]
