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
import { pageOfStream } from '../log-page.ts'
import { problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

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
      const stream = deviceStream(sources.tenant, params.id)
      return pageOfStream(sources.log, stream, query, (recorded): SecurityEventView | undefined => {
        const event = recorded as unknown as Recorded<DeviceEvent>
        if (event.type !== 'SecurityEventReported') return undefined
        const { event: name, severity, time, techInfo } = event.data
        if (query.severity !== undefined && severity !== query.severity) return undefined
        const { receivedAt } = event.metadata
        return { event: name, severity, at: time.at ?? null, receivedAt, techInfo: techInfo ?? null }
      })
    },
  })
}
