import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { Reservation } from '@voltrail/contracts/events/reservations'
import type { CommandId, EvseId, TokenRef, TransactionId } from '@voltrail/contracts/ids'
import type { Instant, OccurredAt } from '@voltrail/contracts/quantities'
import { accept, type Decision } from '../decider.ts'
import type { DeviceState } from './device-state.ts'
import { isEnded, reservationEnded, reservationOf } from './reservations.ts'

/** How reservations end: by a start, by time, or because the charger let go of them. */

/** What a start says of whom it is for, and of the reservation that it uses. */
export interface StartSeen {
  readonly transactionId: TransactionId
  readonly evseId: EvseId
  readonly tokenRef: TokenRef
  readonly groupRef?: TokenRef | undefined
  /** as the charger names it */
  readonly reservationId?: string | undefined
  readonly startedAt: OccurredAt
}

/** A charger's clock that is trusted may be so far from ours, in ms. */
const skewMs = 60_000

/** Whether a reservation is for this token: for itself, for its group, or for a group that it stands for itself. */
export const isFor = (
  { tokenRef, groupRef }: Pick<Reservation, 'tokenRef' | 'groupRef'>,
  token: { readonly tokenRef: TokenRef; readonly groupRef?: TokenRef | undefined },
): boolean =>
  tokenRef === token.tokenRef ||
  (groupRef !== undefined && (groupRef === token.tokenRef || groupRef === token.groupRef))

/**
 * The reservation of an EVSE that the charger holds at `now`, if it holds one.
 * @param taken whether the charger has accepted what a command asked for, where the device's stream does not say so yet
 */
export const heldOn = (
  { reservations = [] }: Pick<DeviceState, 'reservations'>,
  evseId: EvseId,
  now: Instant,
  taken: (askedBy: CommandId) => boolean = () => false,
): Reservation | undefined =>
  reservations.find((one) => {
    if (evseId === 0 || one.evseId !== evseId || one.expiresAt <= now) return false
    return one.state !== 'requested' || (one.askedBy !== undefined && taken(one.askedBy))
  })

/**
 * A transaction began. The reservation that it names is used by it, also one that seemed to be over: the charger knows. Where it
 * names none that is known, it uses one that is for its token or its group, there or anywhere. Another token's start in the place
 * of a reservation takes it: whether it may is the charger's decision (OCPP 1.6 §5.13), the transaction is what it is.
 */
export const honourStart = (start: StartSeen, state: DeviceState): Decision<DeviceEvent> => {
  const { transactionId, evseId } = start
  const live = state.reservations ?? []
  if ([...(state.endedReservations ?? [])].some((one) => one.transactionId === transactionId)) return accept()
  const named = /^\d{1,10}$/.test(start.reservationId ?? '')
    ? reservationOf(state, Number(start.reservationId))
    : undefined
  if (named !== undefined && !(isEnded(named) && named.reason === 'used'))
    return accept<DeviceEvent>(reservationEnded(named.reservationId, 'used', { transactionId }))
  const meanwhile = live.filter((one) => begunWithin(start, one))
  const own = meanwhile
    .filter((one) => (one.evseId === evseId || one.evseId === 0) && isFor(one, start))
    .toSorted((a, b) => b.evseId - a.evseId)[0]
  if (own !== undefined) return accept<DeviceEvent>(reservationEnded(own.reservationId, 'used', { transactionId }))
  return accept<DeviceEvent>(
    ...meanwhile
      .filter((one) => one.evseId === evseId && one.state !== 'requested')
      .map((one) =>
        reservationEnded(one.reservationId, 'lost', {
          detail: 'the charger let another id token begin in its place',
          transactionId,
        }),
      ),
  )
}

