import type { AdminCommand, AdminCommandReply, AdminCommandRequest } from '@voltrail/contracts/admin-commands'
import type { SessionId, TenantId } from '@voltrail/contracts/ids'
import { parseReviewId } from '@voltrail/contracts/rest/reviews'
import { chargerStream, parseStream, sessionId, sessionParts, sessionStream } from '@voltrail/contracts/streams'
import { encodeToken } from '@voltrail/contracts/tokens'
import { canonicalJson } from '@voltrail/domain/canonical-json'
import { charger } from '@voltrail/domain/charger/charger'
import {
  decidedAs,
  decideReview,
  raisesDoubt,
  reviewOf,
  reviewWords,
  settleReview as settle,
  withdrawDecision,
  type DecisionTaken,
} from '@voltrail/domain/charger/reviews'
import { settledFirst, transactionToldBy } from '@voltrail/domain/charger/parked-starts'
import { closeTransaction } from '@voltrail/domain/charger/transactions'
import { wholeSession } from '@voltrail/domain/session-end'
import { correctSession, type ReviewRejection } from '@voltrail/domain/session-review'
import type { LogEvent } from '@voltrail/event-store/event-log'
import type { CentralDeps } from '../central-deps.ts'
import { rehearsed } from '../deciding.ts'
import { requestMetadata } from '../evidence.ts'
import { attributeParked } from './attribute-parked.ts'

type Command = Extract<AdminCommand, { type: 'SettleReview' }>
interface Asked {
  readonly tenantId: TenantId
  readonly request: Omit<AdminCommandRequest, 'command'>
  readonly deps: CentralDeps
}
type Refused = Extract<AdminCommandReply, { outcome: 'refused' }>
const refused = (reason: string, detail: string): Refused => ({ outcome: 'refused', reason, detail })

/**
 * What an operator decides about something that waits: first `ReviewDecided`, from which on no other decision is carried
 * out, then what becomes of the session and of the register of open transactions, last `ReviewSettled`. Each step made again makes nothing, so a crash between them is healed by asking again.
 * Refusals: unknown-review, already-settled, already-decided, settle-first, not-attributable, no-connector, other-connector, unknown-transaction,
 * other-transaction, not-stopped, stopped-already, ends-before-start.
 */
export const settleReview = async (command: Command, asked: Asked): Promise<AdminCommandReply> => {
  const { tenantId, deps } = asked
  const waiting = await waitingEvent(command, asked)
  if (waiting === undefined)
    return refused('unknown-review', `nothing waits for review at ${command.subject} of ${command.chargerId}`)
  const before = await settledBefore(command, waiting, asked)
  if (before !== undefined) return before
  const trouble = await outOfOrder(command, waiting, asked)
  if (trouble !== undefined) return trouble

  const { subject, decision, note } = command
  const stream = chargerStream(tenantId, command.chargerId)
  if (!isPlainDismissal(command, waiting)) {
    const known = decidedAs(subject, (await deps.load(charger, stream)).state)
    // what cannot be done is refused before it is decided: only what changes in this moment is withdrawn
    if (known === undefined) {
      const cannot = await applied(command, waiting, { ...asked, deps: { ...deps, ...rehearsed(deps) } })
      if (cannot !== undefined) return cannot
    }
    const decided = await deps.decide(
      charger,
      stream,
      (state) => decideReview({ subject, decision }, state),
      metadata(command, asked),
    )
    if (decided.outcome === 'rejected') return taken(subject, decided.rejection)
    const failed = await applied(command, waiting, asked)
    if (failed !== undefined) {
      const withdrawn = { subject, decision, refused: failed.reason }
      await deps.decide(charger, stream, (state) => withdrawDecision(withdrawn, state), metadata(command, asked))
      return failed
    }
  }
  const settled = await deps.decide(
    charger,
    stream,
    (state) =>
      settle(
        {
          subject,
          decision: reviewWords[decision.kind],
          ...(decision.kind === 'dismiss' ? {} : { transactionId: decision.transactionId }),
          ...(note === undefined ? {} : { note }),
        },
        state,
      ),
    metadata(command, asked),
  )
  if (settled.outcome === 'rejected') return taken(subject, settled.rejection)
  return {
    outcome: 'done',
    changed: settled.appended.length > 0,
    stream,
    // a summary may follow it
    revision: String(settled.appended.find(({ type }) => type === 'ReviewSettled')?.revision ?? settled.revision),
  }
}

