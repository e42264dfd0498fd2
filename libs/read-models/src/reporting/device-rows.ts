import type { EventHandlers } from '../event-context.ts'

/** What chargers reported of their own security, and the public keys that they claim for their meters. */
export const deviceListsMigration = `
create table security_events (
  tenant text not null,
  charger_id text not null,
  revision bigint not null,
  event text not null,
  severity text not null,
  at timestamptz,
  tech_info text,
  received_at timestamptz not null,
  primary key (tenant, charger_id, revision)
);
create index security_events_newest on security_events (tenant, received_at desc, charger_id desc, revision desc);

create table meter_keys (
  tenant text not null,
  charger_id text not null,
  revision bigint not null,
  public_key text not null,
  meter_serial text,
  evse_id int,
  state text not null,
  claimed_at timestamptz not null,
  decided_at timestamptz,
  decided_by_kind text,
  decided_by_id text,
  note text,
  primary key (tenant, charger_id, revision)
);
create index meter_keys_newest on meter_keys (tenant, claimed_at desc, charger_id desc, revision desc);
`

export const deviceHandlers: EventHandlers<'device', 'SecurityEventReported' | 'MeterKeyClaimed' | 'MeterKeyDecided'> =
  {
    SecurityEventReported: (rows, { event, severity, time, techInfo }, { tenant, address, revision, receivedAt }) =>
      rows.add(
        'security_events',
        { tenant, charger_id: address.chargerId, revision },
        { event, severity, at: time.at ?? null, tech_info: techInfo ?? null, received_at: receivedAt },
      ),

    MeterKeyClaimed: (rows, { publicKey, meterSerial, evseId }, { tenant, address, revision, receivedAt }) =>
      rows.add(
        'meter_keys',
        { tenant, charger_id: address.chargerId, revision },
        {
          public_key: publicKey,
          meter_serial: meterSerial ?? null,
          evse_id: evseId ?? null,
          state: 'claimed',
          claimed_at: receivedAt,
        },
      ),

    // a key that was pushed out of the device's memory and claimed again has two rows: both are this key
    MeterKeyDecided: (rows, data, { tenant, address, receivedAt, metadata }) =>
      rows.changeWhere(
        'meter_keys',
        {
          tenant,
          charger_id: address.chargerId,
          public_key: data.publicKey,
          meter_serial: data.meterSerial ?? null,
          evse_id: data.evseId ?? null,
        },
        {
          state: data.decision,
          decided_at: receivedAt,
          decided_by_kind: metadata.actor.kind,
          decided_by_id: metadata.actor.id,
          note: data.note ?? null,
        },
      ),
  }
