import { setTimeout as wait } from 'node:timers/promises'
import { accept } from '@voltrail/domain/decider'
import { startEventStoreDev } from '@voltrail/event-store-dev/server'
import { connectEventLog } from './esdb-log.ts'
import { newStream } from './fixtures/new-stream.ts'
import { metadata, visit, visits } from './fixtures/visits.ts'
import { createWriteLoop } from './write-loop.ts'

const openSockets = () => process.getActiveResourcesInfo().filter((one) => one === 'TCPSocketWrap').length

it('keeps no socket of a server that died and came back under load, however often', async () => {
  let server = await startEventStoreDev({ data: 'memory', port: 0 })
  const port = Number(new URL(server.connectionString.replace('esdb:', 'http:')).port)
  const { connectionString } = server
  const log = connectEventLog({ connectionString, appendTimeoutMs: 400, appendDeadlineMs: 4_000 })
  const loop = createWriteLoop({ log, cacheSize: 1_000, build: 'test' })
  let over = false
  let answered = 0
  const visitor = async () => {
    while (!over)
      try {
        await loop.decide(visits, newStream(), () => accept(visit('a')), metadata())
        answered += 1
      } catch {
        await wait(20)
      }
  }
  const before = openSockets()
  const visitors = Array.from({ length: 30 }, visitor)
  const servedMore = async () => {
    const since = answered
    while (answered < since + 100) await wait(20)
  }
  await servedMore()
  for (let death = 0; death < 2; death += 1) {
    await server.stop()
    await wait(300)
    server = await startEventStoreDev({ data: 'memory', port })
    await servedMore()
    // a connection that was refused is tried again after a second
    await wait(1_500)
  }
  over = true
  await Promise.all(visitors)
  // one connection reads and one appends, each with its two ends in this process
  expect(openSockets() - before).toBeLessThanOrEqual(4)
  await log.close()
  await server.stop()
}, 60_000)
