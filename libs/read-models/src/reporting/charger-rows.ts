import { sql } from 'kysely'
import type { EventContext, EventHandlers } from '../event-context.ts'
import { json } from '../event-context.ts'
import type { AnyDatabase } from '../projection.ts'

type Charger = EventContext<'charger'>
const keyOf = ({ tenant, address }: Charger) => ({ tenant, charger_id: address.chargerId })

/** Columns that this event changes; a charger is there from its first event on, whatever that is. */
const put = async (tx: AnyDatabase, context: Charger, columns: Record<string, unknown> = {}): Promise<void> => {
  const values = { ...columns, last_event_at: context.receivedAt, revision: String(context.revision) }
  await tx
    .insertInto('chargers')
    .values({ ...keyOf(context), ...values })
    .onConflict((oc) => oc.columns(['tenant', 'charger_id']).doUpdateSet(values))
    .execute()
}

/** Columns of a command that is settled in some way; a command is requested before it is settled, so the row is there. */
const settle = async (
  tx: AnyDatabase,
  context: Charger,
  commandId: string,
  columns: Record<string, unknown>,
): Promise<void> => {
  const { numUpdatedRows } = await tx
    .updateTable('commands')
    .set({ ...columns, settled_at: context.receivedAt })
    .where('tenant', '=', context.tenant)
    .where('charger_id', '=', context.address.chargerId)
    .where('command_id', '=', commandId)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) throw new Error(`command ${commandId} was never requested`)
  await put(tx, context)
}

/** What became of a command that the charger accepted. */
const tellMore = async (tx: AnyDatabase, context: Charger, commandId: string, detail: string): Promise<void> => {
  await tx
    .updateTable('commands')
    .set({ detail })
    .where('tenant', '=', context.tenant)
    .where('charger_id', '=', context.address.chargerId)
    .where('command_id', '=', commandId)
    .execute()
  await put(tx, context)
}

const noError = new Set(['', 'NoError'])

export const chargerHandlers: EventHandlers<
  'charger',
  | 'ChargerRegistered'
  | 'ChargerRegistrationChanged'
  | 'ChargerCredentialsChanged'
  | 'ChargerConnected'
  | 'ChargerConnectionRefused'
  | 'ChargerDisconnected'
  | 'ChargerBooted'
  | 'ConnectorStatusChanged'
  | 'AuthorizationDecided'
  | 'FrameParked'
  | 'VendorDataReceived'
  | 'ConfigurationSeen'
  | 'CommandRequested'
  | 'CommandSettled'
  | 'CommandOutcomeUnknown'
  | 'CommandOffline'
  | 'RemoteStartUnused'
  | 'RemoteStopUnheeded'
  | 'AvailabilityReached'
  | 'AvailabilityUnheeded'
  | 'ResetUnheeded'
  | 'ChargerSettingsChanged'
  | 'ChargerIdentityContested'
