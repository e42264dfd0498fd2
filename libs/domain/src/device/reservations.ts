import type { EndedReservation, Reservation, ReservationEnd } from '@voltrail/contracts/events/reservations'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { TransactionId } from '@voltrail/contracts/ids'
import type { Outcome } from './settled-command.ts'
import type { DeviceState, Part } from './device-state.ts'

/** The reservations of a device: what the charger was asked to keep, what it keeps, and how each ended. */

/** so many that ended are remembered, for who asks what became of them and for a charger that says otherwise later */
const keptEnded = 20

/** Numbers from here on are never made by us: they are left to those that are given by hand. */
export const firstNumberByHand = 2 ** 30

const numbered = (state: DeviceState, reservationId: number): Pick<DeviceState, 'lastReservationId'> =>
  reservationId < firstNumberByHand && reservationId > (state.lastReservationId ?? 0)
    ? { lastReservationId: reservationId }
    : {}

export const reservationsWith: Part = (state, event) => {
  const live = state.reservations ?? []
  const ended = state.endedReservations ?? []
  const others = (id: number) => live.filter(({ reservationId }) => reservationId !== id)
  const otherEnded = (id: number) => ended.filter(({ reservationId }) => reservationId !== id)
  switch (event.type) {
    case 'ReservationRequested': {
      const { commandId, ...terms } = event.data
      const { reservationId } = terms
      const asked = {
        ...terms,
        state: 'requested' as const,
        requestedAt: event.metadata.receivedAt,
        askedBy: commandId,
      }
      return {
        ...state,
        reservations: [...others(reservationId), asked],
        endedReservations: otherEnded(reservationId),
        ...numbered(state, reservationId),
      }
    }
    case 'ReservationMade': {
      const { commandId, ...made } = event.data
      const { reservationId } = made
      const known = reservationOf(state, reservationId)
      const { requestedAt = event.metadata.receivedAt, askedBy = commandId, idToken } = known ?? {}
      const taken = {
        ...(idToken === undefined ? {} : { idToken }),
        ...made,
        requestedAt,
        ...(askedBy === undefined ? {} : { askedBy }),
      }
      return {
        ...state,
        reservations: [...others(reservationId), taken],
        endedReservations: otherEnded(reservationId),
        ...numbered(state, reservationId),
      }
    }
    case 'ReservationEnded': {
      const { commandId: _, reservationId, ...end } = event.data
      const known = reservationOf(state, reservationId)
      if (known === undefined) return state
      const {
        reason: _before,
        detail: _detail,
        transactionId: _transaction,
        ...reservation
      } = known as EndedReservation
      const over = { ...reservation, ...end, endedAt: event.metadata.receivedAt }
      return {
        ...state,
        reservations: others(reservationId),
        endedReservations: [...otherEnded(reservationId), over].slice(-keptEnded),
      }
    }
    default:
      return state
  }
}

/** A reservation by its number, whether it goes on or has ended. */
export const reservationOf = (
  { reservations = [], endedReservations = [] }: Pick<DeviceState, 'reservations' | 'endedReservations'>,
  reservationId: number,
): Reservation | EndedReservation | undefined =>
  [...reservations, ...endedReservations].find((one) => one.reservationId === reservationId)

export const isEnded = (one: Reservation | EndedReservation): one is EndedReservation => 'reason' in one

/** The event that ends a reservation. */
export const reservationEnded = (
  reservationId: number,
  reason: ReservationEnd,
  more: { readonly detail?: string; readonly transactionId?: TransactionId } = {},
): Extract<DeviceEvent, { type: 'ReservationEnded' }> => ({
  type: 'ReservationEnded',
  data: { reservationId, reason, ...more, ...(more.detail === undefined ? {} : { detail: more.detail.slice(0, 300) }) },
})

