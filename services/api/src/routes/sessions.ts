import { z } from 'zod'
import {
  ListSessionsQuery,
  SessionDetail,
  SessionHistory,
  SessionPage,
  SessionParams,
} from '@voltrail/contracts/rest/sessions'
import { notFound } from '../problem.ts'
import { problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import { readHistory } from '../session-history.ts'
import type { Sources } from '../sources.ts'

const tags = ['Sessions']

const HistoryQuery = z.object({
  cursor: z
    .string()
    .regex(/^[0-9]{1,9}$/, 'must be the `next` of the page before')
    .optional()
    .describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(10_000).default(10_000).describe('most events to answer, 1 to 10000'),
})

export function sessionRoutes(app: Routes, sources: Sources): void {
  app.route({
    method: 'GET',
    url: '/sessions',
    schema: {
      tags,
      operationId: 'listSessions',
      summary: 'Charging sessions, newest first',
      querystring: ListSessionsQuery,
      response: { 200: SessionPage, ...problems(400) },
    },
    handler: ({ query }) => sources.reporting.listSessions(query),
  })

  app.route({
    method: 'GET',
    url: '/sessions/:id',
    schema: {
      tags,
      operationId: 'getSession',
      summary: 'One session with its bill and its energy over time',
      params: SessionParams,
      response: { 200: SessionDetail, ...problems(404) },
    },
    handler: async ({ params }) => {
      const session = await sources.reporting.getSession(params.id)
      if (session === undefined) throw notFound(`There is no session ${params.id}.`)
      return session
    },
  })

  app.route({
    method: 'GET',
    url: '/sessions/:id/history',
    schema: {
      tags,
      operationId: 'getSessionHistory',
      summary: 'Every event of a session, from the log',
      description:
        'The events of the session, of its bill, and those of its charger that concern it, in order: each with the frame that caused it, ' +
        'the inputs of the decision, what was normalised, and its hash. Personal data is opened for the operator beside the data; ' +
        '`erased` says that its keys are destroyed.',
      params: SessionParams,
      querystring: HistoryQuery,
      response: { 200: SessionHistory, ...problems(400, 404) },
    },
    handler: async ({ params, query }) => {
      const from = Number(query.cursor ?? 0)
      const history = await readHistory(sources, params.id, from, query.limit)
      if (history === undefined) throw notFound(`There is no session ${params.id}.`)
      return { sessionId: params.id, ...history }
    },
  })
}
