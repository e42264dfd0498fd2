import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { listen } from './listen.ts'
import type { Metrics } from './metrics.ts'

/** Says nothing (or undefined) when well, else why not; may also throw. It should answer from memory, not by asking a remote system. */
export type HealthCheck = () => string | undefined | void | Promise<string | undefined | void>

export type HealthServer = {
  readonly port: number
  /** Ready from now on (or, with false, no longer: first thing in a shutdown, so that no new work is routed here). */
  setReady(ready?: boolean): void
  stop(): Promise<void>
}

export type Readiness = { readonly ready: boolean; readonly failing: Readonly<Record<string, string>> }

const checkDeadlineMs = 2_000

/**
 * `/healthz` 200 as long as the process answers, `/readyz` 200 only when it is set ready and every check passes (else 503 with
 * `{"ready":false,"failing":{"<check>":"<why>"}}`), `/metrics` for Prometheus. Port 0 takes a free one.
 */
export async function startHealthServer(options: {
  readonly host: string
  readonly port: number
  readonly registry: Metrics
  readonly checks: Readonly<Record<string, HealthCheck>>
}): Promise<HealthServer> {
  let ready = false

  async function respond(path: string, response: ServerResponse): Promise<void> {
    switch (path) {
      case '/healthz':
        return sendJson(response, 200, { alive: true })
      case '/readyz': {
        const readiness = await checkReadiness(ready, options.checks)
        return sendJson(response, readiness.ready ? 200 : 503, readiness)
      }
      case '/metrics': {
        const metrics = await options.registry.metrics()
        response.writeHead(200, { 'content-type': options.registry.contentType }).end(metrics)
        return
      }
      default:
        return sendJson(response, 404, { error: `no ${path} here; there are /healthz, /readyz and /metrics` })
    }
  }

  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    respond(path, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else sendJson(response, 500, { error: reasonOf(error) })
    })
  })
  const port = await listen(server, options, 'the health server')

  return {
    port,
    setReady(value = true) {
      ready = value
    },
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

/** Runs every check side by side; one that does not answer within 2 s counts as failing. */
export async function checkReadiness(
  started: boolean,
  checks: Readonly<Record<string, HealthCheck>>,
): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await failureOf(check)] as const),
  )
  const failing: Record<string, string> = {}
  if (!started) failing['process'] = 'is starting or stopping'
  for (const [name, reason] of results) if (reason !== undefined) failing[name] = reason
  return { ready: Object.keys(failing).length === 0, failing }
}

async function failureOf(check: HealthCheck): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`gave no answer within ${checkDeadlineMs} ms`), checkDeadlineMs)
  })
  try {
    return (await Promise.race([Promise.resolve().then(check), late])) ?? undefined
  } catch (error) {
    return reasonOf(error)
  } finally {
    clearTimeout(timer)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body))
}
