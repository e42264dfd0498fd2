import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import { CompositeSchedule } from '@voltrail/contracts/charging-profile'
import { EvseId, type ChargerId } from '@voltrail/contracts/ids'
import {
  ChargingProfilesView,
  ClearChargingProfilesQuery,
  CompositeScheduleAnswer,
  CompositeScheduleQuery,
  PutChargingProfileBody,
  StaticLimitBody,
} from '@voltrail/contracts/rest/charging-profiles'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import { CommandAnswer, CommandHeaders } from '@voltrail/contracts/rest/commands'
import { compareComposite } from '@voltrail/domain/device/composite-schedule'
import { staticLimit } from '@voltrail/ocpp/static-limit'
import { readCharger, readDevice } from '../charger-device.ts'
import { ApiProblem } from '../problem.ts'
import { problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import { answerOf, commandIdOf, sendCommand } from '../send-command.ts'
import type { Sources } from '../sources.ts'

const tags = ['Smart charging']

export function chargingProfileRoutes(app: Routes, sources: Sources): void {
  const send = (chargerId: ChargerId, key: string | undefined, command: ChargerCommand) =>
    sendCommand(sources, {
      commandId: commandIdOf(sources, chargerId, key, command),
      chargerId,
      command,
      timeoutMs: undefined,
    })

  app.route({
    method: 'PUT',
    url: '/chargers/:id/charging-profiles',
    schema: {
      tags,
      operationId: 'putChargingProfile',
      summary: 'Limit the power of a charger by a charging profile',
      description:
        'Sent in the dialect of the charger’s make (`GET /v1/quirks`, Q30). One that exceeds what the charger takes, by its own ' +
        'configuration, is refused with the reason; so is one with times (`validFrom`, `validTo`, `startAt`, Recurring) while the charger’s clock ' +
        'was never seen or is off by more than 60 s, unless `force` is set. One that can only lower its power is sent before it is recorded.',
      params: ChargerParams,
      headers: CommandHeaders,
      body: PutChargingProfileBody,
      response: {
        200: CommandAnswer.describe('What came of it; see `outcome`.'),
        ...problems(400, 404, 413, 415, 422),
      },
    },
    handler: async ({ params, headers, body }) =>
      answerOf(
        await send(params.id, headers['idempotency-key'], {
          type: 'SetChargingProfile',
          evseId: body.evseId,
          profile: body.profile,
          ...(body.force && { force: body.force }),
        }),
      ),
  })

  app.route({
    method: 'GET',
    url: '/chargers/:id/charging-profiles',
    schema: {
      tags,
      operationId: 'getChargingProfiles',
      summary: 'The charging profiles that a charger took, and whether it says it will keep them',
      params: ChargerParams,
      response: { 200: ChargingProfilesView, ...problems(404) },
    },
    handler: async ({ params }) => {
      await readCharger(sources, params.id)
      const { profiles, composites, limitsUnverifiedSince, limitsUnverifiedBy } = await readDevice(sources, params.id)
      return {
        chargerId: params.id,
        profiles: profiles ?? [],
        verified: composites ?? [],
        limitsUnverifiedSince: limitsUnverifiedSince ?? null,
        limitsUnverifiedBy: limitsUnverifiedBy ?? null,
      }
    },
  })

  app.route({
    method: 'DELETE',
    url: '/chargers/:id/charging-profiles',
    schema: {
      tags,
      operationId: 'clearChargingProfiles',
      summary: 'Take charging profiles away: one, those that fit criteria, or all',
      params: ChargerParams,
      headers: CommandHeaders,
      querystring: ClearChargingProfilesQuery,
      response: { 200: CommandAnswer.describe('`Unknown`: nothing fitted.'), ...problems(400, 404, 422) },
    },
    handler: async ({ params, headers, query }) => {
      const { evseId, ...criteria } = query
      const at = evseId === undefined ? {} : { evseId: EvseId.parse(evseId) }
      return answerOf(
        await send(params.id, headers['idempotency-key'], { type: 'ClearChargingProfile', ...criteria, ...at }),
      )
    },
  })

  app.route({
    method: 'GET',
    url: '/chargers/:id/composite-schedule',
    schema: {
      tags,
      operationId: 'getCompositeSchedule',
      summary: 'Ask a charger what limits it will keep, and hold them against its profiles',
      params: ChargerParams,
      querystring: CompositeScheduleQuery,
      response: { 200: CompositeScheduleAnswer, ...problems(400, 404, 422) },
    },
    handler: async ({ params, query }) => {
      const { evseId, durationSeconds, unit } = query
      const reply = await send(params.id, undefined, {
        type: 'GetCompositeSchedule',
        evseId: EvseId.parse(evseId),
        durationSeconds,
        ...(unit === undefined ? {} : { unit }),
      })
      const told =
        reply.outcome === 'result' ? CompositeSchedule.safeParse(reply.payload['compositeSchedule']) : undefined
      if (told?.success !== true) return { ...answerOf(reply), schedule: null, agrees: null, disagreement: null }
      const { profiles } = await readDevice(sources, params.id)
      const { agrees, detail } = compareComposite(told.data, profiles ?? [], sources.now())
      return { ...answerOf(reply), schedule: told.data, agrees, disagreement: detail ?? null }
    },
  })

  app.route({
    method: 'PUT',
    url: '/chargers/:id/static-limit',
    schema: {
      tags,
      operationId: 'putStaticLimit',
      summary: 'Limit the current of a whole charger by the configuration key of its make',
      description:
        'OCPP 1.6 has no key for it: makes have keys of their own that count in A, 0.1 A or mA. It survives a boot, unlike some profiles.',
      params: ChargerParams,
      headers: CommandHeaders,
      body: StaticLimitBody,
      response: { 200: CommandAnswer, ...problems(400, 404, 413, 415, 422) },
    },
    handler: async ({ params, headers, body }) => {
      const { identity } = await readCharger(sources, params.id)
      const change = staticLimit(identity === undefined ? {} : makeOf(identity), body.amperes)
      if (change === undefined)
        throw new ApiProblem(
          'refused',
          identity === undefined
            ? 'The make of this charger is not known before it has booted.'
            : `No key for a static limit is known of ${identity.vendor} ${identity.model}: set a charging profile.`,
        )
      return answerOf(await send(params.id, headers['idempotency-key'], { type: 'ChangeConfiguration', ...change }))
    },
  })
}

const makeOf = ({ vendor, model }: { readonly vendor: string; readonly model: string }) => ({ vendor, model })