/** What each answer to ReserveNow means (OCPP 1.6 §7.37 ReservationStatus). */
const refusals: Readonly<Record<string, ReservationEnd>> = {
  Faulted: 'faulted',
  Occupied: 'occupied',
  Rejected: 'rejected',
  Unavailable: 'unavailable',
}
/** CALLERRORs that say that the charger knows no reservations. */
const knowsNone = /^Not(Implemented|Supported)$/

/** What the charger's answer makes of a reservation: taken, refused, or given back. */
export const reservationOutcome: Outcome = (settled, state) => {
  const { command } = settled
  if (command.type === 'ReserveNow') return madeBy(settled, state)
  if (command.type === 'CancelReservation') return cancelledBy(settled, state)
  return []
}

const madeBy: Outcome = ({ command, commandId, result, settledAt }, state) => {
  if (command.type !== 'ReserveNow' || command.reservationId === undefined) return []
  const { reservationId, evseId, expiresAt, idToken, groupIdToken } = command
  const known = reservationOf(state, reservationId)
  const ended = (reason: ReservationEnd, detail?: string): readonly DeviceEvent[] => {
    // the answer to a change of one that it holds says nothing against that one
    if (known?.state !== 'requested' || isEnded(known) || known.askedBy !== commandId) return []
    const end = reservationEnded(reservationId, reason, detail === undefined ? {} : { detail })
    return [{ ...end, data: { ...end.data, commandId } }]
  }
  switch (result.outcome) {
    case 'result': {
      if (result.status !== 'Accepted')
        return ended(refusals[result.status] ?? 'rejected', `it answered ${result.status}`)
      // what was over before its answer came stays so, but for one that seemed never to have been sent
      if (known !== undefined && isEnded(known) && known.reason !== 'unsent') return []
      if (settledAt >= expiresAt && known === undefined) return []
      const replaced = (state.reservations ?? []).filter(
        (one) =>
          evseId > 0 && one.evseId === evseId && one.reservationId !== reservationId && one.state !== 'requested',
      )
      return [
        ...replaced.map((one) =>
          reservationEnded(one.reservationId, 'lost', { detail: `reservation ${reservationId} took its place` }),
        ),
        {
          type: 'ReservationMade',
          data: {
            reservationId,
            evseId,
            tokenRef: idToken.ref,
            ...(groupIdToken === undefined ? {} : { groupRef: groupIdToken.ref }),
            expiresAt,
            idToken,
            commandId,
          },
        },
      ]
    }
    case 'callError':
      return ended(
        knowsNone.test(result.code) ? 'unsupported' : 'rejected',
        `it answered ${result.code}${result.description === '' ? '' : `: ${result.description}`}`,
      )
    case 'notSent':
      return ended('unsent', result.reason)
    case 'unsupported':
      return ended('unsupported', result.reason)
    case 'timeout':
    case 'invalidAnswer':
      // whether it holds it, nobody knows: its end, or a start, will tell
      return []
    default:
      return result satisfies never
  }
}

const cancelledBy: Outcome = ({ command, commandId, result, settledAt }, state) => {
  if (command.type !== 'CancelReservation') return []
  const known = state.reservations?.find(({ reservationId }) => reservationId === command.reservationId)
  if (known === undefined) return []
  const over = settledAt >= known.expiresAt
  const ended = (reason: ReservationEnd, detail?: string): readonly DeviceEvent[] => {
    const end = reservationEnded(known.reservationId, reason, detail === undefined ? {} : { detail })
    return [{ ...end, data: { ...end.data, commandId } }]
  }
  if (result.outcome === 'result' && result.status === 'Accepted')
    return over ? ended('expired', 'the charger let go of it when it was told to') : ended('cancelled')
  if (result.outcome === 'result')
    return over
      ? ended('expired', `the charger would not let go of it: ${result.status}`)
      : ended('lost', `the charger knows no such reservation: ${result.status}`)
  // it was not carried out: the reservation goes on to its end
  return over && result.outcome === 'callError'
    ? ended('expired', `the charger would not let go of it: ${result.code}`)
    : []
}
