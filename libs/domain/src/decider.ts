import type { EventMetadata } from '@voltrail/contracts/envelope'

/** A decision is data: the events that it makes (none: a repeat), or the reason why not. It never throws. */
export type Decision<E, R = never> = { readonly accepted: readonly E[] } | { readonly rejected: R }

export const accept = <E>(...events: readonly E[]): { readonly accepted: readonly E[] } => ({ accepted: events })
export const reject = <R>(rejection: R): { readonly rejected: R } => ({ rejected: rejection })

/** An event as it stands in its stream. `revision` counts from 0. */
export type Recorded<E> = E & { readonly revision: number; readonly metadata: EventMetadata }

/**
 * One kind of stream: how its events become state.
 * - `evolve` is total and never throws: history is fact. It never changes the state that it is given.
 * - `restore` gives the whole state from an event that carries a summary (with event 0 where `needsFirst` says so), so that
 *   a load need not go further back; it must equal the full fold up to and including that event.
 * - `summarise` gives an event to append when the state has gone long without one.
 * - `bulky`: the state grows with its stream, so that a cache keeps only a few of them.
 */
export interface Aggregate<S, E> {
  readonly initialState: S
  readonly evolve: (state: S, event: Recorded<E>) => S
  readonly needsFirst?: boolean
  readonly restore?: (event: Recorded<E>, first: Recorded<E> | undefined) => S | undefined
  readonly summarise?: (state: S) => E | undefined
  readonly bulky?: true
}
