import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { StreamName } from '@voltrail/contracts/streams'
import type { Aggregate, Decision, Recorded } from '@voltrail/domain/decider'
import type { WriteLoop } from '@voltrail/event-store/write-loop'
import { Unavailable } from './unavailable.ts'

export type Outcome<S, E, R> =
  | {
      readonly outcome: 'accepted'
      readonly state: S
      readonly revision: number
      readonly appended: readonly Recorded<E>[]
    }
  | { readonly outcome: 'rejected'; readonly rejection: R; readonly state: S; readonly revision: number }

/** The write loop as handlers use it: an answer is durable, whatever else is thrown as `Unavailable`. */
export interface Deciding {
  decide<S, E extends DomainEvent, R = never>(
    aggregate: Aggregate<S, E>,
    stream: StreamName,
    decision: (state: S, revision: number) => Decision<NoInfer<E>, R> | Promise<Decision<NoInfer<E>, R>>,
    meta: MetadataInput,
  ): Promise<Outcome<S, E, R>>
  load: WriteLoop['load']
  recent: WriteLoop['recent']
}

export const deciding = (loop: WriteLoop): Deciding => ({
  async decide(aggregate, stream, decision, meta) {
    const decided = await loop.decide(aggregate, stream, decision, meta)
    if (decided.outcome === 'unavailable') throw new Unavailable(decided.reason)
    return decided
  },
  load: (aggregate, stream) => loop.load(aggregate, stream),
  recent: (aggregate, stream) => loop.recent(aggregate, stream),
})

/**
 * The same without its writes: whether decisions would be refused. What they would append is in no state, so that those that follow
 * decide on what stands in the log now.
 */
export const rehearsed = ({ load }: Pick<Deciding, 'load'>): Deciding => ({
  async decide(aggregate, stream, decision) {
    const { state, revision } = await load(aggregate, stream)
    const decided = await decision(state, revision)
    return 'rejected' in decided
      ? { outcome: 'rejected', rejection: decided.rejected, state, revision }
      : { outcome: 'accepted', state, revision, appended: [] }
  },
  load,
  recent: load,
})

/** A decision that this handler's own checks rule out: a defect, not an answer. */
export const mustAccept = <S, E, R>(
  outcome: Outcome<S, E, R>,
  doing: string,
): Extract<Outcome<S, E, R>, { outcome: 'accepted' }> => {
  if (outcome.outcome === 'accepted') return outcome
  throw new Error(`${doing} was refused: ${JSON.stringify(outcome.rejection)}`)
}
