import type { Actor } from '@voltrail/contracts/charger-commands'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import { parseReviewId } from '@voltrail/contracts/rest/reviews'
import { parseStream, sessionId, sessionParts, type StreamAddress } from '@voltrail/contracts/streams'
import { transactionToldBy } from '@voltrail/domain/charger/parked-starts'
import { raisesDoubt, reviewOf, reviewWords } from '@voltrail/domain/charger/reviews'
import type { ProjectedEvent } from '../projection.ts'
import type { Rows } from '../rows.ts'

/**
 * The review list: a row per event that waits for an operator, whichever stream it stands in. It is settled by an operator's
 * decision, or by a later event that makes it void: the true stop after an inferred end, a price after there was none.
 */

/** What the list follows beside the events that other rows are made of. */
export const reviewEventTypes = ['ReviewDecided', 'ReviewSettled'] as const

/**
 * A decision stands in the charger's stream, what it settles may stand in a session's or a bill's: it belongs to those, so that
 * it is never applied before what it settles. `undefined` for other events.
 */
export const settledStream = (event: ProjectedEvent): string | undefined =>
  event.type === 'ReviewSettled' || event.type === 'ReviewDecided'
    ? parseReviewId(event.data.subject)?.stream
    : undefined

export const applyToReviews = async (rows: Rows, event: ProjectedEvent): Promise<void> => {
  const { stream, revision, metadata } = event
  switch (event.type) {
    case 'ReviewDecided':
      return decide(rows, event.data, event)
    case 'ReviewSettled':
      return settleByOperator(rows, event.data, event)
    case 'SessionCorrected':
      if (event.data.cause === 'late-stop') await settleEnd(rows, event)
      // told with the session's end, or with the first late reading that went back
      if (event.data.cause === 'late-meter' && !raisesDoubt(event) && (await hasMeterReset(rows, stream))) return
      break
    case 'SessionRated':
      settlePrice(rows, event)
      break
    default:
  }
  const review = reviewOf(event)
  if (review === undefined) return
  rows.add(
    'reviews',
    { tenant: metadata.tenant, review_id: `${stream}@${revision}` },
    {
      stream,
      revision,
      ...placeOf(parseStream(stream)),
      ...(event.type === 'FrameParked' && {
        meant: event.data.meant,
        told_transaction: transactionToldBy(event.data) ?? null,
      }),
      kind: review.kinds[0],
      kinds: review.kinds,
      detail: review.detail,
      since: metadata.receivedAt,
      state: 'open',
    },
  )
}

const placeOf = (address: StreamAddress | undefined) => {
  switch (address?.category) {
    case 'charger':
      return { charger_id: address.chargerId, session_id: null }
    case 'session':
    case 'billing': {
      const { chargerId, transactionId } = sessionParts(address.sessionId)
      return { charger_id: chargerId, session_id: address.sessionId, told_transaction: transactionId }
    }
    default:
      throw new Error('what waits for review is a charger’s, a session’s or a bill’s')
  }
}

const settled = (by: Actor, at: string) => ({
  state: 'settled',
  settled_at: at,
  settled_by_kind: by.kind,
  settled_by_id: by.id,
})

/** A review that is decided waits on until that is done, and shows what it will be. */
const decide = (
  rows: Rows,
  { subject, decision, refused }: EventNamed<'ReviewDecided'>['data'],
  { metadata }: ProjectedEvent,
): void =>
  rows.changeWhere(
    'reviews',
    { tenant: metadata.tenant, review_id: subject, state: 'open' },
    { decision: refused === undefined ? reviewWords[decision.kind] : null },
  )

/** A subject that has no row is none that this list ever showed: nothing to do. */
const settleByOperator = (
  rows: Rows,
  { subject, decision, transactionId, note }: EventNamed<'ReviewSettled'>['data'],
  { stream, metadata }: ProjectedEvent,
): void => {
  const address = parseStream(stream)
  if (address?.category !== 'charger') throw new Error('a review is settled in the stream of its charger')
  rows.change(
    'reviews',
    { tenant: metadata.tenant, review_id: subject },
    {
      ...settled(metadata.actor, metadata.receivedAt),
      decision,
      transaction_id: transactionId ?? null,
      note: note ?? null,
      ...(transactionId !== undefined && { session_id: sessionId(address.chargerId, transactionId) }),
    },
  )
}

/** What waited for a price. The reviews of the session's start and of its energy stand in another stream, and go on. */
const settlePrice = (rows: Rows, { stream, metadata }: ProjectedEvent): void =>
  rows.changeWhere(
    'reviews',
    { tenant: metadata.tenant, stream, state: 'open' },
    { ...settled(metadata.actor, metadata.receivedAt), decision: 'rated' },
  )

/** What waited of a session's end. The reviews of its start and of its energy go on. */
const settleEnd = (rows: Rows, { stream, metadata }: ProjectedEvent): Promise<unknown> =>
  rows.ask((db) =>
    db
      .updateTable('reviews')
      .set({ ...settled(metadata.actor, metadata.receivedAt), decision: 'late-stop' })
      .where('tenant', '=', metadata.tenant)
      .where('stream', '=', stream)
      .where('state', '=', 'open')
      .where('revision', '>', 0)
      .where('kind', '<>', 'suspect-energy')
      .execute(),
  )

const hasMeterReset = async (rows: Rows, stream: string): Promise<boolean> => {
  const found = await rows.ask((db) => db.selectFrom('reviews').select('kinds').where('stream', '=', stream).execute())
  return found.some(({ kinds }: { kinds: string[] }) => kinds.includes('meter-reset'))
}
