import type { ChargerCommand, ChargerCommandRequest } from '@voltrail/contracts/charger-commands'
import type { TenantId } from '@voltrail/contracts/ids'
import { chargerStream, deviceStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { commandOutcome, commandRefusal } from '@voltrail/domain/charger/commands'
import { device } from '@voltrail/domain/device/device'
import { heldOn, isFor } from '@voltrail/domain/device/reservation-end'
import { requestReservation, reservationAskedBy, reservationRefusal } from '@voltrail/domain/device/reservation-request'
import { isEnded } from '@voltrail/domain/device/reservations'
import { authorise, type IdTokenState } from '@voltrail/domain/id-token'
import type { CentralDeps } from '../central-deps.ts'
import { requestMetadata } from '../evidence.ts'
import { presentedToken } from '../presented-token.ts'
import { textOpener, withTokenAsKnown } from './remote-start-token.ts'
import { storedCommand } from './stored-command.ts'
import { aliasOf } from './token-alias.ts'

type ReserveNow = Extract<ChargerCommand, { type: 'ReserveNow' }>

/** A request as it goes on; with `refusal` it is recorded and not sent. */
type Reserved =
  | { readonly request: ChargerCommandRequest; readonly refusal?: string | undefined }
  | { readonly refused: string }

/**
 * A reservation is on the device's stream, under its number, before the charger is asked for it. It is for the token and for the
 * group that the token was issued with, or the one that is given. What the charger is known not to keep is recorded and refused,
 * but for an operator's own call, which is sent as it is. Any other command passes.
 */
export const withReservation = async (
  deps: CentralDeps,
  tenant: TenantId,
  request: ChargerCommandRequest,
): Promise<Reserved> => {
  const { command: asked, chargerId, commandId, requestedAt, asCall } = request
  if (asked.type !== 'ReserveNow') return { request }
  const stream = chargerStream(tenant, chargerId)
  const { state, revision } = await deps.load(charger, stream)
  // refused by whoever records it
  if (commandRefusal(state, asked.type) !== undefined) return { request }
  const [token, settings] = [await presentedToken(deps, tenant, asked.idToken), await deps.lookUps.settings(tenant)]
  const known = await withTokenAsKnown(asked, { tenant, state }, deps)
  const written = asCall ? asked : await withGroup(known, token.state, tenant, request, deps)
  const stored = await storedCommand(deps, tenant, written)
  if (stored.command.type !== 'ReserveNow') throw new Error('a reservation is stored as something else')
  const { idToken, groupIdToken } = stored.command
  const forGroupAlone = groupIdToken?.ref === idToken.ref
  const verdict = forGroupAlone ? undefined : authorise(token.state, settings.value, requestedAt)
  const reservation = {
    commandId,
    reservationId: asked.reservationId,
    evseId: asked.evseId,
    idToken,
    groupRef: groupIdToken?.ref,
    expiresAt: asked.expiresAt,
    requestedAt,
  }
  const { connectors } = state
  const decided = await deps.decide(
    device,
    deviceStream(tenant, chargerId),
    (before) => {
      const { configuration } = before
      const refusal = asCall
        ? undefined
        : reservationRefusal({ evseId: asked.evseId, verdict }, { connectors, ...(configuration && { configuration }) })
      return requestReservation({ ...reservation, refusal }, before)
    },
    requestMetadata(deps, { ...request, requestId: commandId }, tenant, stored.command, [
      ...token.lookups,
      settings.lookup,
      { stream, revision: revision < 0 ? null : revision, value: connectors.map(({ evseId }) => evseId) },
    ]),
  )
  if (decided.outcome === 'rejected' && !asCall) return { refused: decided.rejection.detail }
  const one = reservationAskedBy(decided.state, commandId)
  const reservationId = one?.reservationId ?? asked.reservationId
  const numbered = { ...request, command: { ...written, ...(reservationId === undefined ? {} : { reservationId }) } }
  const isNew = commandOutcome(state, commandId) === undefined
  return { request: numbered, refusal: isNew && one !== undefined && isEnded(one) ? one.detail : undefined }
}

/** With the group that the reservation is for too, and the alias of one that is too long for some protocols. */
const withGroup = async (
  command: ReserveNow,
  token: IdTokenState,
  tenant: TenantId,
  request: ChargerCommandRequest,
  deps: CentralDeps,
): Promise<ReserveNow> => {
  const { groupIdToken, idToken } = command
  if (groupIdToken !== undefined) {
    const about = requestMetadata(deps, { ...request, requestId: request.commandId }, tenant, { type: command.type })
    const alias = (await aliasOf(deps, tenant, groupIdToken.value, about))?.text
    if (alias === undefined) return command
    const alone = deps.vault.tokenRef(tenant, idToken.value) === deps.vault.tokenRef(tenant, groupIdToken.value)
    return { ...command, groupAlias: alias, ...(alone ? { alias } : {}) }
  }
  const open = textOpener(deps, tenant)
  const [value, groupAlias] = [await open(token.terms?.group?.sealed), await open(token.terms?.group?.alias?.sealed)]
  if (value === undefined) return command
  return { ...command, groupIdToken: { value, type: 'Central' }, ...(groupAlias === undefined ? {} : { groupAlias }) }
}

/**
 * Why a remote start would take an EVSE that is reserved for somebody else; undefined: it would not. A reservation that the
 * charger has just taken counts before the device's stream says so. Forced, or as an operator's own call, it is sent all the same.
 */
export const reservedForOther = async (
  deps: CentralDeps,
  tenant: TenantId,
  { chargerId, command, requestedAt, asCall }: ChargerCommandRequest,
): Promise<string | undefined> => {
  if (command.type !== 'RemoteStart' || command.evseId === undefined || command.force || asCall) return undefined
  const { state: cared } = await deps.load(device, deviceStream(tenant, chargerId))
  if ((cared.reservations ?? []).length === 0) return undefined
  const { state } = await deps.load(charger, chargerStream(tenant, chargerId))
  const held = heldOn(cared, command.evseId, requestedAt, (commandId) => {
    const outcome = commandOutcome(state, commandId)
    if (outcome?.kind !== 'settled' || !('result' in outcome)) return false
    return outcome.result.outcome === 'result' && outcome.result.status === 'Accepted'
  })
  if (held === undefined) return undefined
  const { ref, value } = await deps.lookUps.token(tenant, deps.vault.tokenRef(tenant, command.idToken.value))
  return isFor(held, { tokenRef: ref, groupRef: value.terms?.group?.ref })
    ? undefined
    : `connector ${command.evseId} is reserved for another id token until ${held.expiresAt} (reservation ${held.reservationId}): cancel that one first, or force the start`
}
