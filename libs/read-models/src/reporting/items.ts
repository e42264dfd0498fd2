import type { Selectable } from 'kysely'
import type { Instant } from '@voltrail/contracts/quantities'
import type { ReportingTables } from './tables.ts'

/** Rows as the api shows them: camel case, units in the names, absent values as null. */
type Row<T extends keyof ReportingTables> = Selectable<ReportingTables[T]>

export const connectorItem = (row: Row<'connectors'>) => ({
  evseId: row.evse_id,
  connectorId: row.connector_id,
  status: row.status,
  errorCode: row.error_code,
  info: row.info,
  vendorId: row.vendor_id,
  vendorErrorCode: row.vendor_error_code,
  statusAt: row.status_at,
})
export type ConnectorItem = ReturnType<typeof connectorItem>

/** A session that goes on at the charger. */
export type OpenTransactionItem = {
  readonly transactionId: string
  readonly sessionId: string
  readonly evseId: number
  readonly startedAt: Instant
}

export const chargerItem = (
  row: Row<'chargers'>,
  connectors: readonly ConnectorItem[],
  openTransactions: readonly OpenTransactionItem[],
) => ({
  chargerId: row.charger_id,
  registration: row.registration,
  registeredBy: row.registered_by,
  securityProfile: row.security_profile,
  passwordShort: row.password_short,
  vendor: row.vendor,
  model: row.model,
  serialNumber: row.serial_number,
  firmwareVersion: row.firmware_version,
  iccid: row.iccid,
  imsi: row.imsi,
  meterType: row.meter_type,
  meterSerialNumber: row.meter_serial_number,
  connected: row.connected,
  epoch: row.epoch,
  edge: row.edge,
  subprotocol: row.subprotocol,
  remoteAddress: row.remote_address,
  tls: row.tls,
  authenticatedBy: row.authenticated_by,
  connectedAt: row.connected_at,
  disconnectedAt: row.disconnected_at,
  disconnectCode: row.disconnect_code,
  disconnectReason: row.disconnect_reason,
  heartbeatSeconds: row.heartbeat_seconds,
  lastRefusedAt: row.last_refused_at,
  lastRefusal: row.last_refusal,
  lastBootAt: row.last_boot_at,
  lastEventAt: row.last_event_at,
  revision: row.revision,
  connectors,
  openTransactions,
})
export type ChargerItem = ReturnType<typeof chargerItem>

export const faultItem = (row: Row<'faults'>) => ({
  evseId: row.evse_id,
  connectorId: row.connector_id,
  status: row.status,
  errorCode: row.error_code,
  info: row.info,
  vendorId: row.vendor_id,
  vendorErrorCode: row.vendor_error_code,
  raisedAt: row.raised_at,
  clearedAt: row.cleared_at,
})
export type FaultItem = ReturnType<typeof faultItem>

export const parkedItem = (row: Row<'parked_frames'>) => ({
  chargerId: row.charger_id,
  revision: row.revision,
  meant: row.meant,
  reason: row.reason,
  detail: row.detail,
  transactionId: row.transaction_id,
  meterStopWh: row.meter_stop_wh,
  tokenRef: row.token_ref,
  authorizationStatus: row.authorization_status,
  occurredAt: row.occurred_at,
  receivedAt: row.received_at,
})
export type ParkedFrameItem = ReturnType<typeof parkedItem>

/** @param row with what it has to do with others: see `reviewRows` in queries.ts */
export const reviewItem = (
  row: Omit<Row<'reviews'>, 'stream' | 'revision' | 'meant'> & {
    readonly after: string | null
    readonly related: string[]
  },
) => ({
  id: row.review_id,
  kind: row.kind,
  kinds: row.kinds,
  chargerId: row.charger_id,
  sessionId: row.session_id,
  detail: row.detail,
  since: row.since,
  state: row.state,
  settledAt: row.settled_at,
  settledBy:
    row.settled_by_kind === null || row.settled_by_id === null
      ? null
      : { kind: row.settled_by_kind, id: row.settled_by_id },
  decision: row.decision,
  transactionId: row.transaction_id ?? row.told_transaction,
  after: row.after,
  relatedReviews: row.related,
  note: row.note,
})
export type ReviewItem = ReturnType<typeof reviewItem>

