import type { EventContext, EventHandlers } from '../event-context.ts'
import type { Columns, Rows } from '../rows.ts'

type Charger = EventContext<'charger'>
const keyOf = ({ tenant, address }: Charger) => ({ tenant, charger_id: address.chargerId })

/** Columns that this event changes; a charger is there from its first event on, whatever that is. */
const put = (rows: Rows, context: Charger, columns: Columns = {}): void =>
  rows.put('chargers', keyOf(context), {
    ...columns,
    last_event_at: context.receivedAt,
    revision: String(context.revision),
  })

const commandOf = (context: Charger, commandId: string) => ({ ...keyOf(context), command_id: commandId })

/** Columns of a command that is settled in some way; a command is requested before it is settled, so the row is there. */
const settle = (rows: Rows, context: Charger, commandId: string, columns: Columns): void => {
  rows.change(
    'commands',
    commandOf(context, commandId),
    { ...columns, settled_at: context.receivedAt },
    `command ${commandId} was never requested`,
  )
  put(rows, context)
}

/** What became of a command that the charger accepted. */
const tellMore = (rows: Rows, context: Charger, commandId: string, detail: string): void => {
  rows.change('commands', commandOf(context, commandId), { detail })
  put(rows, context)
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
  ChargerRegistered: (rows, data, context) =>
    put(rows, context, {
      registration: data.registration,
      registered_by: data.by,
      security_profile: data.securityProfile,
    }),

  ChargerRegistrationChanged: (rows, data, context) => put(rows, context, { registration: data.registration }),

  ChargerCredentialsChanged: (rows, data, context) =>
    put(rows, context, { security_profile: data.securityProfile, password_short: data.passwordShort === true }),

  ChargerConnected: (rows, data, context) =>
    put(rows, context, {
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

  ChargerConnectionRefused: (rows, data, context) =>
    put(rows, context, { last_refused_at: context.receivedAt, last_refusal: data.reason }),

  ChargerDisconnected(rows, data, context) {
    put(rows, context)
    // the late close of an old socket changes nothing
    rows.changeWhere(
      'chargers',
      { ...keyOf(context), epoch: data.epoch },
      {
        connected: false,
        disconnected_at: context.receivedAt,
        disconnect_code: data.code,
        disconnect_reason: data.reason,
      },
    )
  },

  ChargerBooted: (rows, data, context) =>
    put(rows, context, {
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

  async ConnectorStatusChanged(rows, data, context) {
    const details = {
      status: data.status,
      error_code: data.errorCode,
      info: data.info ?? null,
      vendor_id: data.vendorId ?? null,
      vendor_error_code: data.vendorErrorCode ?? null,
    }
    const connector = { ...keyOf(context), evse_id: data.evseId, connector_id: data.connectorId }
    rows.put('connectors', connector, { ...details, status_at: context.receivedAt })
    put(rows, context)

    // a fault ends when the connector is well again or has another one; the same one told again goes on
    if (data.status !== 'Faulted' && noError.has(data.errorCode))
      return rows.changeWhere('faults', { ...connector, cleared_at: null }, { cleared_at: context.receivedAt })
    const open = await rows.ask((db) =>
      db
        .selectFrom('faults')
        .select(['revision', 'error_code', 'vendor_error_code'])
        .where('tenant', '=', context.tenant)
        .where('charger_id', '=', context.address.chargerId)
        .where('evse_id', '=', data.evseId)
        .where('connector_id', '=', data.connectorId)
        .where('cleared_at', 'is', null)
        .execute(),
    )
    const same = open.filter(
      (fault) => fault.error_code === details.error_code && fault.vendor_error_code === details.vendor_error_code,
    )
    for (const { revision } of open.filter((fault) => !same.includes(fault)))
      rows.change('faults', { ...keyOf(context), revision }, { cleared_at: context.receivedAt })
    if (same.length > 0) return
    const { status, ...what } = details
    rows.add(
      'faults',
      { ...keyOf(context), revision: String(context.revision) },
      { evse_id: data.evseId, connector_id: data.connectorId, status, ...what, raised_at: context.receivedAt },
    )
  },

  AuthorizationDecided: (rows, _data, context) => put(rows, context),
  VendorDataReceived: (rows, _data, context) => put(rows, context),
  ConfigurationSeen: (rows, _data, context) => put(rows, context),
  ChargerSettingsChanged: (rows, _data, context) => put(rows, context),
  ChargerIdentityContested: (rows, _data, context) => put(rows, context),

  FrameParked(rows, data, context) {
    rows.add(
      'parked_frames',
      { ...keyOf(context), revision: String(context.revision) },
      {
        meant: data.meant,
        reason: data.reason,
        detail: data.detail,
        transaction_id: data.transactionId ?? null,
        meter_stop_wh: data.meterStop?.wh ?? null,
        token_ref: data.tokenRef ?? null,
        authorization_status: data.authorization ?? null,
        occurred_at: data.occurredAt?.effectiveAt ?? null,
        received_at: context.receivedAt,
      },
    )
    put(rows, context)
  },

  CommandRequested(rows, data, context) {
    rows.add('commands', commandOf(context, data.commandId), {
      type: data.command.type,
      command: data.command,
      actor_kind: context.metadata.actor.kind,
      actor_id: context.metadata.actor.id,
      requested_at: context.receivedAt,
      deadline: data.deadline,
      outcome: 'pending',
    })
    put(rows, context)
  },

  CommandSettled: (rows, data, context) => {
    const { result } = data
    return settle(rows, context, data.commandId, {
      outcome: result.outcome,
      status: result.outcome === 'result' ? result.status : result.outcome === 'callError' ? result.code : null,
      detail: result.outcome === 'callError' ? result.description : 'reason' in result ? result.reason : null,
      result,
      late: data.late,
    })
  },

  CommandOutcomeUnknown: (rows, data, context) =>
    settle(rows, context, data.commandId, { outcome: 'unknown', detail: data.reason }),

  CommandOffline: (rows, data, context) => settle(rows, context, data.commandId, { outcome: 'offline' }),

  RemoteStartUnused: (rows, data, context) =>
    tellMore(rows, context, data.commandId, 'the charger accepted it, and no transaction came of it'),

  RemoteStopUnheeded: (rows, data, context) =>
    tellMore(rows, context, data.commandId, 'the charger accepted it, and the transaction went on'),

  AvailabilityReached: (rows, data, context) =>
    tellMore(rows, context, data.commandId, 'the charger scheduled it, and its connectors tell that it is done'),

  AvailabilityUnheeded: (rows, data, context) =>
    tellMore(
      rows,
      context,
      data.commandId,
      'the charger scheduled it, no transaction is in its way any more, and its connectors do not tell that it is done',
    ),

  ResetUnheeded: (rows, data, context) =>
    tellMore(rows, context, data.commandId, 'the charger accepted it, and neither connected nor booted anew'),
}
