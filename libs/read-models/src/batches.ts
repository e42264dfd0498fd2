import type { FeedItem, Position, ProjectedEvent } from './projection.ts'

/** What arrived together and is written together. `position` is where reading goes on after it. */
export type Batch = {
  readonly events: { readonly event: ProjectedEvent; readonly position: Position }[]
  position: Position | undefined
  caughtUp: boolean
}

/**
 * Groups what is there without waiting for more: hundreds of events a transaction while catching up, one event at once when live.
 * The caller ends the feed by its own signal; a feed that waits is not waited for.
 */
export async function* inBatches(feed: AsyncIterable<FeedItem>, most: number): AsyncGenerator<Batch> {
  const iterator = feed[Symbol.asyncIterator]()
  const ask = () => {
    const asked = iterator.next()
    // it may fail while a batch is being written: it is looked at after that
    asked.catch(() => undefined)
    return asked
  }
  let next = ask()
  try {
    for (;;) {
      const batch: Batch = { events: [], position: undefined, caughtUp: false }
      let item: IteratorResult<FeedItem> | undefined = await next
      while (item !== undefined && item.done !== true) {
        add(batch, item.value)
        next = ask()
        if (batch.events.length >= most) break
        item = await Promise.race([next, nothingThere()])
      }
      if (batch.position !== undefined || batch.caughtUp) yield batch
      if (item?.done === true) return
    }
  } finally {
    void iterator.return?.().catch(() => undefined)
  }
}

const add = (batch: Batch, item: FeedItem): void => {
  switch (item.kind) {
    case 'event':
      batch.events.push({ event: item.event, position: item.position })
      batch.position = item.position
      return
    case 'checkpoint':
      batch.position = item.position
      return
    case 'caughtUp':
      batch.caughtUp = true
      return
    default:
      item satisfies never
  }
}

/** After everything that has arrived by now was handed over. */
const nothingThere = (): Promise<undefined> => new Promise((resolve) => setImmediate(() => resolve(undefined)))
