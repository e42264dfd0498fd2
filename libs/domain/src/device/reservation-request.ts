import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { ReservationEnd } from '@voltrail/contracts/events/reservations'
import type { CommandId, EvseId, TokenRef } from '@voltrail/contracts/ids'
import type { StoredIdToken } from '@voltrail/contracts/personal'
import type { Instant } from '@voltrail/contracts/quantities'
import { accept, reject, type Decision } from '../decider.ts'
import type { Verdict } from '../id-token.ts'
import type { DeviceState } from './device-state.ts'
import { firstNumberByHand, isEnded, reservationEnded, reservationOf } from './reservations.ts'
import { configuredValue, unknownConnector, type KnownConnectors } from './known-connectors.ts'

/** Asking a charger for a reservation (OCPP 1.6 §5.13). */

export interface ReservationAsked {
  readonly commandId: CommandId
  /** given by hand; absent: it is made here */
  readonly reservationId?: number | undefined
  readonly evseId: EvseId
  readonly idToken: StoredIdToken
  readonly groupRef?: TokenRef | undefined
  readonly expiresAt: Instant
  readonly requestedAt: Instant
  /** why it will not be sent, if that is known */
  readonly refusal?: ReservationRefusal | undefined
}

export interface ReservationRefusal {
  readonly reason: Extract<ReservationEnd, 'unknown-connector' | 'unsupported' | 'token-refused'>
  readonly detail: string
}

export type ReservationProblem = { readonly kind: 'expired' | 'used-number' | 'no-number'; readonly detail: string }

/** The reservation that a command asked for. */
export const reservationAskedBy = ({ reservations = [], endedReservations = [] }: DeviceState, commandId: CommandId) =>
  [...reservations, ...endedReservations].find(({ askedBy }) => askedBy === commandId)

/**
 * A reservation begins under a number that this charger never had. The same command again changes nothing. One that the charger
 * cannot keep is recorded and ended at once: it is not sent. A number by hand that the charger holds already is a change, which
 * is recorded when the charger takes it.
 */
export const requestReservation = (
  asked: ReservationAsked,
  state: DeviceState,
): Decision<DeviceEvent, ReservationProblem> => {
  const { commandId, evseId, idToken, groupRef, expiresAt, requestedAt, refusal } = asked
  if (reservationAskedBy(state, commandId) !== undefined) return accept()
  if (expiresAt <= requestedAt)
    return reject({ kind: 'expired', detail: `a reservation until ${expiresAt} would be over already` })
  const number = numberFor(asked, state)
  if (typeof number !== 'number') return reject(number)
  const known = reservationOf(state, number)
  if (refusal === undefined && known !== undefined && !isEnded(known)) return accept()
  return accept<DeviceEvent>(
    {
      type: 'ReservationRequested',
      data: {
        reservationId: number,
        evseId,
        tokenRef: idToken.ref,
        ...(groupRef === undefined ? {} : { groupRef }),
        expiresAt,
        idToken,
        commandId,
      },
    },
    ...(refusal === undefined ? [] : [reservationEnded(number, refusal.reason, { detail: refusal.detail })]),
  )
}

const numberFor = ({ reservationId }: ReservationAsked, state: DeviceState): number | ReservationProblem => {
  const next = (state.lastReservationId ?? 0) + 1
  if (reservationId === undefined)
    return next < firstNumberByHand
      ? next
      : { kind: 'no-number', detail: 'this charger has no number left for a reservation: give one by hand' }
  const known = reservationOf(state, reservationId)
  const before = known === undefined ? reservationId < next : isEnded(known)
  return before
    ? {
        kind: 'used-number',
        detail: `this charger had reservations up to ${next - 1}: ${reservationId} is not used again; leave it out and one is made`,
      }
    : reservationId
}

/**
 * Why a charger cannot keep a reservation, as far as that is known before it is asked.
 * @param known its connectors by what it reported, and its configuration (OCPP 1.6 §9.1.14 NumberOfConnectors, §9.4.1
 *   ReserveConnectorZeroSupported)
 * @param verdict on its token; absent: it is for a group alone
 */
export const reservationRefusal = (
  { evseId, verdict }: { readonly evseId: EvseId; readonly verdict: Verdict | undefined },
  known: KnownConnectors,
): ReservationRefusal | undefined => {
  if (verdict !== undefined && verdict.status !== 'Accepted')
    return {
      reason: 'token-refused',
      detail: `the id token may not charge: it is ${verdict.status} (${verdict.reason})`,
    }
  if (evseId === 0)
    return /^false$/i.test(configuredValue(known, 'ReserveConnectorZeroSupported') ?? '')
      ? {
          reason: 'unsupported',
          detail: 'the charger reserves no connector at large (ReserveConnectorZeroSupported is false): name one',
        }
      : undefined
  const detail = unknownConnector(evseId, known)
  return detail === undefined ? undefined : { reason: 'unknown-connector', detail }
}
