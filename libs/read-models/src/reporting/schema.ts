import { campaignsMigration } from './campaign-rows.ts'
import { deviceListsMigration } from './device-rows.ts'
import { quirkCountsMigration } from './quirk-rows.ts'

/**
 * The reporting schema. Every key begins with the tenant. Energy is in Wh, money in minor units, currents in mA, power in W;
 * times are UTC; revisions and epochs are numbers of the log as decimal text. Ciphertext stays ciphertext (`Sealed` as jsonb).
 */
export const reportingMigrations = [
  `
create table tenants (
  tenant text primary key,
  adoption text not null,
  unknown_tokens text not null,
  heartbeat_seconds int not null,
  changed_at timestamptz not null
);

create table chargers (
  tenant text not null,
  charger_id text not null,
  registration text,
  registered_by text,
  security_profile int,
  vendor text,
  model text,
  serial_number text,
  firmware_version text,
  iccid text,
  imsi text,
  meter_type text,
  meter_serial_number text,
  connected boolean not null default false,
  epoch text,
  edge text,
  subprotocol text,
  remote_address text,
  tls boolean,
  authenticated_by text,
  connected_at timestamptz,
  disconnected_at timestamptz,
  disconnect_code int,
  disconnect_reason text,
  heartbeat_seconds int,
  last_refused_at timestamptz,
  last_refusal text,
  last_boot_at timestamptz,
  last_event_at timestamptz not null,
  revision text not null,
  primary key (tenant, charger_id)
);

create table connectors (
  tenant text not null,
  charger_id text not null,
  evse_id int not null,
  connector_id int not null,
  status text not null,
  error_code text not null,
  info text,
  vendor_id text,
  vendor_error_code text,
  status_at timestamptz not null,
  primary key (tenant, charger_id, evse_id, connector_id)
);

create table faults (
  tenant text not null,
  charger_id text not null,
  revision text not null,
  evse_id int not null,
  connector_id int not null,
  status text not null,
  error_code text not null,
  info text,
  vendor_id text,
  vendor_error_code text,
  raised_at timestamptz not null,
  cleared_at timestamptz,
  primary key (tenant, charger_id, revision)
);
create index faults_open on faults (tenant, charger_id, evse_id, connector_id) where cleared_at is null;

create table parked_frames (
  tenant text not null,
  charger_id text not null,
  revision text not null,
  meant text not null,
  reason text not null,
  detail text not null,
  transaction_id text,
  meter_stop_wh bigint,
  token_ref text,
  authorization_status text,
  occurred_at timestamptz,
  received_at timestamptz not null,
  primary key (tenant, charger_id, revision)
);

create table commands (
  tenant text not null,
  charger_id text not null,
  command_id text not null,
  type text not null,
  command jsonb not null,
  actor_kind text not null,
  actor_id text not null,
  requested_at timestamptz not null,
  deadline timestamptz not null,
  outcome text not null,
  status text,
  detail text,
  result jsonb,
  late boolean not null default false,
  settled_at timestamptz,
  primary key (tenant, charger_id, command_id)
);
create index commands_newest on commands (tenant, requested_at desc, command_id desc);

create table sessions (
  tenant text not null,
  session_id text not null,
  charger_id text not null,
  transaction_id text not null,
  evse_id int not null,
  connector_id int not null,
  token_ref text not null,
  token_type text not null,
  token_sealed jsonb not null,
  group_ref text,
  authorization_status text not null,
  authorization_reason text not null,
  reservation_id text,
  state text not null,
  settled_at timestamptz,
  started_at timestamptz not null,
  started_at_reason text not null,
  stopped_at timestamptz,
  stopped_at_reason text,
  stop_reason text,
  inferred boolean not null default false,
  corrections int not null default 0,
  correction_cause text,
  meter_start_wh bigint,
  meter_stop_wh bigint,
  energy_wh bigint not null default 0,
  energy_source text,
  meter_resets int not null default 0,
  charging_state text not null default 'Charging',
  power_w bigint,
  offered_ma bigint,
  soc_permille int,
  measured_at timestamptz,
  revision text not null,
  billing_status text not null default 'open',
  rated_kind text,
  rated_session_revision text,
  unpriced_reason text,
  tariff_id text,
  tariff_revision text,
  free boolean,
  currency text,
  net_minor bigint,
  vat_minor bigint,
  cost_minor bigint,
  primary key (tenant, session_id)
);
create index sessions_newest on sessions (tenant, started_at desc, session_id desc);
create index sessions_of_charger on sessions (tenant, charger_id, started_at desc, session_id desc);
create index sessions_active on sessions (tenant, charger_id) where state = 'active';

create table session_energy (
  tenant text not null,
  session_id text not null,
  revision bigint not null,
  n int not null,
  at timestamptz not null,
  register_wh bigint not null,
  context text,
  primary key (tenant, session_id, revision, n)
);

create table billing_entries (
  tenant text not null,
  session_id text not null,
  revision bigint not null,
  kind text not null,
  at timestamptz not null,
  session_revision text not null,
  rated_kind text,
  charged_from timestamptz,
  charged_to timestamptz,
  energy_wh bigint,
  energy_source text,
  parking_seconds bigint,
  tariff_id text,
  tariff_revision text,
  tariff_reason text,
  free boolean,
  currency text,
  lines jsonb,
  vat jsonb,
  net_minor bigint,
  vat_minor bigint,
  cost_minor bigint,
  credited_revision text,
  cause text,
  primary key (tenant, session_id, revision)
);

create table id_tokens (
  tenant text not null,
  token_ref text not null,
  type text not null,
  sealed jsonb not null,
  status text not null,
  expires_at timestamptz,
  group_ref text,
  group_sealed jsonb,
  label_sealed jsonb,
  issued_at timestamptz not null,
  changed_at timestamptz not null,
  revision text not null,
  primary key (tenant, token_ref)
);

create table tariffs (
  tenant text not null,
  tariff_id text not null,
  revision text not null,
  name text not null,
  currency text not null,
  terms jsonb not null,
  defined_at timestamptz not null,
  primary key (tenant, tariff_id)
);

create table tariff_assignments (
  tenant text not null,
  tariff_id text not null,
  revision text not null,
  scope text not null,
  charger_id text,
  valid_from timestamptz not null,
  assigned_at timestamptz not null,
  primary key (tenant, tariff_id, revision)
);
`,
  // what waited before this version is shown after a rebuild
  `
create table reviews (
  tenant text not null,
  review_id text not null,
  stream text not null,
  revision bigint not null,
  charger_id text not null,
  session_id text,
  kind text not null,
  kinds text[] not null,
  detail text not null,
  since timestamptz not null,
  state text not null,
  settled_at timestamptz,
  settled_by_kind text,
  settled_by_id text,
  decision text,
  transaction_id text,
  note text,
  primary key (tenant, review_id)
);
create index reviews_newest on reviews (tenant, since desc, review_id desc);
create index reviews_open on reviews (tenant, since desc, review_id desc) where state = 'open';
create index reviews_of_stream on reviews (stream);
`,
  // what fired before this version is counted after a rebuild
  quirkCountsMigration,
  // aliases of tokens that are too long for some protocols
  `alter table id_tokens add column alias_sealed jsonb`,
  // the transaction that a review is about; of what waited before this version it is known after a rebuild
  `
alter table reviews add column meant text;
alter table reviews add column told_transaction text;
create index reviews_of_transaction on reviews (tenant, charger_id, coalesce(transaction_id, told_transaction));
`,
  // what was reported, claimed and begun before this version is listed after a rebuild
  deviceListsMigration,
  campaignsMigration,
  `alter table chargers add column password_short boolean not null default false`,
] as const
