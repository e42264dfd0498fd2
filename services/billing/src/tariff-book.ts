import type { TariffEvent } from '@voltrail/contracts/events/registry'
import type { TariffId, TenantId } from '@voltrail/contracts/ids'
import { parseStream } from '@voltrail/contracts/streams'
import type { Recorded } from '@voltrail/domain/decider'
import { tariff, type TariffState } from '@voltrail/domain/tariff'

/** All tariffs of all tenants, folded from their streams: what a session's tariff is chosen from. */
export interface TariffBook {
  /** An event that was heard before changes nothing. */
  hear(stream: string, event: Recorded<TariffEvent>): void
  of(tenant: TenantId): ReadonlyMap<TariffId, TariffState>
}

const none: ReadonlyMap<TariffId, TariffState> = new Map()

export const createTariffBook = (): TariffBook => {
  const tenants = new Map<TenantId, Map<TariffId, TariffState>>()
  const next = new Map<string, number>()
  return {
    hear(stream, event) {
      const address = parseStream(stream)
      if (address?.category !== 'tariff' || event.revision < (next.get(stream) ?? 0)) return
      next.set(stream, event.revision + 1)
      const tariffs = tenants.get(address.tenant) ?? new Map<TariffId, TariffState>()
      tenants.set(address.tenant, tariffs)
      tariffs.set(address.tariffId, tariff.evolve(tariffs.get(address.tariffId) ?? tariff.initialState, event))
    },
    of: (tenant) => tenants.get(tenant) ?? none,
  }
}
