import {
  ChargerDetail,
  ChargerPage,
  ChargerParams,
  ListChargersQuery,
  RegisterChargerBody,
  RegisteredCharger,
} from '@voltrail/contracts/rest/chargers'
import { chargerStream } from '@voltrail/contracts/streams'
import { forbiddenPassword, isShortPassword } from '@voltrail/key-store/password-digest'
import { exists, registrationOf } from '../log-reads.ts'
import { ApiProblem, notFound } from '../problem.ts'
import { decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Chargers']

export function chargerRoutes(app: Routes, sources: Sources): void {
  app.route({
    method: 'GET',
    url: '/chargers',
    schema: {
      tags,
      operationId: 'listChargers',
      summary: 'All chargers with their connectors',
      querystring: ListChargersQuery,
      response: { 200: ChargerPage, ...problems(400) },
    },
    handler: ({ query }) => sources.reporting.listChargers(query),
  })

  app.route({
    method: 'GET',
    url: '/chargers/:id',
    schema: {
      tags,
      operationId: 'getCharger',
      summary: 'One charger',
      params: ChargerParams,
      response: { 200: ChargerDetail, ...problems(404) },
    },
    handler: async ({ params }) => {
      const charger = await sources.reporting.getCharger(params.id)
      if (charger === undefined) throw notFound(`There is no charger ${JSON.stringify(params.id)}.`)
      return charger
    },
  })

  app.route({
    method: 'PUT',
    url: '/chargers/:id',
    schema: {
      tags,
      operationId: 'registerCharger',
      summary: 'Register a charger, or change how it may connect',
      description:
        'Absent fields stay as they are. The password is not kept: only keyed hashes of it, as text and as the bytes that hex digits stand for. One that OCPP forbids (fewer than 16 bytes, or more than 20 that are no hex digits of as many) is refused without `force`, for a charger that has it already; a short one is flagged then (`passwordShort`): have a key made by a security upgrade with `rotateKey`.',
      params: ChargerParams,
      body: RegisterChargerBody,
      response: {
        201: RegisteredCharger.describe('It is new.'),
        200: RegisteredCharger.describe('It was known.'),
        ...problems(400, 413, 415, 422),
      },
    },
    handler: async ({ params, body }, reply) => {
      const { password } = body
      const forbidden = typeof password === 'string' ? forbiddenPassword(Buffer.from(password, 'utf8')) : undefined
      if (forbidden !== undefined && body.force !== true)
        throw new ApiProblem(
          'refused',
          `${forbidden}; give one that has, or say force: true where the charger has this one already`,
          { errors: [{ path: '/body/password', message: forbidden }] },
        )
      const stream = chargerStream(sources.tenant, params.id)
      const known = await exists(sources.log, stream)
      const decided = await decide(sources, {
        type: 'RegisterCharger',
        chargerId: params.id,
        ...(body.registration !== undefined && { registration: body.registration }),
        ...(password !== undefined && {
          passwordDigests: password === null ? null : sources.passwordDigests(params.id, password),
          ...(password !== null && isShortPassword(Buffer.from(password, 'utf8')) && { passwordShort: true as const }),
        }),
        ...(body.securityProfile !== undefined && { securityProfile: body.securityProfile }),
      })
      return reply.code(known ? 200 : 201).send({
        chargerId: params.id,
        registration: body.registration ?? (await registrationOf(sources.log, stream)) ?? 'Accepted',
        changed: decided.changed,
        revision: decided.revision,
      })
    },
  })
}
