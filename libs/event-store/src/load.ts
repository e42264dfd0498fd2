import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { Aggregate, Recorded } from '@voltrail/domain/decider'
import { genesisHash } from '@voltrail/domain/hash-chain'
import type { EventLog } from './event-log.ts'

/** A stream folded up to `revision` (-1: it has no events), and the hash of that event. */
export interface Loaded<S> {
  readonly state: S
  readonly revision: number
  readonly hash: string
}

export const emptyStream = <S>(aggregate: { readonly initialState: S }): Loaded<S> => ({
  state: aggregate.initialState,
  revision: -1,
  hash: genesisHash,
})

/** most summaries stand within the last few events; a charger has one each 100 */
const firstPage = 16
const maxPage = 256
const forwardPage = 500

/** Whatever was appended after `loaded`, folded onto it. The same object when there is nothing new. */
export async function loadForward<S, E extends DomainEvent>(
  log: EventLog,
  aggregate: Aggregate<S, E>,
  stream: string,
  loaded: Loaded<S>,
): Promise<Loaded<S>> {
  let current = loaded
  let page: number
  do {
    page = 0
    for await (const event of log.readForward(stream, current.revision + 1, forwardPage)) {
      page += 1
      current = fold(aggregate, current, event as unknown as Recorded<E>)
    }
  } while (page === forwardPage)
  return current
}

export const fold = <S, E>(aggregate: Aggregate<S, E>, onto: Loaded<S>, event: Recorded<E>): Loaded<S> => ({
  state: aggregate.evolve(onto.state, event),
  revision: event.revision,
  hash: event.metadata.hash,
})

/**
 * The state of a stream from nothing: read backwards, in growing pages, to the newest event that `restore` makes a whole state
 * of. Without `restore` the whole stream is read.
 */
export async function loadCold<S, E extends DomainEvent>(
  log: EventLog,
  aggregate: Aggregate<S, E>,
  stream: string,
): Promise<Loaded<S>> {
  const { restore, needsFirst } = aggregate
  if (restore === undefined) return loadForward(log, aggregate, stream, emptyStream(aggregate))

  let first: Recorded<E> | undefined
  const newer: Recorded<E>[] = []
  for (let size = firstPage, from: number | undefined; ; size = Math.min(size * 2, maxPage)) {
    const page: Recorded<E>[] = []
    for await (const event of log.readBackward(stream, size, from)) page.push(event as unknown as Recorded<E>)
    const oldest = page.at(-1)
    if (oldest?.revision === 0) first = oldest
    if (needsFirst && first === undefined && oldest !== undefined) first = await readFirst<E>(log, stream)

    for (const event of page) {
      const state = restore(event, first)
      if (state !== undefined) {
        return foldAll(aggregate, { state, revision: event.revision, hash: event.metadata.hash }, newer)
      }
      newer.push(event)
    }
    if (oldest === undefined || oldest.revision === 0) return foldAll(aggregate, emptyStream(aggregate), newer)
    from = oldest.revision - 1
  }
}

const foldAll = <S, E>(aggregate: Aggregate<S, E>, onto: Loaded<S>, newestFirst: readonly Recorded<E>[]): Loaded<S> =>
  newestFirst.reduceRight((loaded, event) => fold(aggregate, loaded, event), onto)

async function readFirst<E>(log: EventLog, stream: string): Promise<Recorded<E> | undefined> {
  for await (const event of log.readForward(stream, 0, 1)) return event as unknown as Recorded<E>
  return undefined
}