> = {
  ChargerRegistered: (tx, data, context) =>
    put(tx, context, {
      registration: data.registration,
      registered_by: data.by,
      security_profile: data.securityProfile,
    }),

  ChargerRegistrationChanged: (tx, data, context) => put(tx, context, { registration: data.registration }),

  ChargerCredentialsChanged: (tx, data, context) =>
    put(tx, context, { security_profile: data.securityProfile, password_short: data.passwordShort === true }),

  ChargerConnected: (tx, data, context) =>
    put(tx, context, {
      connected: true,
      epoch: String(context.revision),
      edge: data.edge,
      subprotocol: data.subprotocol,
      remote_address: data.remoteAddress,
      tls: data.tls,
      authenticated_by: data.authenticatedBy,
      heartbeat_seconds: data.heartbeatSeconds,
      connected_at: context.receivedAt,
    }),

  ChargerConnectionRefused: (tx, data, context) =>
    put(tx, context, { last_refused_at: context.receivedAt, last_refusal: data.reason }),

  async ChargerDisconnected(tx, data, context) {
    await put(tx, context)
    // the late close of an old socket changes nothing
    await tx
      .updateTable('chargers')
      .set({
        connected: false,
        disconnected_at: context.receivedAt,
        disconnect_code: data.code,
        disconnect_reason: data.reason,
      })
      .where('tenant', '=', context.tenant)
      .where('charger_id', '=', context.address.chargerId)
      .where('epoch', '=', data.epoch)
      .execute()
  },

  ChargerBooted: (tx, data, context) =>
    put(tx, context, {
      registration: data.registration,
      vendor: data.vendor,
      model: data.model,
      serial_number: data.serialNumber ?? null,
      firmware_version: data.firmwareVersion ?? null,
      iccid: data.iccid ?? null,
      imsi: data.imsi ?? null,
      meter_type: data.meterType ?? null,
      meter_serial_number: data.meterSerialNumber ?? null,
      last_boot_at: context.receivedAt,
    }),

  async ConnectorStatusChanged(tx, data, context) {
    const details = {
      status: data.status,
      error_code: data.errorCode,
      info: data.info ?? null,
      vendor_id: data.vendorId ?? null,
      vendor_error_code: data.vendorErrorCode ?? null,
    }
    const connector = { evse_id: data.evseId, connector_id: data.connectorId }
    const columns = { ...details, status_at: context.receivedAt }
    await tx
      .insertInto('connectors')
      .values({ ...keyOf(context), ...connector, ...columns })
      .onConflict((oc) => oc.columns(['tenant', 'charger_id', 'evse_id', 'connector_id']).doUpdateSet(columns))
      .execute()

    const faulty = data.status === 'Faulted' || !noError.has(data.errorCode)
    // a fault ends when the connector is well again or has another one; the same one told again goes on
    const ending = tx
      .updateTable('faults')
      .set({ cleared_at: context.receivedAt })
      .where('tenant', '=', context.tenant)
      .where('charger_id', '=', context.address.chargerId)
      .where('evse_id', '=', data.evseId)
      .where('connector_id', '=', data.connectorId)
      .where('cleared_at', 'is', null)
    if (faulty) {
      await ending
        .where((eb) =>
          eb.or([
            eb('error_code', '!=', data.errorCode),
            eb('vendor_error_code', 'is distinct from', data.vendorErrorCode ?? null),
          ]),
        )
        .execute()
      await sql`
        insert into faults (tenant, charger_id, revision, evse_id, connector_id, status, error_code, info, vendor_id, vendor_error_code, raised_at)
        select ${context.tenant}, ${context.address.chargerId}, ${String(context.revision)}, ${data.evseId}, ${data.connectorId}, ${details.status},
          ${details.error_code}, ${details.info}, ${details.vendor_id}, ${details.vendor_error_code}, ${context.receivedAt}
        where not exists (
          select from faults where tenant = ${context.tenant} and charger_id = ${context.address.chargerId}
            and evse_id = ${data.evseId} and connector_id = ${data.connectorId} and cleared_at is null)`.execute(tx)
    } else {
      await ending.execute()
    }
    await put(tx, context)
  },

  AuthorizationDecided: (tx, _data, context) => put(tx, context),
  VendorDataReceived: (tx, _data, context) => put(tx, context),
  ConfigurationSeen: (tx, _data, context) => put(tx, context),
  ChargerSettingsChanged: (tx, _data, context) => put(tx, context),
  ChargerIdentityContested: (tx, _data, context) => put(tx, context),

  async FrameParked(tx, data, context) {
    await tx
      .insertInto('parked_frames')
      .values({
        ...keyOf(context),
        revision: String(context.revision),
        meant: data.meant,
        reason: data.reason,
        detail: data.detail,
        transaction_id: data.transactionId ?? null,
        meter_stop_wh: data.meterStop?.wh ?? null,
        token_ref: data.tokenRef ?? null,
        authorization_status: data.authorization ?? null,
        occurred_at: data.occurredAt?.effectiveAt ?? null,
        received_at: context.receivedAt,
      })
      .execute()
    await put(tx, context)
  },

  async CommandRequested(tx, data, context) {
    await tx
      .insertInto('commands')
      .values({
        ...keyOf(context),
        command_id: data.commandId,
        type: data.command.type,
        command: json(data.command),
        actor_kind: context.metadata.actor.kind,
        actor_id: context.metadata.actor.id,
        requested_at: context.receivedAt,
        deadline: data.deadline,
        outcome: 'pending',
      })
      .execute()
    await put(tx, context)
  },

  CommandSettled: (tx, data, context) => {
    const { result } = data
    return settle(tx, context, data.commandId, {
      outcome: result.outcome,
      status: result.outcome === 'result' ? result.status : result.outcome === 'callError' ? result.code : null,
      detail: result.outcome === 'callError' ? result.description : 'reason' in result ? result.reason : null,
      result: json(result),
      late: data.late,
    })
  },

  CommandOutcomeUnknown: (tx, data, context) =>
    settle(tx, context, data.commandId, { outcome: 'unknown', detail: data.reason }),

  CommandOffline: (tx, data, context) => settle(tx, context, data.commandId, { outcome: 'offline' }),

  RemoteStartUnused: (tx, data, context) =>
    tellMore(tx, context, data.commandId, 'the charger accepted it, and no transaction came of it'),

  RemoteStopUnheeded: (tx, data, context) =>
    tellMore(tx, context, data.commandId, 'the charger accepted it, and the transaction went on'),

  AvailabilityReached: (tx, data, context) =>
    tellMore(tx, context, data.commandId, 'the charger scheduled it, and its connectors tell that it is done'),

  AvailabilityUnheeded: (tx, data, context) =>
    tellMore(
      tx,
      context,
      data.commandId,
      'the charger scheduled it, no transaction is in its way any more, and its connectors do not tell that it is done',
    ),

  ResetUnheeded: (tx, data, context) =>
    tellMore(tx, context, data.commandId, 'the charger accepted it, and neither connected nor booted anew'),
}