export const commandItem = (row: Row<'commands'>) => ({
  commandId: row.command_id,
  chargerId: row.charger_id,
  type: row.type,
  command: row.command,
  actor: { kind: row.actor_kind, id: row.actor_id },
  requestedAt: row.requested_at,
  deadline: row.deadline,
  outcome: row.outcome,
  status: row.status,
  detail: row.detail,
  result: row.result,
  late: row.late,
  settledAt: row.settled_at,
})
export type CommandItem = ReturnType<typeof commandItem>

export const sessionItem = (row: Row<'sessions'>) => ({
  sessionId: row.session_id,
  chargerId: row.charger_id,
  transactionId: row.transaction_id,
  evseId: row.evse_id,
  connectorId: row.connector_id,
  tokenRef: row.token_ref,
  tokenType: row.token_type,
  tokenSealed: row.token_sealed,
  groupRef: row.group_ref,
  authorizationStatus: row.authorization_status,
  authorizationReason: row.authorization_reason,
  reservationId: row.reservation_id,
  state: row.state,
  startedAt: row.started_at,
  startedAtReason: row.started_at_reason,
  stoppedAt: row.stopped_at,
  stoppedAtReason: row.stopped_at_reason,
  stopReason: row.stop_reason,
  inferred: row.inferred,
  corrections: row.corrections,
  correctionCause: row.correction_cause,
  settledAt: row.settled_at,
  meterStartWh: row.meter_start_wh,
  meterStopWh: row.meter_stop_wh,
  energyWh: row.energy_wh,
  energySource: row.energy_source,
  meterResets: row.meter_resets,
  chargingState: row.state === 'active' ? row.charging_state : null,
  powerW: row.power_w,
  offeredMa: row.offered_ma,
  socPermille: row.soc_permille,
  measuredAt: row.measured_at,
  revision: row.revision,
  billingStatus: row.billing_status,
  ratedKind: row.rated_kind,
  ratedSessionRevision: row.rated_session_revision,
  unpricedReason: row.unpriced_reason,
  tariffId: row.tariff_id,
  tariffRevision: row.tariff_revision,
  free: row.free,
  currency: row.currency,
  netMinor: row.net_minor,
  vatMinor: row.vat_minor,
  costMinor: row.cost_minor,
})
export type SessionItem = ReturnType<typeof sessionItem>

export const entryItem = (row: Row<'billing_entries'>) => ({
  revision: String(row.revision),
  kind: row.kind,
  at: row.at,
  sessionRevision: row.session_revision,
  ratedKind: row.rated_kind,
  chargedFrom: row.charged_from,
  chargedTo: row.charged_to,
  energyWh: row.energy_wh,
  energySource: row.energy_source,
  parkingSeconds: row.parking_seconds,
  tariffId: row.tariff_id,
  tariffRevision: row.tariff_revision,
  tariffReason: row.tariff_reason,
  free: row.free,
  currency: row.currency,
  lines: row.lines,
  vat: row.vat,
  netMinor: row.net_minor,
  vatMinor: row.vat_minor,
  costMinor: row.cost_minor,
  creditedRevision: row.credited_revision,
  cause: row.cause,
})
export type BillingEntryItem = ReturnType<typeof entryItem>

export const idTokenItem = (row: Row<'id_tokens'>) => ({
  tokenRef: row.token_ref,
  type: row.type,
  sealed: row.sealed,
  status: row.status,
  expiresAt: row.expires_at,
  groupRef: row.group_ref,
  groupSealed: row.group_sealed,
  labelSealed: row.label_sealed,
  aliasSealed: row.alias_sealed,
  issuedAt: row.issued_at,
  changedAt: row.changed_at,
  revision: row.revision,
})
export type IdTokenItem = ReturnType<typeof idTokenItem>

export const tariffItem = (row: Row<'tariffs'>, assignments: readonly Row<'tariff_assignments'>[]) => ({
  tariffId: row.tariff_id,
  revision: row.revision,
  name: row.name,
  currency: row.currency,
  terms: row.terms,
  definedAt: row.defined_at,
  assignments: assignments.map((one) => ({
    revision: one.revision,
    scope: one.scope,
    chargerId: one.charger_id,
    validFrom: one.valid_from,
    assignedAt: one.assigned_at,
  })),
})
export type TariffItem = ReturnType<typeof tariffItem>
