import type { z } from 'zod'
import type { ChargerId, SessionId } from '@voltrail/contracts/ids'
import type { ChargerView, ListChargersQuery } from '@voltrail/contracts/rest/chargers'
import type { CommandView, ListCommandsQuery } from '@voltrail/contracts/rest/commands'
import type { IdTokenView, ListIdTokensQuery } from '@voltrail/contracts/rest/id-tokens'
import type { ListSessionsQuery, SessionDetail, SessionView } from '@voltrail/contracts/rest/sessions'
import type { ListTariffsQuery, TariffView } from '@voltrail/contracts/rest/tariffs'

export type Page<T> = { items: T[]; next: string | null }

/** What the read model knows of the tenant, as the API shows it: ids in clear, personal text opened. */
export interface Reporting {
  listChargers(query: z.infer<typeof ListChargersQuery>): Promise<Page<ChargerView>>
  getCharger(id: ChargerId): Promise<ChargerView | undefined>
  listCommands(charger: ChargerId, query: z.infer<typeof ListCommandsQuery>): Promise<Page<CommandView>>
  listSessions(query: z.infer<typeof ListSessionsQuery>): Promise<Page<SessionView>>
  getSession(id: SessionId): Promise<SessionDetail | undefined>
  listIdTokens(query: z.infer<typeof ListIdTokensQuery>): Promise<Page<IdTokenView>>
  listTariffs(query: z.infer<typeof ListTariffsQuery>): Promise<Page<TariffView>>
}

/** The read model's database does not answer. */
export class ReportingUnavailable extends Error {
  constructor(cause: unknown) {
    super('the read model is unavailable', { cause })
    this.name = 'ReportingUnavailable'
  }
}
