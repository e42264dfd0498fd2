import type { ChargerId, ConnectionEpoch, TenantId } from '@voltrail/contracts/ids'

/** What the register needs to know of a connection. */
export type Registered = {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  readonly epoch: ConnectionEpoch
  /** Its charger has a newer connection, here or elsewhere. */
  superseded(): void
}

/** Held while an upgrade waits for its epoch, so that a newer one that is announced meanwhile is not missed. */
export type UpgradeTicket = {
  /** Whether a connection newer than this epoch is known by now. */
  outdated(epoch: ConnectionEpoch): boolean
  end(): void
}

/**
 * The connections of this pod, at most one per charger: the newest. A late end of an old one changes nothing, because only
 * the connection itself can be removed, never "the charger's".
 */
export type Connections<C extends Registered> = {
  beginUpgrade(tenant: TenantId, chargerId: ChargerId): UpgradeTicket
  /** Supersedes an older one. false: a newer one is here already. */
  add(connection: C): boolean
  remove(connection: C): void
  /** A connection of this epoch exists somewhere: an older one that we hold is superseded. */
  announced(tenant: TenantId, chargerId: ChargerId, epoch: ConnectionEpoch): void
  all(): C[]
  readonly size: number
}

export const createConnections = <C extends Registered>(): Connections<C> => {
  const held = new Map<string, C>()
  const upgrading = new Map<string, Set<{ newest: bigint }>>()
  const keyOf = (tenant: TenantId, chargerId: ChargerId): string => `${tenant}/${chargerId}`

  const note = (key: string, epoch: ConnectionEpoch): void => {
    for (const ticket of upgrading.get(key) ?? []) {
      if (BigInt(epoch) > ticket.newest) ticket.newest = BigInt(epoch)
    }
  }

  return {
    beginUpgrade(tenant, chargerId) {
      const key = keyOf(tenant, chargerId)
      const ticket = { newest: -1n }
      const tickets = upgrading.get(key) ?? new Set()
      upgrading.set(key, tickets.add(ticket))
      return {
        outdated: (epoch) => ticket.newest > BigInt(epoch),
        end() {
          tickets.delete(ticket)
          if (tickets.size === 0 && upgrading.get(key) === tickets) upgrading.delete(key)
        },
      }
    },
    add(connection) {
      const key = keyOf(connection.tenant, connection.chargerId)
      const before = held.get(key)
      if (before !== undefined && BigInt(before.epoch) > BigInt(connection.epoch)) return false
      held.set(key, connection)
      before?.superseded()
      return true
    },
    remove(connection) {
      const key = keyOf(connection.tenant, connection.chargerId)
      if (held.get(key) === connection) held.delete(key)
    },
    announced(tenant, chargerId, epoch) {
      const key = keyOf(tenant, chargerId)
      note(key, epoch)
      const connection = held.get(key)
      if (connection !== undefined && BigInt(connection.epoch) < BigInt(epoch)) connection.superseded()
    },
    all: () => [...held.values()],
    get size() {
      return held.size
    },
  }
}
