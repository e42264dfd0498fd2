import type { ChargingState, EnergySource } from '@voltrail/contracts/events/session'
import type { MeterKeyDecision } from '@voltrail/contracts/events/device'
import type { Price, PriceLine } from '@voltrail/contracts/events/billing'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { StoredChargerCommand } from '@voltrail/contracts/charger-commands'
import type { CommandResult, ConnectorStatus, Registration } from '@voltrail/contracts/facts'
import type { Adoption, TokenStatus } from '@voltrail/contracts/admin-commands'
import type { AuthorizationStatus, IdTokenType, Sealed } from '@voltrail/contracts/personal'
import type { Instant } from '@voltrail/contracts/quantities'
import type { ReviewKind, ReviewView } from '@voltrail/contracts/rest/reviews'
import type { TariffTerms } from '@voltrail/contracts/tariff-shape'

/** The rows of the reporting schema as they are read (see `schema.ts`). */
export interface ReportingTables {
  tenants: {
    tenant: string
    adoption: Adoption
    unknown_tokens: 'Invalid' | 'Accepted'
    heartbeat_seconds: number
    changed_at: Instant
  }
  chargers: {
    tenant: string
    charger_id: string
    registration: Registration | null
    registered_by: 'operator' | 'adoption' | null
    security_profile: number | null
    password_short: boolean
    vendor: string | null
    model: string | null
    serial_number: string | null
    firmware_version: string | null
    iccid: string | null
    imsi: string | null
    meter_type: string | null
    meter_serial_number: string | null
    connected: boolean
    epoch: string | null
    edge: string | null
    subprotocol: string | null
    remote_address: string | null
    tls: boolean | null
    authenticated_by: string | null
    connected_at: Instant | null
    disconnected_at: Instant | null
    disconnect_code: number | null
    disconnect_reason: string | null
    heartbeat_seconds: number | null
    last_refused_at: Instant | null
    last_refusal: string | null
    last_boot_at: Instant | null
    last_event_at: Instant
    revision: string
  }
  connectors: {
    tenant: string
    charger_id: string
    evse_id: number
    connector_id: number
    status: ConnectorStatus
    error_code: string
    info: string | null
    vendor_id: string | null
    vendor_error_code: string | null
    status_at: Instant
  }
  faults: {
    tenant: string
    charger_id: string
    revision: string
    evse_id: number
    connector_id: number
    status: ConnectorStatus
    error_code: string
    info: string | null
    vendor_id: string | null
    vendor_error_code: string | null
    raised_at: Instant
    cleared_at: Instant | null
  }
  parked_frames: {
    tenant: string
    charger_id: string
    revision: string
    meant: string
    reason: string
    detail: string
    transaction_id: string | null
    meter_stop_wh: number | null
    token_ref: string | null
    authorization_status: AuthorizationStatus | null
    occurred_at: Instant | null
    received_at: Instant
  }
  reviews: {
    tenant: string
    review_id: string
    stream: string
    revision: number
    charger_id: string
    session_id: string | null
    kind: ReviewKind
    kinds: ReviewKind[]
    detail: string
    since: Instant
    state: 'open' | 'settled'
    settled_at: Instant | null
    settled_by_kind: string | null
    settled_by_id: string | null
    decision: ReviewView['decision']
    transaction_id: string | null
    note: string | null
    /** of a parked frame: what it was, or seemed to be */
    meant: EventNamed<'FrameParked'>['data']['meant'] | null
    /** the transaction that it was about when it came */
    told_transaction: string | null
  }
  security_events: {
    tenant: string
    charger_id: string
    revision: number
    event: string
    severity: EventNamed<'SecurityEventReported'>['data']['severity']
    /** by the charger's clock */
    at: Instant | null
    tech_info: string | null
    received_at: Instant
  }
  meter_keys: {
    tenant: string
    charger_id: string
    revision: number
    public_key: string
    meter_serial: string | null
    evse_id: number | null
    state: 'claimed' | MeterKeyDecision
    claimed_at: Instant
    decided_at: Instant | null
    decided_by_kind: string | null
    decided_by_id: string | null
    note: string | null
  }
  campaigns: {
    tenant: string
    campaign_id: string
    phase: 'running' | 'paused' | 'stopped' | 'cancelled' | 'completed'
    version: string
    location: string | null
    image: string | null
    concurrency: number
    stop_after_failures: number
    waiting: number
    taken: number
    done: number
    failed: number
    skipped: number
    created_at: Instant
    created_by_kind: string
    created_by_id: string
    changed_at: Instant
  }
  commands: {
    tenant: string
    charger_id: string
    command_id: string
    type: StoredChargerCommand['type']
    command: StoredChargerCommand
    actor_kind: string
    actor_id: string
    requested_at: Instant
    deadline: Instant
    outcome: 'pending' | CommandResult['outcome'] | 'unknown' | 'offline'
    status: string | null
    detail: string | null
    result: CommandResult | null
    late: boolean
    settled_at: Instant | null
  }
  sessions: {
    tenant: string
    session_id: string
    charger_id: string
    transaction_id: string
    evse_id: number
    connector_id: number
    token_ref: string
    token_type: IdTokenType
    token_sealed: Sealed
    group_ref: string | null
    authorization_status: AuthorizationStatus
    authorization_reason: string
    reservation_id: string | null
    state: 'active' | 'stopped' | 'settled'
    started_at: Instant
    started_at_reason: string
    stopped_at: Instant | null
    stopped_at_reason: string | null
    stop_reason: string | null
    inferred: boolean
    corrections: number
    correction_cause: string | null
    settled_at: Instant | null
    meter_start_wh: number | null
    meter_stop_wh: number | null
    energy_wh: number
    energy_source: EnergySource | null
    meter_resets: number
    charging_state: ChargingState
    power_w: number | null
    offered_ma: number | null
    soc_permille: number | null
    measured_at: Instant | null
    revision: string
    billing_status: 'open' | 'rated' | 'unpriced'
    rated_kind: 'final' | 'provisional' | null
    rated_session_revision: string | null
    unpriced_reason: string | null
    tariff_id: string | null
    tariff_revision: string | null
    free: boolean | null
    currency: string | null
    net_minor: number | null
    vat_minor: number | null
    cost_minor: number | null
  }
  session_energy: {
    tenant: string
    session_id: string
    revision: number
    n: number
    at: Instant
    register_wh: number
    context: string | null
  }
  billing_entries: {
    tenant: string
    session_id: string
    revision: number
    kind: 'rated' | 'credited' | 'unpriced'
    at: Instant
    session_revision: string
    rated_kind: 'final' | 'provisional' | null
    charged_from: Instant | null
    charged_to: Instant | null
    energy_wh: number | null
    energy_source: EnergySource | null
    parking_seconds: number | null
    tariff_id: string | null
    tariff_revision: string | null
    tariff_reason: string | null
    free: boolean | null
    currency: string | null
    lines: PriceLine[] | null
    vat: Price['vat'] | null
    net_minor: number | null
    vat_minor: number | null
    cost_minor: number | null
    credited_revision: string | null
    cause: string | null
  }
  id_tokens: {
    tenant: string
    token_ref: string
    type: IdTokenType
    sealed: Sealed
    status: TokenStatus
    expires_at: Instant | null
    group_ref: string | null
    group_sealed: Sealed | null
    label_sealed: Sealed | null
    alias_sealed: Sealed | null
    issued_at: Instant
    changed_at: Instant
    revision: string
  }
  tariffs: {
    tenant: string
    tariff_id: string
    revision: string
    name: string
    currency: string
    terms: TariffTerms
    defined_at: Instant
  }
  tariff_assignments: {
    tenant: string
    tariff_id: string
    revision: string
    scope: 'tenant' | 'charger'
    charger_id: string | null
    valid_from: Instant
    assigned_at: Instant
  }
}
