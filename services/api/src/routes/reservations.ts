import { setTimeout as wait } from 'node:timers/promises'
import type { EndedReservation, Reservation } from '@voltrail/contracts/events/reservations'
import { EvseId, type ChargerId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import { CommandHeaders } from '@voltrail/contracts/rest/commands'
import {
  ListReservationsQuery,
  PostReservationBody,
  ReservationAnswer,
  ReservationList,
  ReservationPage,
  ReservationParams,
} from '@voltrail/contracts/rest/reservations'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import { reservationAskedBy } from '@voltrail/domain/device/reservation-request'
import { isEnded, reservationOf } from '@voltrail/domain/device/reservations'
import { readCharger, readDevice } from '../charger-device.ts'
import { ApiProblem, notFound, unavailable } from '../problem.ts'
import { reservationParts, reservationsOf, reservationView } from '../reservation-view.ts'
import { problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import { answerOf, commandIdOf, sendCommand } from '../send-command.ts'
import type { Sources } from '../sources.ts'

const tags = ['Reservations']
/** Between the charger's answer and its trace on the device's stream lies a moment, in ms. */
const tracedMs = 3_000
const againMs = 50

export function reservationRoutes(app: Routes, sources: Sources): void {
  type One = Reservation | EndedReservation
  /** The reservation as the device's stream has it once `done` holds, or what it has when that takes too long. */
  const traced = async (
    chargerId: ChargerId,
    find: (device: DeviceState) => One | undefined,
    done: (one: One) => boolean,
  ): Promise<One> => {
    const giveUpAt = Date.now() + tracedMs
    for (;;) {
      const one = find(await readDevice(sources, chargerId))
      if (one !== undefined && (done(one) || Date.now() > giveUpAt)) return one
      if (Date.now() > giveUpAt) throw unavailable('The reservation is not in the log yet. Ask again.')
      await wait(againMs)
    }
  }
  const view = (chargerId: ChargerId, one: One) => reservationView(sources, chargerId, one)

  app.route({
    method: 'POST',
    url: '/chargers/:id/reservations',
    schema: {
      tags,
      operationId: 'reserve',
      summary: 'Reserve a connector for an id token or a group',
      description:
        'Asks the charger (ReserveNow) and answers what came of it: `reservation.state`. A connector that the charger is known not to ' +
        'have, and a token that may not charge, are refused before anything is sent. An `Idempotency-Key` makes a repeated ' +
        'request the same reservation.',
      params: ChargerParams,
      headers: CommandHeaders,
      body: PostReservationBody,
      response: { 200: ReservationAnswer, ...problems(400, 404, 413, 415, 422) },
    },
    handler: async ({ params, headers, body }) => {
      const { evseId, connectorId, idToken: token, group, expiresAt } = body
      const commandId = commandIdOf(sources, params.id, headers['idempotency-key'], { ReserveNow: body })
      const idToken = token === undefined ? undefined : { value: token, type: 'ISO14443' as const }
      const groupIdToken = group === undefined ? undefined : { value: group, type: 'Central' as const }
      const named = idToken ?? groupIdToken
      if (named === undefined) throw new ApiProblem('invalid-request', 'The body must have idToken or group.')
      const reply = await sendCommand(sources, {
        commandId,
        chargerId: params.id,
        command: {
          type: 'ReserveNow',
          evseId: EvseId.parse(evseId ?? connectorId),
          idToken: named,
          ...(groupIdToken === undefined ? {} : { groupIdToken }),
          expiresAt: instant(Date.parse(expiresAt)),
        },
        timeoutMs: undefined,
      })
      const open = reply.outcome === 'timeout' || reply.outcome === 'unknown'
      const one = await traced(
        params.id,
        (device) => reservationAskedBy(device, commandId),
        (made) => open || isEnded(made) || made.state !== 'requested',
      )
      return { reservation: await view(params.id, one), command: answerOf(reply) }
    },
  })

  app.route({
    method: 'GET',
    url: '/chargers/:id/reservations',
    schema: {
      tags,
      operationId: 'listChargerReservations',
      summary: 'The reservations of a charger, and what became of them',
      params: ChargerParams,
      response: { 200: ReservationList, ...problems(404) },
    },
    handler: async ({ params }) => {
      await readCharger(sources, params.id)
      const found = reservationsOf(await readDevice(sources, params.id))
      return { items: await Promise.all(found.map((one) => view(params.id, one))) }
    },
  })

  app.route({
    method: 'GET',
    url: '/reservations',
    schema: {
      tags,
      operationId: 'listReservations',
      summary: 'The reservations of all chargers',
      description:
        'Charger by charger, of each the newest first: `limit` counts chargers, so a page may be empty and still have a `next`.',
      querystring: ListReservationsQuery,
      response: { 200: ReservationPage, ...problems(400) },
    },
    handler: async ({ query: { state, ...query } }) => {
      const chargers = await sources.reporting.listChargers(query)
      const items = await Promise.all(
        chargers.items.map(async ({ chargerId }) =>
          Promise.all(reservationsOf(await readDevice(sources, chargerId), state).map((one) => view(chargerId, one))),
        ),
      )
      return { items: items.flat(), next: chargers.next }
    },
  })

  app.route({
    method: 'DELETE',
    url: '/reservations/:id',
    schema: {
      tags,
      operationId: 'cancelReservation',
      summary: 'Cancel a reservation',
      description:
        'Asks the charger (CancelReservation). Where it says that it has no such reservation (`command.status` is `Rejected`), the ' +
        'reservation is `lost`. One that was not reached keeps it.',
      params: ReservationParams,
      headers: CommandHeaders,
      response: { 200: ReservationAnswer, ...problems(400, 404, 409, 422) },
    },
    handler: async ({ params, headers }) => {
      const { chargerId, reservationId } = reservationParts(params.id)
      const find = (device: DeviceState) => reservationOf(device, reservationId)
      const known = find(await readDevice(sources, chargerId))
      if (known === undefined) throw notFound(`There is no reservation ${JSON.stringify(params.id)}.`)
      const key = headers['idempotency-key']
      if (isEnded(known) && key === undefined)
        throw new ApiProblem('conflict', `The reservation is over: ${known.reason}, since ${known.endedAt}.`)
      const command = { type: 'CancelReservation', reservationId } as const
      const commandId = commandIdOf(sources, chargerId, key, command)
      const reply = await sendCommand(sources, { commandId, chargerId, command, timeoutMs: undefined })
      const one = await traced(chargerId, find, (now) => reply.outcome !== 'result' || isEnded(now))
      return { reservation: await view(chargerId, one), command: answerOf(reply) }
    },
  })
}
