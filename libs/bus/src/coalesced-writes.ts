import type { NatsConnection } from 'nats'

/** What the client does with the bytes that wait for its socket; not public, the same object over every reconnect. */
interface Protocol {
  flushPending(): void
}

/**
 * The client writes to its socket once per microtask, which under load is a system call, and a wake-up of the server, for each
 * message. From here on everything that is sent within one turn of the event loop leaves in one write, at the end of that turn.
 * @returns writes what waits at once: for whoever is about to close
 */
export function coalesceWrites(nc: NatsConnection): () => void {
  const { protocol } = nc as unknown as { readonly protocol: Protocol }
  const write = protocol.flushPending.bind(protocol)
  let waiting = false
  protocol.flushPending = () => {
    if (waiting) return
    waiting = true
    setImmediate(() => {
      waiting = false
      write()
    })
  }
  return write
}
