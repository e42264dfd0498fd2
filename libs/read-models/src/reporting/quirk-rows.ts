import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { TenantId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import type { ProjectedEvent } from '../projection.ts'
import type { Rows } from '../rows.ts'

/** How often each quirk rule fired, per charger. A message counts once for each of its rules. */
export const quirkCountsMigration = `
create table quirk_counts (
  tenant text not null,
  rule text not null,
  charger_id text not null,
  fired bigint not null,
  last_at timestamptz not null,
  primary key (tenant, rule, charger_id)
);
`

const quirkId = /^Q\d+-/

/**
 * Counts the rules in the normalisations of a charger's message, at the event that holds its verbatim frame, and of its handshake,
 * which has no frame, at its connection: other events of the same message name the same normalisations. Sums and maxima do not depend on the order, so the events of a charger and of
 * its sessions may be applied side by side.
 */
export const countQuirks = (rows: Rows, { type, metadata }: ProjectedEvent): void => {
  const { normalisations, actor, tenant, receivedAt } = metadata
  if (normalisations === undefined || actor.kind !== 'charger') return
  if (metadata.frame === undefined && type !== 'ChargerConnected') return
  for (const rule of new Set(normalisations.map((one) => one.rule))) {
    if (!quirkId.test(rule)) continue
    rows.gather('quirk_counts', { tenant, rule, charger_id: actor.id }, { fired: 1 }, { last_at: receivedAt })
  }
}

export type QuirkCount = {
  readonly rule: string
  /** over all chargers */
  readonly fired: number
  readonly lastAt: Instant
  readonly chargerCount: number
  /** those where it fired most, `most` of them */
  readonly chargers: readonly {
    readonly chargerId: string
    readonly vendor: string | null
    readonly model: string | null
    readonly firmwareVersion: string | null
    readonly fired: number
    readonly lastAt: Instant
  }[]
}

/** Every rule that ever fired at the tenant's chargers. */
export const listQuirkCounts = async <T>(db: Kysely<T>, tenant: TenantId, most: number): Promise<QuirkCount[]> => {
  const { rows } = await sql<{
    rule: string
    fired: number
    last_at: Instant
    charger_count: number
    charger_id: string
    charger_fired: number
    charger_last_at: Instant
    vendor: string | null
    model: string | null
    firmware_version: string | null
  }>`
    select counted.*, chargers.vendor, chargers.model, chargers.firmware_version from (
      select tenant, rule, charger_id, fired as charger_fired, last_at as charger_last_at,
        (sum(fired) over of_rule)::bigint as fired, max(last_at) over of_rule as last_at,
        count(*) over of_rule as charger_count,
        row_number() over (partition by rule order by fired desc, charger_id) as place
      from reporting.quirk_counts where tenant = ${tenant}
      window of_rule as (partition by rule)
    ) counted
    left join reporting.chargers on chargers.tenant = counted.tenant and chargers.charger_id = counted.charger_id
    where place <= ${most}
    order by rule, place`.execute(db)
  const counts = new Map<string, QuirkCount & { chargers: QuirkCount['chargers'][number][] }>()
  for (const row of rows) {
    const count = counts.get(row.rule) ?? {
      rule: row.rule,
      fired: row.fired,
      lastAt: row.last_at,
      chargerCount: row.charger_count,
      chargers: [],
    }
    count.chargers.push({
      chargerId: row.charger_id,
      vendor: row.vendor,
      model: row.model,
      firmwareVersion: row.firmware_version,
      fired: row.charger_fired,
      lastAt: row.charger_last_at,
    })
    counts.set(row.rule, count)
  }
  return [...counts.values()]
}
