import { sql } from 'kysely'
import type { CampaignId, TenantId } from '@voltrail/contracts/ids'
import type { EventContext, EventHandlers } from '../event-context.ts'
import type { AnyDatabase } from '../projection.ts'

/** Firmware campaigns, each in one row: how far it is. How far each of its chargers is stands in its stream. */
export const campaignsMigration = `
create table campaigns (
  tenant text not null,
  campaign_id text not null,
  phase text not null,
  version text not null,
  location text,
  image text,
  concurrency int not null,
  stop_after_failures int not null,
  waiting int not null,
  taken int not null,
  done int not null,
  failed int not null,
  skipped int not null,
  created_at timestamptz not null,
  created_by_kind text not null,
  created_by_id text not null,
  changed_at timestamptz not null,
  primary key (tenant, campaign_id)
);
create index campaigns_newest on campaigns (tenant, created_at desc, campaign_id desc);
`

const of = (tx: AnyDatabase, { tenant, address }: EventContext<'campaign'>) =>
  tx
    .updateTable('campaigns')
    .where('tenant', '=', tenant satisfies TenantId)
    .where('campaign_id', '=', address.campaignId satisfies CampaignId)

const enter =
  (phase: (reason?: string) => string) =>
  async (tx: AnyDatabase, data: object, context: EventContext<'campaign'>): Promise<void> => {
    await of(tx, context)
      .set({ phase: phase('reason' in data ? String(data.reason) : undefined), changed_at: context.receivedAt })
      .execute()
  }

export const campaignHandlers: EventHandlers<
  'campaign',
  | 'CampaignCreated'
  | 'ChargerTaken'
  | 'ChargerPutBack'
  | 'ChargerFinished'
  | 'CampaignPaused'
  | 'CampaignResumed'
  | 'CampaignCancelled'
  | 'CampaignCompleted'
> = {
  async CampaignCreated(tx, data, { tenant, address, receivedAt, metadata }) {
    await tx
      .insertInto('campaigns')
      .values({
        tenant,
        campaign_id: address.campaignId,
        phase: 'running',
        version: data.firmware.version,
        location: data.firmware.location ?? null,
        image: data.firmware.image ?? null,
        concurrency: data.concurrency,
        stop_after_failures: data.stopAfterFailures,
        waiting: data.chargers.length,
        taken: 0,
        done: 0,
        failed: 0,
        skipped: 0,
        created_at: receivedAt,
        created_by_kind: metadata.actor.kind,
        created_by_id: metadata.actor.id,
        changed_at: receivedAt,
      })
      .execute()
  },

  async ChargerTaken(tx, _, context) {
    await of(tx, context)
      .set({ waiting: sql`waiting - 1`, taken: sql`taken + 1`, changed_at: context.receivedAt })
      .execute()
  },

  async ChargerPutBack(tx, _, context) {
    await of(tx, context)
      .set({ waiting: sql`waiting + 1`, taken: sql`taken - 1`, changed_at: context.receivedAt })
      .execute()
  },

  // one without a request never had its turn
  async ChargerFinished(tx, { requestId, outcome }, context) {
    const from = requestId === undefined ? 'waiting' : 'taken'
    const to = ({ Done: 'done', Failed: 'failed', Skipped: 'skipped' } as const)[outcome]
    await of(tx, context)
      .set({ [from]: sql`${sql.ref(from)} - 1`, [to]: sql`${sql.ref(to)} + 1`, changed_at: context.receivedAt })
      .execute()
  },

  CampaignPaused: enter((reason) => (reason === 'failures' ? 'stopped' : 'paused')),
  CampaignResumed: enter(() => 'running'),
  CampaignCancelled: enter(() => 'cancelled'),
  CampaignCompleted: enter(() => 'completed'),
}
