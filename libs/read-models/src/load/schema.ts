/** The load schema: per EVSE, what it may draw and what it draws. mA, mV, W, Wh; evse 0 (the station as a whole) is in `chargers`. */
export const loadMigrations = [
  `
create table chargers (
  tenant text not null,
  charger_id text not null,
  connected boolean not null default false,
  epoch text,
  vendor text,
  model text,
  status text,
  updated_at timestamptz not null,
  primary key (tenant, charger_id)
);

create table evses (
  tenant text not null,
  charger_id text not null,
  evse_id int not null,
  status text,
  error_code text,
  session_id text,
  session_started_at timestamptz,
  charging_state text,
  energy_wh bigint,
  offered_ma bigint,
  measured_l1_ma bigint,
  measured_l2_ma bigint,
  measured_l3_ma bigint,
  voltage_l1_mv bigint,
  voltage_l2_mv bigint,
  voltage_l3_mv bigint,
  power_w bigint,
  measured_at timestamptz,
  updated_at timestamptz not null,
  primary key (tenant, charger_id, evse_id)
);
create index evses_by_session on evses (tenant, session_id) where session_id is not null;
`,
] as const
