import { EventStoreDBClient } from '@eventstore/db-client'
import { StartError } from '@voltrail/runtime/start-error'

export type Client = EventStoreDBClient

/** Something was asked of a connection that its owner has closed: no use to try again. */
export class ConnectionClosed extends Error {
  constructor() {
    super('the connection to the event log was closed')
    this.name = 'ConnectionClosed'
  }
}

/**
 * A client that can be replaced when its channel is broken. `generation` tells which client a failure belongs to, so that a
 * hundred calls that fail together replace it once.
 */
export interface Connection {
  current(): Promise<{ readonly client: Client; readonly generation: number }>
  /** Ends the client of that generation, with all its calls; the next `current` makes a new one. */
  replace(generation: number): void
  close(): Promise<void>
}

/** @throws {StartError} when the connection string cannot be read */
export function openConnection(connectionString: string): Connection {
  let generation = 0
  let client: Client | undefined = newClient(connectionString)
  let closing: Promise<void> = Promise.resolve()
  let closed = false

  const end = () => {
    const old = client
    client = undefined
    // one after the other: the client keeps the pending appends of a process in one place, and the end of an old
    // connection would take those of a new one with it
    if (old !== undefined) closing = closing.then(() => closeClient(old))
    return closing
  }
  return {
    async current() {
      await closing
      if (closed) throw new ConnectionClosed()
      client ??= newClient(connectionString)
      return { client, generation }
    },
    replace(broken) {
      if (broken !== generation || closed) return
      generation += 1
      void end()
    },
    close() {
      closed = true
      return end()
    },
  }
}

function newClient(connectionString: string): Client {
  try {
    return EventStoreDBClient.connectionString(connectionString)
  } catch (cause) {
    throw new StartError(
      `the event log's connection string cannot be used: ${(cause as Error).message}`,
      'give one like esdb://host:2113?tls=false or esdb+discover://user:password@cluster:2113',
      { cause },
    )
  }
}

const closeDeadlineMs = 2_000

async function closeClient(client: Client): Promise<void> {
  // `dispose` ends the streams and leaves the channel open; the channel is not public
  const channel = (client as unknown as { getChannel(): Promise<{ close(): void }> }).getChannel()
  const closing = Promise.allSettled([client.dispose(), channel.then((one) => one.close())])
  let timer: NodeJS.Timeout | undefined
  await Promise.race([closing, new Promise((resolve) => (timer = setTimeout(resolve, closeDeadlineMs)))])
  clearTimeout(timer)
}
