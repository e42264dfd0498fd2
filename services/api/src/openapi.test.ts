import { chargerCommandTypes } from '@voltrail/contracts/charger-commands'
import { createLog } from '@voltrail/runtime/log'
import { createMetrics } from '@voltrail/runtime/metrics'
import { buildServer } from './server.ts'
import type { Sources } from './sources.ts'

/* eslint-disable @typescript-eslint/no-explicit-any */
describe('the OpenAPI document', () => {
  let document: any
  const routes: string[] = []

  beforeAll(async () => {
    const app = await buildServer({
      ocppPort: 9000,
      operatorKey: 'k',
      // the document is made of the routes' schemas: no route is called here
      sources: {} as Sources,
      log: createLog({ service: 'api', level: 'silent' }),
      metrics: createMetrics('api'),
      checks: {},
      isReady: () => true,
      mostEventStreams: 1,
      heartbeatMs: 1_000,
      signal: new AbortController().signal,
    })
    document = (await app.inject('/openapi.json')).json()
    routes.push(...app.printRoutes({ commonPrefix: false }).split('\n'))
    await app.close()
  })

  const operations = () =>
    Object.entries<any>(document.paths).flatMap(([path, methods]) =>
      Object.entries<any>(methods).map(([method, operation]) => ({ path, method, operation })),
    )

  it('is OpenAPI 3.1 with what a document must have', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(document.info).toMatchObject({ title: 'Voltrail', version: expect.any(String) })
    expect(document.components.securitySchemes.operatorKey).toMatchObject({ type: 'http', scheme: 'bearer' })
    expect(new Set(Object.keys(document))).toEqual(
      new Set(['openapi', 'info', 'servers', 'tags', 'components', 'security', 'paths']),
    )
  })

  it('describes every route below /v1 and no other', () => {
    expect(
      operations()
        .map(({ path, method }) => `${method} ${path}`)
        .sort(),
    ).toEqual(
      [
        'get /v1/campaigns',
        'get /v1/campaigns/{id}',
        'get /v1/security-events',
        'get /v1/meter-keys',
        'get /v1/chargers/{id}/meter-keys',
        'post /v1/chargers/{id}/meter-keys/{keyId}',
        'get /v1/chargers',
        'get /v1/chargers/{id}',
        'put /v1/chargers/{id}',
        'get /v1/certificates',
        'get /v1/chargers/{id}/certificates',
        'post /v1/chargers/{id}/certificates/install',
        'post /v1/chargers/{id}/certificates/refresh',
        'post /v1/campaigns',
        'post /v1/campaigns/{id}/{action}',
        'post /v1/chargers/{id}/certificates/delete',
        'post /v1/chargers/{id}/certificates/{serial}/revoke',
        'get /v1/pki/roots',
        'get /v1/pki/crl',
        'get /v1/chargers/{id}/security',
        'get /v1/chargers/{id}/security-events',
        'get /v1/chargers/{id}/settings',
        'get /v1/chargers/{id}/transfers',
        'delete /v1/chargers/{id}/transfers/{requestId}',
        'put /v1/chargers/{id}/client-identities',
        'put /v1/chargers/{id}/settings',
        'get /v1/chargers/{id}/files',
        'get /v1/files/{id}',
        'get /v1/firmware',
        'post /v1/firmware',
        'delete /v1/firmware/{id}',
        'get /v1/quirks',
        'post /v1/chargers/{id}/calls/{action}',
        'post /v1/chargers/{id}/commands/{command}',
        'post /v1/chargers/{id}/firmware',
        'post /v1/chargers/{id}/logs',
        'post /v1/chargers/{id}/security',
        'get /v1/chargers/{id}/commands',
        'get /v1/reservations',
        'delete /v1/reservations/{id}',
        'get /v1/chargers/{id}/reservations',
        'post /v1/chargers/{id}/reservations',
        'get /v1/sessions',
        'get /v1/sessions/{id}',
        'get /v1/sessions/{id}/history',
        'get /v1/reviews',
        'get /v1/reviews/{id}',
        'post /v1/reviews/{id}/settle',
        'get /v1/chargers/{id}/local-list',
        'put /v1/chargers/{id}/local-list',
        'post /v1/chargers/{id}/local-list/sync',
        'get /v1/local-list',
        'put /v1/local-list',
        'get /v1/id-tokens',
        'post /v1/id-tokens',
        'get /v1/id-tokens/{token}',
        'patch /v1/id-tokens/{token}',
        'put /v1/id-tokens/{token}',
        'get /v1/tariffs',
        'post /v1/tariffs',
        'get /v1/tariffs/{id}',
        'post /v1/tariffs/{id}/assignments',
        'get /v1/settings',
        'patch /v1/settings',
        'get /v1/events',
        'delete /v1/chargers/{id}/charging-profiles',
        'get /v1/chargers/{id}/charging-profiles',
        'get /v1/chargers/{id}/composite-schedule',
        'get /v1/chargers/{id}/configuration',
        'get /v1/chargers/{id}/desired-configuration',
        'put /v1/chargers/{id}/charging-profiles',
        'put /v1/chargers/{id}/desired-configuration',
        'put /v1/chargers/{id}/static-limit',
        'get /v1/models/{vendor}/{model}/desired-configuration',
        'put /v1/models/{vendor}/{model}/desired-configuration',
      ].sort(),
    )
    expect(routes.join()).toContain('/events')
  })

  it('gives every operation a name of its own, a summary, its path parameters and problem responses', () => {
    const names = operations().map(({ operation }) => operation.operationId)
    expect(new Set(names).size).toBe(names.length)
    for (const { path, operation } of operations()) {
      expect(operation.summary).toEqual(expect.any(String))
      const inPath = (operation.parameters ?? []).filter((one: any) => one.in === 'path')
      expect(inPath.map((one: any) => `{${one.name}}`).sort()).toEqual(
        [...path.matchAll(/\{\w+\}/g)].map(([name]) => name).sort(),
      )
      expect(inPath.every((one: any) => one.required)).toBe(true)
      for (const status of ['401', '503'])
        expect(operation.responses[status].content['application/problem+json'].schema).toEqual({
          $ref: '#/components/schemas/Problem',
        })
      for (const response of Object.values<any>(operation.responses))
        expect(response.description).toEqual(expect.any(String))
    }
  })

  it('refers only to components that are there, and has none that nobody refers to', () => {
    const text = JSON.stringify(document)
    const used = new Set([...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name))
    expect(used).toEqual(new Set(Object.keys(document.components.schemas)))
    expect(Object.keys(document.components.schemas).filter((name) => name.endsWith('Input'))).toEqual([])
  })

  it('has an example of every body, and of every command', () => {
    for (const { operation } of operations()) {
      const body = operation.requestBody?.content['application/json']?.schema
      if (body === undefined) continue
      const named = document.components.schemas[body.$ref.split('/').at(-1)]
      expect([body.$ref, named.examples?.length]).toEqual([body.$ref, expect.any(Number)])
    }
    const commands = document.components.schemas.CommandBody.anyOf
    expect(commands.map((one: any) => one.title)).toEqual(chargerCommandTypes)
  })
})