const taken = (subject: string, by: DecisionTaken): Refused =>
  by.kind === 'already-settled'
    ? refused(by.kind, `${subject} was settled in another way at the same moment`)
    : refused(
        by.kind,
        `${subject} was decided by ${by.decided.by} at ${by.decided.at}, which is not done yet and is carried on by itself within a minute; ask for ${canonicalJson(by.decided.decision)} again to do so now`,
      )

const metadata = (command: Command, { deps, request, tenantId }: Asked) =>
  requestMetadata(deps, request, tenantId, command)

/** The event that the subject names, if it waits for review and belongs to this charger of this tenant. */
const waitingEvent = async (
  { subject, chargerId }: Command,
  { deps, tenantId }: Asked,
): Promise<LogEvent | undefined> => {
  const place = parseReviewId(subject)
  const address = place && parseStream(place.stream)
  if (place === undefined || address === undefined || address.tenant !== tenantId) return undefined
  const session = address.category === 'session' || address.category === 'billing' ? address.sessionId : undefined
  const own =
    address.category === 'charger'
      ? address.chargerId === chargerId
      : session?.startsWith(`${encodeToken(chargerId)}.`) === true
  if (!own) return undefined
  for await (const event of deps.history.readForward(place.stream, place.revision, 1))
    return event.revision === place.revision && reviewOf(event) !== undefined ? event : undefined
  return undefined
}

/** Clocks of pods that receive differ by less. */
const clockMarginMs = 3_600_000

/** The answer for a review that is settled: the same decision again is done, another one is refused. */
const settledBefore = async (
  command: Command,
  waiting: LogEvent,
  { deps, tenantId }: Asked,
): Promise<AdminCommandReply | undefined> => {
  const stream = chargerStream(tenantId, command.chargerId)
  const oldest = Date.parse(waiting.metadata.receivedAt) - clockMarginMs
  for await (const event of deps.history.readBackward(stream)) {
    if (waiting.stream === stream ? event.revision <= waiting.revision : Date.parse(event.metadata.receivedAt) < oldest)
      break
    if (event.type !== 'ReviewSettled' || event.data.subject !== command.subject) continue
    const asked = event.metadata.decision.command as Partial<Command> | undefined
    const { actor, receivedAt } = event.metadata
    return canonicalJson(asked?.decision ?? null) === canonicalJson(command.decision)
      ? { outcome: 'done', changed: false, stream, revision: String(event.revision) }
      : refused('already-settled', `${command.subject} was ${event.data.decision} by ${actor.id} at ${receivedAt}`)
  }
  // the true stop says nothing about its start, nor about energy that was suspect
  if (raisesDoubt(waiting) || waiting.type === 'SessionStarted') return undefined
  if (parseStream(waiting.stream)?.category !== 'session') return undefined
  for await (const event of deps.history.readForward(waiting.stream, waiting.revision + 1))
    if (event.type === 'SessionCorrected' && event.data.cause === 'late-stop')
      return refused('already-settled', `the stop of this session came after all, at ${event.metadata.receivedAt}`)
  return undefined
}

/**
 * Refused while the start of what this is about is parked itself, whichever session the decision names: what names its transaction
 * is of it, once an operator has said what it was.
 */
