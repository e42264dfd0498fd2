import { z } from 'zod'
import { isEventType } from '@voltrail/contracts/events/registry'
import { EventsHeaders, EventsQuery, FeedEvent, PositionText } from '@voltrail/contracts/rest/events'
import { categories } from '@voltrail/contracts/streams'
import type { Category } from '@voltrail/contracts/streams'
import { writeFeed } from '../event-feed.ts'
import { ApiProblem } from '../problem.ts'
import { readPosition } from '../position-text.ts'
import { problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

export type EventStreamLimits = {
  /** how many streams may be open at a time; each is a subscription of the event store, which allows about 100 per connection */
  readonly most: number
  readonly heartbeatMs: number
  /** aborted when the process stops: every stream ends, and clients resume elsewhere */
  readonly signal: AbortSignal
}

/** @returns how many streams are open now */
export function eventRoutes(app: Routes, sources: Sources, limits: EventStreamLimits): () => number {
  let open = 0

  app.route({
    method: 'GET',
    url: '/events',
    schema: {
      tags: ['Events'],
      operationId: 'followEvents',
      summary: 'The log, as server-sent events',
      description:
        'Every event after a position, then each new one as it is appended. `id` is the position, `event` the type, `data` the JSON described here. ' +
        'Resume with `Last-Event-ID` or `after`: there is no gap and no repeat. Personal data stays encrypted. Comments keep the connection alive.',
      querystring: EventsQuery,
      headers: EventsHeaders,
      response: {
        200: { description: 'A stream without end.', content: { 'text/event-stream': { schema: FeedEvent } } },
        ...problems(400),
      },
    },
    handler: async (request, reply) => {
      const { query, headers } = request
      const filter = {
        tenant: sources.tenant,
        categories: readCategories(query.category),
        types: readTypes(query.types),
      }
      const after = startingPoint(headers['last-event-id'], query.after)
      if (open >= limits.most) {
        throw new ApiProblem(
          'too-many-streams',
          `There are ${open} event streams open already, the most allowed. Close one, or try again later.`,
          {
            headers: { 'retry-after': '10' },
          },
        )
      }
      open += 1
      reply.hijack()
      try {
        await writeFeed(reply.raw, {
          follow: sources.follow,
          filter,
          after,
          signal: limits.signal,
          heartbeatMs: limits.heartbeatMs,
        })
      } catch (error) {
        // the response has begun: ending it is all that can be said, and the client resumes
        request.log.warn({ err: error }, 'an event stream ended')
      } finally {
        open -= 1
      }
    },
  })
  return () => open
}

function startingPoint(lastEventId: string | undefined, after: string | undefined) {
  // a browser sends an empty Last-Event-ID before the first event
  const given = lastEventId !== undefined && lastEventId !== '' ? lastEventId : after
  if (given === 'end') return 'end'
  if (given === undefined || given === '0') return 'start'
  const position = PositionText.safeParse(given)
  if (!position.success)
    throw wrong(
      lastEventId === given ? '/headers/last-event-id' : '/query/after',
      'must be the id of an event of this stream',
    )
  return readPosition(position.data)
}

function readCategories(text: string | undefined): readonly Category[] {
  if (text === undefined || text === '') return categories
  const known = z.array(z.enum(categories)).safeParse(words(text))
  if (!known.success) throw wrong('/query/category', `must be one or several of ${categories.join(', ')}`)
  return known.data
}

function readTypes(text: string | undefined): ReadonlySet<string> {
  const types = words(text ?? '')
  const strange = types.find((type) => !isEventType(type))
  if (strange !== undefined) throw wrong('/query/types', `has no event type ${JSON.stringify(strange)} to offer`)
  return new Set(types)
}

const words = (text: string): string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')

const wrong = (path: string, message: string): ApiProblem =>
  new ApiProblem('invalid-request', `${path.split('/').at(-1)} ${message}.`, { errors: [{ path, message }] })
