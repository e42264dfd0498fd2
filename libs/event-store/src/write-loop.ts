import { LRUCache } from 'lru-cache'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { StreamName } from '@voltrail/contracts/streams'
import type { Aggregate, Decision, Recorded } from '@voltrail/domain/decider'
import { sleep } from '@voltrail/runtime/ticker'
import { LogUnavailable } from './event-log.ts'
import type { EventLog, PreparedEvent } from './event-log.ts'
import { emptyStream, fold, loadCold, loadForward } from './load.ts'
import type { Loaded } from './load.ts'
import { prepareEvents } from './prepare.ts'
import { createStreamQueue } from './stream-queue.ts'

export type Decided<S, E, R> =
  /** `appended` is empty for a repeat; else it holds a summary too, when one was due. `state` includes them. */
  | {
      readonly outcome: 'accepted'
      readonly state: S
      readonly revision: number
      readonly appended: readonly Recorded<E>[]
    }
  | { readonly outcome: 'rejected'; readonly rejection: R; readonly state: S; readonly revision: number }
  /** not known to be written: deciding again is safe, a decider sees its own repeat */
  | { readonly outcome: 'unavailable'; readonly reason: string }

export type MetadataOf<E> = MetadataInput | ((events: readonly E[]) => MetadataInput)

export interface WriteLoop {
  /**
   * The one way to append: load, decide, append at the revision that was decided on; on a conflict read on and decide again.
   * A decision may run several times and must have no effect of its own. Decisions on one stream run one after the other. What
   * a decision throws is thrown here, and fails nobody else.
   * @throws {EventInvalid | EventTooLarge} when the decision made events that break their contract
   * @throws {EventUnreadable} when the stream holds what this build cannot read
   */
  decide<S, E extends DomainEvent, R = never>(
    aggregate: Aggregate<S, E>,
    stream: StreamName,
    decision: (state: S, revision: number) => Decision<NoInfer<E>, R> | Promise<Decision<NoInfer<E>, R>>,
    meta: MetadataOf<NoInfer<E>>,
    options?: DecideOptions,
  ): Promise<Decided<S, E, R>>

  /**
   * The state of a stream as the log holds it now (the cache saves the reading, never the asking).
   * @throws {LogUnavailable | EventUnreadable}
   */
  load<S, E extends DomainEvent>(aggregate: Aggregate<S, E>, stream: StreamName): Promise<Loaded<S>>

  /**
   * The state of a stream as the log held it at most 2 s ago: for what a decision reads beside the stream that it appends to.
   * @throws {LogUnavailable | EventUnreadable}
   */
  recent<S, E extends DomainEvent>(aggregate: Aggregate<S, E>, stream: StreamName): Promise<Loaded<S>>
}

export interface DecideOptions {
  /**
   * The stream most likely has no events: decided on that without a look, unless it is known better. Where it has some, the
   * append or the look before an answer without one finds out, and it is decided again.
   */
  readonly likelyNew?: boolean
}

export interface WriteLoopOptions {
  readonly log: EventLog
  /** folded states that are kept, one for each stream and aggregate; the least recently used goes first */
  readonly cacheSize: number
  /** the build of the deciders, written into the decision inputs of every event */
  readonly build: string
  /** aggregates of the same streams: what is appended through one of them the others know too, without reading it */
  readonly sameStreams?: readonly (readonly AnyAggregate[])[]
  /** events that the kept states which grow with their stream were folded from, all together; 100,000 unless told */
  readonly bulkyEvents?: number
  /** how often one decision meets other writers before it gives up; 20 unless told */
  readonly maxConflicts?: number
  /** milliseconds that never go back */
  readonly ticks?: () => number
}

/** Of any state and events: what is folded with it is kept under it. */
// oxlint-disable-next-line typescript/no-explicit-any
type AnyAggregate = Aggregate<any, any>

/** How old a state may be that a decision reads beside its own stream, in milliseconds. */
const recentMs = 2_000

/** A folded state, and when it was last known to be all that the log holds of its stream. */
interface Kept {
  readonly loaded: Loaded<unknown>
  readonly currentAt: number
}