const outOfOrder = async (
  { chargerId, decision, subject }: Command,
  waiting: LogEvent,
  { deps, tenantId }: Asked,
): Promise<Refused | undefined> => {
  const stream = chargerStream(tenantId, chargerId)
  const { state } = await deps.load(charger, stream)
  const told = waiting.type === 'FrameParked' ? transactionToldBy(waiting.data) : undefined
  const first = settledFirst(state, [told, decision.kind === 'dismiss' ? undefined : decision.transactionId])
  if (first === undefined || `${stream}@${first.revision}` === subject) return undefined
  return refused(
    'settle-first',
    `the start of transaction ${first.transactionId} waits for review itself: settle ${stream}@${first.revision} first, then ${subject}`,
  )
}

/** Suspect energy waits to be billed: the session itself must hear what an operator says of it. Of others it hears no dismissal. */
const isPlainDismissal = ({ decision }: Command, waiting: LogEvent): boolean =>
  decision.kind === 'dismiss' && (!raisesDoubt(waiting) || sessionOf(waiting) === undefined)

/** What the decision does to the session. The register forgets the transaction only after its session has its stop. */
const applied = async (command: Command, waiting: LogEvent, asked: Asked): Promise<Refused | undefined> => {
  const { decision, chargerId } = command
  const { tenantId, deps, request } = asked
  const waitsFor = sessionOf(waiting)
  const vouched = raisesDoubt(waiting)
  const transactionId =
    decision.kind === 'dismiss' ? sessionParts(waitsFor as SessionId).transactionId : decision.transactionId
  const id = sessionId(chargerId, transactionId)
  if (waitsFor !== undefined && waitsFor !== id)
    return refused('other-transaction', `${command.subject} is about the session ${waitsFor}, not about ${id}`)
  if (waiting.type === 'ChargerIdentityContested')
    return refused('not-attributable', 'two boxes under one identity are about no session: dismiss it once they differ')
  if (decision.kind === 'attribute') {
    if (waiting.type !== 'FrameParked')
      return refused('not-attributable', `${command.subject} is no parked message: correct its session`)
    const trouble = await attributeParked(waiting.data, {
      tenant: tenantId,
      chargerId,
      transactionId,
      evseId: decision.evseId,
      receivedAt: waiting.metadata.receivedAt,
      deps,
      metadata: (correlation, lookups = []) => {
        const meta = metadata(command, asked)
        return { ...meta, correlation, decision: { ...meta.decision, lookups } }
      },
    })
    return trouble === undefined || 'outcome' in trouble ? trouble : refusal(trouble, id)
  }

  const meta = metadata(command, asked)
  const decided = await deps.decide(
    wholeSession,
    sessionStream(tenantId, id),
    (state) => correctSession({ ...decision, vouched, at: request.requestedAt }, state),
    meta,
  )
  if (decided.outcome === 'rejected') return refusal(decided.rejection, id)
  if (decided.state.summary.stop === undefined) return undefined
  await deps.decide(
    charger,
    chargerStream(tenantId, chargerId),
    (state) => closeTransaction({ transactionId, reason: 'resolved' }, state),
    meta,
  )
  return undefined
}

const sessionOf = ({ stream }: LogEvent) => {
  const address = parseStream(stream)
  return address?.category === 'session' || address?.category === 'billing' ? address.sessionId : undefined
}

const refusal = (rejection: ReviewRejection, id: string): Refused => {
  switch (rejection.kind) {
    case 'not-stopped':
      return refused(rejection.kind, `the session ${id} goes on: say when it ended (stoppedAt), or wait for its stop`)
    case 'stopped-already':
      return refused(
        rejection.kind,
        `the session ${id} has its stop already, at ${rejection.stoppedAt}: if that one is wrong, correct the session`,
      )
    case 'ends-before-start':
      return refused(rejection.kind, `the session ${id} would end before it began: correct both times`)
    case 'not-started':
    case 'taken-by-another-start':
      return refused('unknown-transaction', `there is no session ${id}`)
    default:
      return rejection satisfies never
  }
}