/** Whether a start fell into the time of a reservation; what is delivered late may be older than it. */
const begunWithin = ({ startedAt }: StartSeen, { requestedAt, expiresAt }: Reservation): boolean => {
  const from = requestedAt === undefined ? -Infinity : Date.parse(requestedAt)
  const at = Date.parse(startedAt.effectiveAt)
  return Date.parse(startedAt.receivedAt) >= from && at >= from - skewMs && at <= Date.parse(expiresAt) + skewMs
}

/**
 * The charger showed an EVSE as Reserved, then as Available, and nobody cancelled or began: its time was over by the charger's
 * clock, or it lost it, as some do when they restart. `unshown`: it restarted, and did not show it as Reserved since.
 */
export const releaseReservation = (
  {
    evseId,
    at,
    restarted,
    unshown,
  }: { readonly evseId: EvseId; readonly at: Instant; readonly restarted: boolean; readonly unshown?: true },
  { reservations = [] }: DeviceState,
): Decision<DeviceEvent> =>
  accept<DeviceEvent>(
    ...reservations
      .filter((one) => one.evseId === evseId && one.state !== 'requested' && (one.requestedAt ?? at) <= at)
      .map((one) =>
        isAboutOver(one, at)
          ? reservationEnded(one.reservationId, 'expired')
          : reservationEnded(one.reservationId, 'lost', {
              detail: unshown
                ? 'the charger restarted, and does not show the connector as Reserved'
                : restarted
                  ? 'the charger restarted, and shows the connector as Available'
                  : 'the charger shows the connector as Available before its time',
            }),
      ),
  )

/** Whether by the charger's own clock its time may be over. */
export const isAboutOver = ({ expiresAt }: Pick<Reservation, 'expiresAt'>, at: Instant): boolean =>
  Date.parse(at) >= Date.parse(expiresAt) - skewMs

/** Its time is over. `held`: the charger still shows it, also after it was told to let go. */
export const expireReservation = (
  { reservationId, now, held }: { readonly reservationId: number; readonly now: Instant; readonly held: boolean },
  { reservations = [] }: DeviceState,
): Decision<DeviceEvent> => {
  const one = reservations.find((known) => known.reservationId === reservationId)
  if (one === undefined || one.expiresAt > now) return accept()
  const detail = held
    ? 'the charger still shows the connector as Reserved'
    : one.state === 'requested'
      ? 'the charger never said whether it took it'
      : undefined
  return accept<DeviceEvent>(reservationEnded(reservationId, 'expired', detail === undefined ? {} : { detail }))
}

/**
 * The charger shows an EVSE as Reserved, and how it answered the one request for it is not known: it took it.
 * @param shownAt since when it shows it
 */
export const confirmShown = (
  { evseId, shownAt }: { readonly evseId: EvseId; readonly shownAt: Instant },
  { reservations = [] }: DeviceState,
): Decision<DeviceEvent> => {
  const here = reservations.filter((one) => one.evseId === evseId && one.expiresAt > shownAt)
  const [only] = here
  if (evseId === 0 || only === undefined || here.length > 1 || only.state !== 'requested') return accept()
  // what it showed before it was asked, it showed for somebody else
  if (only.requestedAt === undefined || shownAt < only.requestedAt) return accept()
  const { reservationId, tokenRef, groupRef, expiresAt, idToken, askedBy } = only
  return accept<DeviceEvent>({
    type: 'ReservationMade',
    data: {
      reservationId,
      evseId,
      tokenRef,
      ...(groupRef === undefined ? {} : { groupRef }),
      expiresAt,
      ...(idToken === undefined ? {} : { idToken }),
      ...(askedBy === undefined ? {} : { commandId: askedBy }),
    },
  })
}

/** It never reached the charger. */
export const reservationUnsent = (
  { reservationId, detail }: { readonly reservationId: number; readonly detail: string },
  { reservations = [] }: DeviceState,
): Decision<DeviceEvent> =>
  reservations.some((one) => one.reservationId === reservationId && one.state === 'requested')
    ? accept<DeviceEvent>(reservationEnded(reservationId, 'unsent', { detail }))
    : accept()