/** See `WriteLoop`. It holds `cacheSize` folded states; nothing in it must survive the process. */
export function createWriteLoop(options: WriteLoopOptions): WriteLoop {
  const { log, cacheSize, build, sameStreams = [], bulkyEvents = 100_000, maxConflicts = 20 } = options
  const ticks = options.ticks ?? (() => performance.now())
  const slim = new LRUCache<string, Kept>({ max: cacheSize })
  const bulky = new LRUCache<string, Kept>({
    max: cacheSize,
    maxSize: bulkyEvents,
    sizeCalculation: ({ loaded }) => loaded.revision + 2,
  })
  const aggregates = new WeakMap<object, number>()
  let knownAggregates = 0
  const queue = createStreamQueue()

  const cacheOf = <S, E>(aggregate: Aggregate<S, E>) => (aggregate.bulky === true ? bulky : slim)
  const keyOf = (aggregate: object, stream: string): string => {
    const number = aggregates.get(aggregate) ?? knownAggregates++
    aggregates.set(aggregate, number)
    return `${number} ${stream}`
  }
  /** @param currentAt before the log was asked */
  const remember = <S, E>(aggregate: Aggregate<S, E>, stream: string, loaded: Loaded<S>, currentAt: number) => {
    cacheOf(aggregate).set(keyOf(aggregate, stream), { loaded, currentAt })
    return loaded
  }
  const kept = <S, E>(aggregate: Aggregate<S, E>, stream: string) =>
    cacheOf(aggregate).get(keyOf(aggregate, stream)) as { loaded: Loaded<S>; currentAt: number } | undefined
  /** Folds what was appended through one aggregate into the others of its streams, where they are kept or the stream begins with it. */
  const tellOthers = (
    aggregate: AnyAggregate,
    stream: string,
    before: Loaded<unknown>,
    prepared: readonly PreparedEvent[],
    currentAt: number,
  ): void => {
    for (const others of sameStreams) {
      if (!others.includes(aggregate)) continue
      for (const other of others) {
        if (other === aggregate) continue
        const known =
          kept<unknown, unknown>(other, stream)?.loaded ?? (before.revision < 0 ? emptyStream(other) : undefined)
        if (known?.revision === before.revision)
          remember(other, stream, foldPrepared(other, known, prepared), currentAt)
      }
    }
  }
  const refresh = async <S, E extends DomainEvent>(aggregate: Aggregate<S, E>, stream: string, loaded: Loaded<S>) => {
    const askedAt = ticks()
    return remember(aggregate, stream, await loadForward(log, aggregate, stream, loaded), askedAt)
  }
  const cold = async <S, E extends DomainEvent>(aggregate: Aggregate<S, E>, stream: string) => {
    const askedAt = ticks()
    return remember(aggregate, stream, await loadCold(log, aggregate, stream), askedAt)
  }
  const load = <S, E extends DomainEvent>(aggregate: Aggregate<S, E>, stream: StreamName): Promise<Loaded<S>> =>
    queue.run(stream, () => {
      const warm = kept(aggregate, stream)
      return warm === undefined ? cold(aggregate, stream) : refresh(aggregate, stream, warm.loaded)
    })

  async function decideNow<S, E extends DomainEvent, R>(
    aggregate: Aggregate<S, E>,
    stream: StreamName,
    decision: (state: S, revision: number) => Decision<E, R> | Promise<Decision<E, R>>,
    meta: MetadataOf<E>,
    { likelyNew = false }: DecideOptions,
  ): Promise<Decided<S, E, R>> {
    const warm = kept(aggregate, stream)?.loaded ?? (likelyNew ? emptyStream(aggregate) : undefined)
    let loaded = warm ?? (await cold(aggregate, stream))
    // what comes from the cache may be behind: an append finds that out by its revision, a decision without events must look
    let current = warm === undefined
    for (let conflicts = 0; conflicts <= maxConflicts;) {
      const decided = await decision(loaded.state, loaded.revision)
      if ('rejected' in decided || decided.accepted.length === 0) {
        if (!current) {
          const before = loaded
          loaded = await refresh(aggregate, stream, before)
          current = true
          if (loaded !== before) continue
        }
        const { state, revision } = loaded
        if ('rejected' in decided) return { outcome: 'rejected', rejection: decided.rejected, state, revision }
        return { outcome: 'accepted', state, revision, appended: [] }
      }

      const { prepared, after } = prepareBatch(aggregate, stream, decided.accepted, meta, loaded)
      const askedAt = ticks()
      const append = await log.append(stream, prepared, loaded.revision)
      switch (append.outcome) {
        case 'appended': {
          remember(aggregate, stream, after, askedAt)
          tellOthers(aggregate, stream, loaded, prepared, askedAt)
          const appended = prepared.map((one) => one.recorded as unknown as Recorded<E>)
          return { outcome: 'accepted', state: after.state, revision: after.revision, appended }
        }
        case 'conflict': {
          conflicts += 1
          const before = loaded
          loaded = await refresh(aggregate, stream, before)
          current = true
          // a reader that lags behind the writers shows nothing new yet: give it a moment
          if (loaded === before) await sleep(Math.min(5 * 2 ** conflicts, 200))
          break
        }
        case 'unavailable':
          return { outcome: 'unavailable', reason: append.reason }
        default:
          return append satisfies never
      }
    }
    return {
      outcome: 'unavailable',
      reason: `${stream} was written by others ${maxConflicts + 1} times while this decision was made`,
    }
  }

  function prepareBatch<S, E extends DomainEvent>(
    aggregate: Aggregate<S, E>,
    stream: string,
    events: readonly E[],
    meta: MetadataOf<E>,
    loaded: Loaded<S>,
  ): { prepared: readonly PreparedEvent[]; after: Loaded<S> } {
    const given = typeof meta === 'function' ? meta(events) : meta
    const metadata = { ...given, decision: { ...given.decision, build } }
    const prepared = prepareEvents(stream, events, metadata, loaded)
    const after = foldPrepared(aggregate, loaded, prepared)
    const summary = aggregate.summarise?.(after.state)
    if (summary === undefined) return { prepared, after }
    const { frame: _onTheFirstEventAlone, ...withoutFrame } = metadata
    const summarised = prepareEvents(stream, [summary], withoutFrame, after)
    return { prepared: [...prepared, ...summarised], after: foldPrepared(aggregate, after, summarised) }
  }

  return {
    decide: (aggregate, stream, decision, meta, decideOptions = {}) =>
      queue.run(stream, async () => {
        try {
          return await decideNow(aggregate, stream, decision, meta, decideOptions)
        } catch (error) {
          if (error instanceof LogUnavailable) return { outcome: 'unavailable', reason: error.message }
          throw error
        }
      }),

    load,

    async recent(aggregate, stream) {
      const warm = kept(aggregate, stream)
      return warm !== undefined && ticks() - warm.currentAt <= recentMs ? warm.loaded : load(aggregate, stream)
    },
  }
}

const foldPrepared = <S, E>(aggregate: Aggregate<S, E>, onto: Loaded<S>, batch: readonly PreparedEvent[]): Loaded<S> =>
  batch.reduce((state, one) => fold(aggregate, state, one.recorded as unknown as Recorded<E>), onto)
