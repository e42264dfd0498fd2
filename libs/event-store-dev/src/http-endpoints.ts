import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Authorise } from './credentials.ts'
import { FaultError } from './faults.ts'
import type { Faults, FaultSettings } from './faults.ts'

const MAX_BODY_BYTES = 64 * 1024

/** Plain HTTP/1.1 beside gRPC: `GET /health/live` (204, as on the real server) and, when faults are on, `/faults`. */
export function httpEndpoints(faults: Faults, faultsEnabled: boolean, authorise: Authorise): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '/').split('?')[0]
    if (path === '/health/live') {
      if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, { error: 'use GET' })
      return void response.writeHead(204).end()
    }
    if (path === '/faults' && faultsEnabled) {
      if (authorise(request.headers)) return answer(response, 401, { error: 'name a user with Basic credentials' })
      return void handleFaults(faults, request, response)
    }
    answer(response, 404, {
      error: `${path} is not served here: this is event-store-dev, its gRPC services need HTTP/2`,
    })
  }
}

async function handleFaults(faults: Faults, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (request.method === 'POST') faults.set(JSON.parse(await body(request)) as FaultSettings)
    else if (request.method === 'DELETE') faults.clear()
    else if (request.method !== 'GET') return answer(response, 405, { error: 'use GET, POST or DELETE' })
    answer(response, 200, { faults: faults.current(), happened: faults.happened() })
  } catch (error) {
    if (error instanceof FaultError || error instanceof SyntaxError) answer(response, 400, { error: error.message })
    else response.destroy(error as Error)
  }
}

async function body(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > MAX_BODY_BYTES) throw new FaultError(`the body is larger than ${MAX_BODY_BYTES} bytes`)
  }
  return text
}

function answer(response: ServerResponse, status: number, content: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(content)}\n`)
}
