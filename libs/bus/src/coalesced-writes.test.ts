import type { NatsConnection } from 'nats'
import { coalesceWrites } from './coalesced-writes.ts'

const clientThatCounts = () => {
  const client = { writes: 0, protocol: { flushPending: () => void client.writes++ } }
  return client
}
const turnOfTheLoop = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('what is sent to the bus', () => {
  it('leaves in one write for each turn of the event loop, however many microtasks it takes', async () => {
    const client = clientThatCounts()
    coalesceWrites(client as unknown as NatsConnection)
    for (let turn = 1; turn <= 3; turn++) {
      for (let message = 0; message < 10; message++) {
        client.protocol.flushPending()
        await Promise.resolve()
      }
      expect(client.writes).toBe(turn - 1)
      await turnOfTheLoop()
      expect(client.writes).toBe(turn)
    }
  })

  it('is written at once for whoever is about to close', () => {
    const client = clientThatCounts()
    const writeNow = coalesceWrites(client as unknown as NatsConnection)
    client.protocol.flushPending()
    writeNow()
    expect(client.writes).toBe(1)
  })
})
