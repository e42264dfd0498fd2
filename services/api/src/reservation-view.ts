import type { EndedReservation, Reservation } from '@voltrail/contracts/events/reservations'
import { ChargerId } from '@voltrail/contracts/ids'
import type { ReservationView } from '@voltrail/contracts/rest/reservations'
import { sessionId } from '@voltrail/contracts/streams'
import { decodeToken, encodeToken } from '@voltrail/contracts/tokens'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import { openText } from './personal-text.ts'
import { notFound } from './problem.ts'
import type { Sources } from './sources.ts'

/** A reservation as the API shows it, whether it goes on or has ended. */
export async function reservationView(
  { vault, tenant }: Pick<Sources, 'vault' | 'tenant'>,
  chargerId: ChargerId,
  one: Reservation & Partial<EndedReservation>,
): Promise<ReservationView> {
  const { reservationId, evseId, tokenRef, idToken, transactionId } = one
  const { text } = await openText(vault, tenant, idToken?.sealed)
  return {
    id: `${encodeToken(chargerId)}.${reservationId}`,
    chargerId,
    reservationId,
    evseId,
    idToken: { ref: tokenRef, type: idToken?.type ?? null, token: text },
    groupRef: one.groupRef ?? null,
    requestedAt: one.requestedAt ?? null,
    expiresAt: one.expiresAt,
    state: one.reason ?? one.state ?? 'accepted',
    detail: one.detail ?? null,
    transactionId: transactionId ?? null,
    sessionId: transactionId === undefined ? null : sessionId(chargerId, transactionId),
    endedAt: one.endedAt ?? null,
  }
}

/** The reservations of a device, newest first. */
export const reservationsOf = (
  { reservations = [], endedReservations = [] }: DeviceState,
  state: 'open' | 'ended' | 'all' = 'all',
): readonly (Reservation & Partial<EndedReservation>)[] =>
  [...(state === 'ended' ? [] : reservations), ...(state === 'open' ? [] : endedReservations)].toSorted((a, b) =>
    (b.requestedAt ?? b.expiresAt).localeCompare(a.requestedAt ?? a.expiresAt),
  )

/** The parts of a reservation's id. Throws a 404 for a text that is none. */
export function reservationParts(id: string): { readonly chargerId: ChargerId; readonly reservationId: number } {
  const [, token, number] = /^(.+)\.(\d{1,10})$/.exec(id) ?? []
  const missing = notFound(`There is no reservation ${JSON.stringify(id)}.`)
  if (token === undefined) throw missing
  try {
    return { chargerId: ChargerId.parse(decodeToken(token)), reservationId: Number(number) }
  } catch {
    throw missing
  }
}
