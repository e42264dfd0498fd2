import type { EventLog, LogEvent } from '@voltrail/event-store/event-log'

/** how many events of a stream are looked through for one page */
export const mostLookedThrough = 5_000

/**
 * A page of what some events of a stream tell, newest first. It is read from where the page before ended, so a page costs the same
 * however deep it lies, and what is appended meanwhile moves nothing. It may be short, or empty, and still have a `next`.
 * @param cursor `next` of the page before
 * @param tell what an event is on the page; `undefined`: it is not on it
 */
export async function pageOfStream<T>(
  log: Pick<EventLog, 'readBackward'>,
  stream: string,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
  tell: (event: LogEvent) => T | undefined,
): Promise<{ readonly items: T[]; readonly next: string | null }> {
  const items: T[] = []
  // a revision is a safe integer: a cursor beyond all of them was made by nobody, and begins at the end
  const before = cursor === undefined ? Infinity : Number(cursor)
  if (before === 0) return { items, next: null }
  const from = Number.isSafeInteger(before) ? before - 1 : undefined
  let seen = 0
  for await (const event of log.readBackward(stream, mostLookedThrough + 1, from)) {
    if (items.length >= limit || ++seen > mostLookedThrough) return { items, next: String(event.revision + 1) }
    const told = tell(event)
    if (told !== undefined) items.push(told)
  }
  return { items, next: null }
}
