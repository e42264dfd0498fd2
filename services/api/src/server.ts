import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { checkReadiness } from '@voltrail/runtime/health'
import type { HealthCheck } from '@voltrail/runtime/health'
import type { Log } from '@voltrail/runtime/log'
import { gauge, histogram } from '@voltrail/runtime/metrics'
import type { Metrics } from '@voltrail/runtime/metrics'
import { extractTrace, withSpan } from '@voltrail/runtime/trace'
import { answerProblems, pathOf, sendProblem } from './error-handling.ts'
import { addDocs } from './docs.ts'
import { addLivePage } from './page/live-page.ts'
import { operatorKeyCheck } from './operator-key.ts'
import { nothingHere, routeMethods } from './route-methods.ts'
import { campaignRoutes } from './routes/campaigns.ts'
import { certificateRoutes } from './routes/certificates.ts'
import { chargerSecurityRoutes } from './routes/charger-security.ts'
import { chargerSettingsRoutes } from './routes/charger-settings.ts'
import { chargerRoutes } from './routes/chargers.ts'
import { callRoutes } from './routes/calls.ts'
import { chargingProfileRoutes } from './routes/charging-profiles.ts'
import { configurationRoutes } from './routes/configuration.ts'
import { commandRoutes } from './routes/commands.ts'
import { eventRoutes } from './routes/events.ts'
import { fileRoutes } from './routes/files.ts'
import { firmwareRoutes } from './routes/firmware.ts'
import { idTokenRoutes } from './routes/id-tokens.ts'
import { localListRoutes } from './routes/local-lists.ts'
import { meterKeyRoutes } from './routes/meter-keys.ts'
import { quirkRoutes } from './routes/quirks.ts'
import { reservationRoutes } from './routes/reservations.ts'
import { reviewRoutes } from './routes/reviews.ts'
import { securityEventRoutes } from './routes/security-events.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { settingsRoutes } from './routes/settings.ts'
import { tariffRoutes } from './routes/tariffs.ts'
import { transferRoutes } from './routes/transfers.ts'
import type { Sources } from './sources.ts'
import { refuseUnstorableText } from './unstorable-text.ts'

export type ServerOptions = {
  readonly operatorKey: string
  readonly sources: Sources
  readonly log: Log
  readonly metrics: Metrics
  readonly checks: Readonly<Record<string, HealthCheck>>
  /** whether the process takes work: false while it starts or stops */
  readonly isReady: () => boolean
  readonly mostEventStreams: number
  /** where chargers connect, for the page to show */
  readonly ocppPort: number
  readonly heartbeatMs: number
  readonly signal: AbortSignal
}

/** A request body of an operator is small; a thousand tariff elements fit. */
const bodyLimit = 1024 * 1024

/** The HTTP server with every route, not yet listening. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { sources, metrics } = options
  const logger: FastifyBaseLogger = options.log
  const app = Fastify({
    loggerInstance: logger,
    // paths hold id tokens: `observeRequests` logs the route's pattern instead
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    // an id of 48 characters, each of several percent-encoded bytes
    routerOptions: { maxParamLength: 2_000, ignoreTrailingSlash: true },
    requestTimeout: 0,
    frameworkErrors: (error, request, reply) => void sendProblem(request, reply, error),
    return503OnClosing: true,
    forceCloseConnections: true,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  acceptJson(app)
  answerProblems(app)
  const methodsOf = routeMethods(app)
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, nothingHere(request.method, pathOf(request.url), methodsOf(pathOf(request.url)))),
  )
  observeRequests(app, metrics)

  await addDocs(app)
  await addLivePage(app, options.ocppPort)
  addProbes(app, options)
  const checkKey = operatorKeyCheck(options.operatorKey)
  await app.register(
    async (v1) => {
      // here and not by comparing paths: the router decodes percent signs, so one path has many spellings
      v1.addHook('onRequest', checkKey)
      v1.addHook('preValidation', async (request) => refuseUnstorableText(request))
      v1.addHook('onSend', async (_request, reply) => {
        reply.header('cache-control', 'no-store')
      })
      v1.setNotFoundHandler((request, reply) =>
        sendProblem(request, reply, nothingHere(request.method, pathOf(request.url), methodsOf(pathOf(request.url)))),
      )
      const routes = v1.withTypeProvider<ZodTypeProvider>()
      chargerRoutes(routes, sources)
      certificateRoutes(routes, sources)
      chargerSettingsRoutes(routes, sources)
      chargerSecurityRoutes(routes, sources)
      chargingProfileRoutes(routes, sources)
      configurationRoutes(routes, sources)
      localListRoutes(routes, sources)
      transferRoutes(routes, sources)
      fileRoutes(routes, sources)
      // a scope of its own: nobody else takes forms
      await routes.register(async (scope) => firmwareRoutes(scope.withTypeProvider<ZodTypeProvider>(), sources))
      campaignRoutes(routes, sources)
      securityEventRoutes(routes, sources)
      meterKeyRoutes(routes, sources)
      quirkRoutes(routes, sources)
      commandRoutes(routes, sources)
      callRoutes(routes, sources)
      reservationRoutes(routes, sources)
      sessionRoutes(routes, sources)
      reviewRoutes(routes, sources)
      idTokenRoutes(routes, sources)
      tariffRoutes(routes, sources)
      settingsRoutes(routes, sources)
      const openStreams = eventRoutes(routes, sources, {
        most: options.mostEventStreams,
        heartbeatMs: options.heartbeatMs,
        signal: options.signal,
      })
      gauge(metrics, {
        name: 'voltrail_api_event_streams',
        help: 'Server-sent event streams that are open',
        read: openStreams,
      })
    },
    { prefix: '/v1' },
  )
  await app.ready()
  return app
}

/** JSON with or without a body: a command without fields needs none. */
function acceptJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'string' },
    (request, body, done) => {
      if (body === '') done(null, undefined)
      else void parse(request, body as string, done)
    },
  )
}

/** One span, one measurement and one line (at debug) per request, by route and never by path. */
function observeRequests(app: FastifyInstance, metrics: Metrics): void {
  const seconds = histogram(metrics, {
    name: 'voltrail_api_request_seconds',
    help: 'Time to answer a request',
    labels: ['method', 'route', 'status'],
  })
  app.addHook('onRequest', (request, reply, done) => {
    const { traceparent, tracestate } = request.headers
    const parent = extractTrace({
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
      tracestate: typeof tracestate === 'string' ? tracestate : undefined,
    })
    const answered = new Promise<void>((resolve) => reply.raw.once('close', resolve))
    void withSpan(`${request.method} ${request.routeOptions.url ?? 'unknown'}`, {}, parent, () => {
      done()
      return answered
    })
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    seconds.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000)
    request.log.debug(
      { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'answered',
    )
  })
}

function addProbes(app: FastifyInstance, { metrics, checks, isReady }: ServerOptions): void {
  const schema = { hide: true }
  app.get('/healthz', { schema }, async () => ({ alive: true }))
  app.get('/readyz', { schema }, async (_request, reply) => {
    const readiness = await checkReadiness(isReady(), checks)
    return reply
      .code(readiness.ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(readiness)
  })
  app.get('/metrics', { schema }, async (_request, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.metrics()),
  )
}
