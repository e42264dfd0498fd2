import { sql } from 'kysely'
import type { EventContext, EventHandlers } from '../event-context.ts'
import type { Rows } from '../rows.ts'

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

type Campaign = EventContext<'campaign'>
const keyOf = ({ tenant, address }: Campaign) => ({ tenant, campaign_id: address.campaignId })

const enter =
  (phase: (reason?: string) => string) =>
  (rows: Rows, data: object, context: Campaign): void =>
    rows.change('campaigns', keyOf(context), {
      phase: phase('reason' in data ? String(data.reason) : undefined),
      changed_at: context.receivedAt,
    })

/** One charger of the campaign is counted elsewhere. */
const move = (rows: Rows, context: Campaign, from: string, to: string): Promise<unknown> =>
  rows.ask((db) =>
    db
      .updateTable('campaigns')
      .set({
        [from]: sql`${sql.ref(from)} - 1`,
        [to]: sql`${sql.ref(to)} + 1`,
        changed_at: context.receivedAt,
      })
      .where('tenant', '=', context.tenant)
      .where('campaign_id', '=', context.address.campaignId)
      .execute(),
  )

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
  CampaignCreated: (rows, data, context) =>
    rows.add('campaigns', keyOf(context), {
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
      created_at: context.receivedAt,
      created_by_kind: context.metadata.actor.kind,
      created_by_id: context.metadata.actor.id,
      changed_at: context.receivedAt,
    }),

  async ChargerTaken(rows, _, context) {
    await move(rows, context, 'waiting', 'taken')
  },

  async ChargerPutBack(rows, _, context) {
    await move(rows, context, 'taken', 'waiting')
  },

  // one without a request never had its turn
  async ChargerFinished(rows, { requestId, outcome }, context) {
    const to = ({ Done: 'done', Failed: 'failed', Skipped: 'skipped' } as const)[outcome]
    await move(rows, context, requestId === undefined ? 'waiting' : 'taken', to)
  },

  CampaignPaused: enter((reason) => (reason === 'failures' ? 'stopped' : 'paused')),
  CampaignResumed: enter(() => 'running'),
  CampaignCancelled: enter(() => 'cancelled'),
  CampaignCompleted: enter(() => 'completed'),
}
