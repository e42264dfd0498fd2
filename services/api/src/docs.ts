import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { lightenDocument } from './openapi-document.ts'

const description = `
Chargers, charging sessions, id tokens and tariffs of a Voltrail system.

- Every request below \`/v1\` needs \`Authorization: Bearer <operator key>\`.
- Lists answer \`{ "items": [...], "next": cursor | null }\`.
- Quantities carry their unit in the name: \`energyWh\`, \`powerW\`, \`costMinor\` (cents). Times are UTC.
- Errors are RFC 9457 problems (\`application/problem+json\`).
- Revisions and positions are decimal text: they may pass 2^53.
- What a write decided is in its answer. Lists and sessions come from a read model that follows the log, usually within some milliseconds.
`.trim()

const tags = [
  { name: 'Chargers', description: 'Charging stations, their connectors, and how they may connect.' },
  { name: 'Commands', description: 'What operators ask of a charger, and what came of it.' },
  { name: 'Reservations', description: 'Connectors that are kept for an id token or a group.' },
  { name: 'Sessions', description: 'Charging sessions with energy, cost and their whole history.' },
  {
    name: 'Reviews',
    description: 'What waits for an operator: messages and sessions that nobody could be sure about.',
  },
  { name: 'Id tokens', description: 'Who may charge.' },
  { name: 'Local lists', description: 'Whom chargers know while they cannot ask.' },
  { name: 'Tariffs', description: 'What charging costs, in OCPI words.' },
  { name: 'Settings', description: 'What holds for the whole tenant.' },
  { name: 'Events', description: 'The log itself.' },
]

/** `/openapi.json` made from the routes' own schemas, and a page to read and try it at `/docs`. Works offline. */
export async function addDocs(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Voltrail', version: '1', description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      servers: [{ url: '/', description: 'this server' }],
      tags,
      components: {
        securitySchemes: { operatorKey: { type: 'http', scheme: 'bearer', description: 'The operator key.' } },
      },
      security: [{ operatorKey: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) =>
      lightenDocument(jsonSchemaTransformObject(document)) as ReturnType<typeof jsonSchemaTransformObject>,
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: {
      docExpansion: 'list',
      persistAuthorization: true,
      tryItOutEnabled: false,
      defaultModelsExpandDepth: 0,
      layout: 'BaseLayout',
    },
    theme: { title: 'Voltrail API' },
  })
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply
      .type('application/json')
      .serializer((body: unknown) => JSON.stringify(body))
      .send(app.swagger()),
  )
}
