import { AdminCommand, type AdminCommandRequest } from '@voltrail/contracts/admin-commands'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { TenantId } from '@voltrail/contracts/ids'
import { parseStream } from '@voltrail/contracts/streams'
import type { Recorded } from '@voltrail/domain/decider'
import { Waits, type Duty, type DutyDeps } from './duty.ts'

interface Decided {
  readonly tenant: TenantId
  readonly request: AdminCommandRequest
  /** ms since 1970 */
  dueAt: number
  attempts: number
}

/** whoever carries a decision out needs less; after this it is taken to have died over it */
const diedMs = 30_000
const minute = 60_000
const longest = 60 * minute

/**
 * An operator's decision about a review is reserved before anything comes of it. Where central died in between it is asked again,
 * in the operator's name and words: each of its steps made again makes nothing. It is over when it is settled, or withdrawn.
 */
export const decidedReviews = (deps: DutyDeps): Duty => {
  /** by charger's stream and subject, as keys have it */
  const waiting = new Map<string, Decided>()

  const requestOf = ({ metadata, data, revision }: Decision, chargerId: string): AdminCommandRequest => {
    const asked = AdminCommand.safeParse(metadata.decision.command)
    const own = { type: 'SettleReview', chargerId, subject: data.subject, decision: data.decision }
    return {
      requestId: `carry-on-${metadata.causation.requestId ?? revision}`.slice(0, 100),
      actor: metadata.actor,
      requestedAt: metadata.receivedAt,
      command: asked.success && asked.data.type === 'SettleReview' ? asked.data : AdminCommand.parse(own),
    }
  }

  return {
    name: 'decided-reviews',
    hear(event) {
      const address = parseStream(event.stream)
      if (address?.category !== 'charger') return []
      const heard = event as unknown as Recorded<ChargerEvent>
      if (heard.type !== 'ReviewDecided' && heard.type !== 'ReviewSettled') return []
      const key = `${event.stream} ${heard.data.subject}`
      if (heard.type === 'ReviewSettled' || heard.data.refused !== undefined) {
        waiting.delete(key)
        return []
      }
      const { tenant, chargerId } = address
      const dueAt = Date.parse(heard.metadata.receivedAt) + diedMs
      waiting.set(key, { tenant, request: requestOf(heard, chargerId), dueAt, attempts: 0 })
      return [key]
    },
    async look(key) {
      const decided = waiting.get(key)
      if (decided === undefined) return undefined
      if (decided.dueAt > deps.now()) return decided.dueAt
      const reply = await deps.central(decided.tenant).decide(decided.request)
      if (reply.outcome === 'unavailable') throw new Waits(reply.reason)
      // done or withdrawn, the log says so next; refused for something that has to be settled first, it goes on waiting
      if (reply.outcome === 'refused')
        deps.log.warn({ review: key, reason: reply.detail }, 'what an operator decided cannot be carried out yet')
      decided.attempts += 1
      decided.dueAt = deps.now() + Math.min(longest, minute * 2 ** Math.min(10, decided.attempts - 1))
      return decided.dueAt
    },
  }
}

type Decision = Extract<Recorded<ChargerEvent>, { type: 'ReviewDecided' }>
