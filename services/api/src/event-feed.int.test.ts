import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { TenantId } from '@voltrail/contracts/ids'
import type { LogEvent, LogPosition } from '@voltrail/event-store/event-log'
import { writeFeed } from './event-feed.ts'
import { until } from './fixtures/running-api.ts'
import type { FollowLog } from './sources.ts'

const event = (n: number) =>
  ({
    stream: 'charger-default.CP-1',
    revision: n,
    type: 'VendorDataReceived',
    id: String(n),
    data: { vendorId: 'x'.repeat(10_000), status: 'Accepted' },
    position: { commit: BigInt(n), prepare: BigInt(n) },
    metadata: { version: 1, tenant: 'default', decision: {} },
  }) as unknown as LogEvent & { readonly position: LogPosition }

/** Serves one feed of an endless log over a real socket; tells how far the log was read and whether the feed ended. */
async function serve(follow: FollowLog, heartbeatMs = 60_000) {
  const stopping = new AbortController()
  const ended: unknown[] = []
  const server = createServer((_request, response) => {
    const filter = { tenant: TenantId.parse('default'), categories: ['charger'] as const, types: new Set<string>() }
    writeFeed(response, { follow, filter, after: 'start', signal: stopping.signal, heartbeatMs }).then(
      () => ended.push('done'),
      (error: unknown) => ended.push(error),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    ended,
    stopping,
    close: () => new Promise((resolve) => [server.close(resolve), server.closeAllConnections()]),
  }
}

const endless = () => {
  const read = { events: 0 }
  const follow: FollowLog = async ({ signal, onEvent }) => {
    while (!signal.aborted) {
      await onEvent(event(read.events))
      read.events += 1
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { read, follow }
}

describe('a feed', () => {
  it('holds the log back for a reader that does not read, and lets go when it leaves', async () => {
    const { read, follow } = endless()
    const feed = await serve(follow)
    const socket = connect(feed.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'))
    socket.pause()
    let before = -1
    await until(async () => {
      const stands = read.events > 0 && read.events === before
      before = read.events
      await new Promise((resolve) => setTimeout(resolve, 300))
      return stands && read.events === before
    })
    // what the kernel buffers for both ends, and no more: an endless log was not read into memory
    expect(read.events).toBeLessThan(3_000)
    socket.destroy()
    await until(() => feed.ended.length === 1)
    expect(feed.ended).toEqual(['done'])
    await feed.close()
  })

  it('ends the response when the log is lost, so that the client resumes', async () => {
    const feed = await serve(async ({ onEvent }) => {
      await onEvent(event(0))
      throw new Error('the log is lost')
    })
    const text = await (await fetch(`http://127.0.0.1:${feed.port}/`)).text()
    expect(text).toMatch(/^retry: 2000\n\nid: 0\nevent: VendorDataReceived\ndata: \{.*\}\n\n$/)
    expect(feed.ended).toEqual([new Error('the log is lost')])
    await feed.close()
  })

  it('says that it is alive while nothing happens', async () => {
    const feed = await serve(
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
      20,
    )
    const response = await fetch(`http://127.0.0.1:${feed.port}/`)
    const reader = response.body!.pipeThrough(new TextDecoderStream() as never).getReader()
    let text = ''
    await until(async () => {
      text += String((await reader.read()).value)
      return text.includes(': alive\n\n')
    })
    feed.stopping.abort()
    await until(() => feed.ended.length === 1)
    await feed.close()
  })
})
