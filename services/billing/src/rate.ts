import type { BillingEvent, SessionEvent } from '@voltrail/contracts/events/registry'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import { instant } from '@voltrail/contracts/quantities'
import { billingStream, parseStream, sessionParts, tariffStream } from '@voltrail/contracts/streams'
import { billing, rateSession } from '@voltrail/domain/billing'
import type { Recorded } from '@voltrail/domain/decider'
import { beganAt, session } from '@voltrail/domain/session'
import { chooseTariff } from '@voltrail/domain/tariff'
import type { LogEvent } from '@voltrail/event-store/event-log'
import type { Decided, WriteLoop } from '@voltrail/event-store/write-loop'
import { extractTrace, withSpan } from '@voltrail/runtime/trace'
import type { SessionStarts } from './session-starts.ts'
import type { TariffBook } from './tariff-book.ts'

export interface RateDeps {
  readonly starts: Pick<SessionStarts, 'of'>
  readonly loop: WriteLoop
  readonly book: TariffBook
  readonly pod: string
  readonly build: string
}

/**
 * Rates the session as of one of its ends (a stop or a correction), by the tariff in force at its start. Rating a revision again,
 * in a replay or beside another instance, makes nothing.
 */
export const rate = async (
  event: LogEvent,
  deps: RateDeps,
): Promise<Decided<unknown, BillingEvent, { kind: string }>> => {
  const address = parseStream(event.stream)
  if (address?.category !== 'session') throw new Error(`${event.stream} is no session`)
  const { tenant, sessionId } = address
  const state = session.restore?.(event as Recorded<SessionEvent>, await deps.starts.of(event.stream))
  if (state?.start === undefined)
    throw new Error(`event ${event.revision} of ${event.stream} ends a session without a start`)
  const { chargerId } = sessionParts(sessionId)
  const tariff = chooseTariff(deps.book.of(tenant), { chargerId, at: beganAt(state.start, state.summary).effectiveAt })
  const meta: MetadataInput = {
    tenant,
    causation: { pod: deps.pod, event: `${event.stream}@${event.revision}` },
    correlation: sessionId,
    actor: { kind: 'service', id: 'billing' },
    receivedAt: instant(Date.now()),
    decision: {
      build: deps.build,
      // the price depends on nothing that is not in the session and the tariff: the clock is the session's
      clock: event.metadata.receivedAt,
      command: { type: 'RateSession', sessionId, sessionRevision: String(event.revision) },
      lookups: [
        { stream: event.stream, revision: event.revision, value: null },
        ...(tariff === undefined
          ? []
          : [
              {
                stream: tariffStream(tenant, tariff.tariffId),
                revision: tariff.revision,
                value: { reason: tariff.reason },
              },
            ]),
      ],
      settings: {},
    },
  }
  const rating = () =>
    deps.loop.decide(
      billing,
      billingStream(tenant, sessionId),
      (known) => rateSession({ sessionId, session: state, sessionRevision: event.revision, tariff }, known),
      meta,
      { likelyNew: true },
    )
  // the trace of the stop goes on to its bill
  return withSpan('rate', {}, extractTrace({ traceparent: event.metadata.traceparent }), rating)
}
