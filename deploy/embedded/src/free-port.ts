import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { listen } from '@voltrail/runtime/listen'

/** Below every system's range for outgoing connections: there, a client that looks for a server that is down may take its port. */
const lowest = 20_000
const beyond = 32_000
/** Those that this process has given out: their servers may not listen yet. */
const given = new Set<number>()

/** A port that nobody listens on, on that address; it stays the same when its server is started again. */
export async function freePort(host: string): Promise<number> {
  for (let attempt = 0; ; attempt += 1) {
    const port = randomInt(lowest, beyond)
    if (given.has(port)) continue
    try {
      await tryPort(host, port)
      given.add(port)
      return port
    } catch (error) {
      if (attempt >= 50) throw error
    }
  }
}

/** Listens for a moment; throws what `listen` throws (a StartError when the port is taken or forbidden, or the address is not ours). */
export async function tryPort(host: string, port: number, what = 'a server'): Promise<void> {
  const server = createServer()
  await listen(server, { host, port }, what)
  await new Promise<void>((resolve) => server.close(() => resolve()))
}
