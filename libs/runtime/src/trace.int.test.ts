import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { listen } from './listen.ts'

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('with a collector', () => {
  it('spans arrive as children of their callers, failed ones marked', async () => {
    type Received = {
      name: string
      traceId: string
      spanId: string
      parentSpanId?: string
      status: { code?: number; message?: string }
    }
    const spans: Received[] = []
    const services: unknown[] = []
    const collector = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as {
          resourceSpans: { resource: { attributes: unknown[] }; scopeSpans: { spans: Received[] }[] }[]
        }
        for (const resource of body.resourceSpans) {
          services.push(...resource.resource.attributes)
          for (const scope of resource.scopeSpans) spans.push(...scope.spans)
        }
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      })
    })
    const port = await listen(collector, { host: '127.0.0.1', port: 0 }, 'the collector')
    // a process of its own: the exporter loads node:http by a dynamic import, which jest's sandbox does not allow
    const fixture = join(__dirname, 'fixtures/traced.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      fixture,
      `http://127.0.0.1:${port}/v1/traces`,
      parent,
    ])
    await new Promise((resolve) => collector.close(resolve))

    const named = (name: string) => spans.find((span) => span.name === name)
    const outer = named('outer')
    expect(outer).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' })
    expect(named('inner')).toMatchObject({ traceId: outer?.traceId, parentSpanId: outer?.spanId })
    expect(stdout.trim()).toBe(`00-${outer?.traceId}-${named('inner')?.spanId}-01`)
    expect(named('failing')?.status).toEqual({ code: 2, message: 'refused' })
    expect(services).toContainEqual({ key: 'service.name', value: { stringValue: 'edge' } })
  })

  it('that is away does not fail the stop', async () => {
    const fixture = join(__dirname, 'fixtures/traced.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      fixture,
      'http://127.0.0.1:1/v1/traces',
      parent,
    ])
    expect(stdout).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/)
  })
})
