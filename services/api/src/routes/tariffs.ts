import { instant } from '@voltrail/contracts/quantities'
import type { TariffId } from '@voltrail/contracts/ids'
import {
  ListTariffsQuery,
  PostAssignmentBody,
  PostTariffBody,
  TariffPage,
  TariffParams,
  TariffView,
} from '@voltrail/contracts/rest/tariffs'
import { tariffStream } from '@voltrail/contracts/streams'
import { tariff as tariffAggregate } from '@voltrail/domain/tariff'
import { foldStream } from '../log-reads.ts'
import { notFound } from '../problem.ts'
import { createdOrKnown, decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Tariffs']

export function tariffRoutes(app: Routes, sources: Sources): void {
  const read = async (tariffId: TariffId): Promise<TariffView> => {
    const { state } = await foldStream(sources.log, tariffAggregate, tariffStream(sources.tenant, tariffId))
    const current = state.versions.at(-1)
    if (current === undefined) throw notFound(`There is no tariff ${JSON.stringify(tariffId)}.`)
    const assignments = state.assignments.map(({ scope, validFrom }) => ({ scope, validFrom }))
    return { tariffId, ...current.terms, revision: String(current.revision), definedAt: current.definedAt, assignments }
  }

  /** Whether it is the tenant's tariff already: a repeated request must not pile up assignments that say the same. */
  const appliesToTenant = async (tariffId: TariffId): Promise<boolean> => {
    const since = newest(await read(tariffId))
    if (since === undefined) return false
    const { items } = await sources.reporting.listTariffs({ limit: 500 })
    return !items.some((other) => other.tariffId !== tariffId && (newest(other) ?? '') > since)
  }

  app.route({
    method: 'GET',
    url: '/tariffs',
    schema: {
      tags,
      operationId: 'listTariffs',
      summary: 'All tariffs',
      querystring: ListTariffsQuery,
      response: { 200: TariffPage, ...problems(400) },
    },
    handler: ({ query }) => sources.reporting.listTariffs(query),
  })

  app.route({
    method: 'GET',
    url: '/tariffs/:id',
    schema: {
      tags,
      operationId: 'getTariff',
      summary: 'One tariff',
      params: TariffParams,
      response: { 200: TariffView, ...problems(404) },
    },
    handler: ({ params }) => read(params.id),
  })

  app.route({
    method: 'POST',
    url: '/tariffs',
    schema: {
      tags,
      operationId: 'defineTariff',
      summary: 'Define a tariff, or its next version',
      description:
        'The same terms again change nothing. Sessions that were rated already keep the version that they were rated with.',
      body: PostTariffBody,
      response: {
        201: TariffView.describe('It is new.'),
        200: TariffView.describe('It was there; this is how it is now.'),
        ...problems(400, 413, 415, 422),
      },
    },
    handler: async ({ body }, reply) => {
      const { id, assign, ...terms } = body
      const defined = await decide(sources, { type: 'DefineTariff', tariffId: id, terms })
      if (assign === 'tenant' && !(await appliesToTenant(id))) {
        await decide(sources, {
          type: 'AssignTariff',
          tariffId: id,
          scope: { kind: 'tenant' },
          validFrom: instant(sources.now()),
        })
      }
      return reply.code(createdOrKnown(defined)).send(await read(id))
    },
  })

  app.route({
    method: 'POST',
    url: '/tariffs/:id/assignments',
    schema: {
      tags,
      operationId: 'assignTariff',
      summary: 'Say where a tariff applies',
      description:
        'To the whole tenant or to one charger, from an instant on. A charger’s own tariff goes before the tenant’s; of several the one that is valid last, and of those of one instant the one whose id comes last. An instant in the past is for sessions that are not rated yet: a bill that was made stays as it is.',
      params: TariffParams,
      body: PostAssignmentBody,
      response: { 200: TariffView, ...problems(400, 404, 413, 415, 422) },
    },
    handler: async ({ params, body }) => {
      await read(params.id)
      const validFrom = instant(body.validFrom === undefined ? sources.now() : Date.parse(body.validFrom))
      await decide(sources, { type: 'AssignTariff', tariffId: params.id, scope: body.scope, validFrom })
      return read(params.id)
    },
  })
}

/** Since when a tariff was last made the tenant's. */
const newest = ({ assignments }: TariffView): string | undefined =>
  assignments
    .filter(({ scope }) => scope.kind === 'tenant')
    .map(({ validFrom }) => validFrom)
    .sort()
    .at(-1)
