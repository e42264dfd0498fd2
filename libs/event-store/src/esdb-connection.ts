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
  /**
   * Ends the client of that generation, with all its calls; the next `current` makes a new one. A read under way there ends as if
   * there were no more events: whoever reads asks `isOver` before it believes an end.
   */
  replace(generation: number): void
  /** Whether the client of that generation was ended, or is being. */
  isOver(generation: number): boolean
  close(): Promise<void>
}

/** @throws {StartError} when the connection string cannot be read */
export function openConnection(connectionString: string): Connection {
  let generation = 0
  let opened: OpenClient | undefined = newClient(connectionString)
  let closing: Promise<void> = Promise.resolve()
  let closed = false

  const end = () => {
    const old = opened
    opened = undefined
    // one after the other: the client keeps the pending appends of a process in one place, and the end of an old
    // connection would take those of a new one with it
    if (old !== undefined) closing = closing.then(() => old.close())
    return closing
  }
  return {
    async current() {
      await closing
      if (closed) throw new ConnectionClosed()
      opened ??= newClient(connectionString)
      return { client: opened.client, generation }
    },
    replace(broken) {
      if (broken !== generation || closed) return
      generation += 1
      void end()
    },
    isOver: (asked) => closed || asked !== generation,
    close() {
      closed = true
      return end()
    },
  }
}

interface OpenClient {
  readonly client: Client
  /** Ends its calls and all its channels. */
  close(): Promise<void>
}

/** A channel of grpc-js, as far as its end needs it. */
interface Channel {
  close(): void
  readonly internalChannel?: {
    readonly wrappedSubchannels?: Iterable<{ readonly child?: { continueConnecting?: boolean } }>
  }
}

const closeDeadlineMs = 2_000

/**
 * A client whose channels are all known. It makes a new channel by itself when calls fail, and where many fail together, or one
 * comes after its end, it forgets such a channel without closing it: its socket would stay for half an hour.
 */
function newClient(connectionString: string): OpenClient {
  const client = parsed(connectionString)
  const channels: Channel[] = []
  let closed = false
  // `dispose` ends the streams and leaves the channels open, and the channels are not public
  const maker = client as unknown as { createChannel(): Promise<Channel> }
  const createChannel = maker.createChannel
  maker.createChannel = async () => {
    const channel = withoutAfterlife(await createChannel())
    if (closed) channel.close()
    else channels.push(channel)
    return channel
  }
  return {
    client,
    async close() {
      closed = true
      const disposed = client.dispose()
      for (const channel of channels.splice(0)) channel.close()
      let timer: NodeJS.Timeout | undefined
      await Promise.race([
        disposed.catch(() => undefined),
        new Promise((resolve) => (timer = setTimeout(resolve, closeDeadlineMs))),
      ])
      clearTimeout(timer)
    },
  }
}

/**
 * A channel that connects no more after its end. In grpc-js (1.14) a subchannel whose connection was refused connects once more
 * when its backoff is over, also when its channel was closed meanwhile; then nobody is left to close that socket.
 */
function withoutAfterlife(channel: Channel): Channel {
  const close = channel.close.bind(channel)
  return Object.assign(channel, {
    close() {
      const subchannels = [...(channel.internalChannel?.wrappedSubchannels ?? [])]
      close()
      // what it has begun may still ask to go on, a tick later
      setImmediate(() => {
        for (const { child } of subchannels) if (child?.continueConnecting) child.continueConnecting = false
      })
    },
  })
}

function parsed(connectionString: string): Client {
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
