import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import {
  ChargerSecurityEventPage,
  ListAllSecurityEventsQuery,
  ListSecurityEventsQuery,
  SecurityEventPage,
  type SecurityEventView,
} from '@voltrail/contracts/rest/security-events'
import { deviceStream } from '@voltrail/contracts/streams'
import type { Recorded } from '@voltrail/domain/decider'
import { readCharger } from '../charger-device.ts'
import { problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

/** how many events of a charger are looked through for one page */
const mostEvents = 5_000

export function securityEventRoutes(app: Routes, sources: Sources): void {
  app.route({
    method: 'GET',
    url: '/security-events',
    schema: {
      tags: ['Chargers'],
      operationId: 'listAllSecurityEvents',
      summary: 'What all chargers reported of their own security, newest first',
      querystring: ListAllSecurityEventsQuery,
      response: { 200: ChargerSecurityEventPage, ...problems(400) },
    },
    handler: ({ query }) => sources.reporting.listSecurityEvents(query),
  })

  app.route({
    method: 'GET',
    url: '/chargers/:id/security-events',
    schema: {
      tags: ['Chargers'],
      operationId: 'listSecurityEvents',
      summary: 'What a charger reported of its own security, newest first',
      description:
        'Live: `GET /v1/events?types=SecurityEventReported`. A page may be short, or empty, and still have a `next`: ' +
        'the log is looked through a part at a time.',
      params: ChargerParams,
      querystring: ListSecurityEventsQuery,
      response: { 200: SecurityEventPage, ...problems(400, 404) },
    },
    handler: async ({ params, query }) => {
      await readCharger(sources, params.id)
      const items: SecurityEventView[] = []
      const before = query.cursor === undefined ? Infinity : Number(query.cursor)
      let seen = 0
      let next: string | null = null
      for await (const recorded of sources.log.readBackward(deviceStream(sources.tenant, params.id))) {
        if (recorded.revision >= before) continue
        if (items.length >= query.limit || ++seen > mostEvents) {
          next = String(recorded.revision + 1)
          break
        }
        const event = recorded as unknown as Recorded<DeviceEvent>
        if (event.type !== 'SecurityEventReported') continue
        const { event: name, severity, time, techInfo } = event.data
        if (query.severity !== undefined && severity !== query.severity) continue
        const { receivedAt } = event.metadata
        items.push({ event: name, severity, at: time.at ?? null, receivedAt, techInfo: techInfo ?? null })
      }
      return { items, next }
    },
  })
}
