import type { AdminCommand } from '@voltrail/contracts/admin-commands'
import type { ReviewKind } from '@voltrail/contracts/rest/reviews'
import type { TransactionId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { settleReview } from '@voltrail/central/commands/settle-review'
import type { Pods } from '@voltrail/central/oracle/pods'
import type { SharedLog } from '@voltrail/central/oracle/shared-log'
import { reviewOf } from '@voltrail/domain/charger/reviews'
import { fieldTenant, type LivedDays, type SessionLife } from './field-days-charger.ts'
import { energyTold, registerTold, type PlannedCharger } from './field-days-plan.ts'

/** What waits for an operator, as the log has it and as the charger's life says; and the operator, who knows what really happened. */

export interface OpenReview {
  readonly subject: string
  readonly stream: string
  readonly kinds: readonly ReviewKind[]
}

/** What waits in these streams of one charger: as the review list shows it, the ended by themselves left out. */
export const openReviews = async (streams: readonly string[], log: SharedLog): Promise<OpenReview[]> => {
  const found: OpenReview[] = []
  const settled = new Set<string>()
  for (const stream of streams) {
    let own: OpenReview[] = []
    for await (const event of log.calm.readForward(stream, 0)) {
      if (event.type === 'ReviewSettled') settled.add(event.data.subject)
      // the true stop after all: only what waits of the start goes on
      if (event.type === 'SessionCorrected' && event.data.cause === 'late-stop')
        own = own.filter(({ subject }) => subject.endsWith('@0'))
      if (
        event.type === 'SessionCorrected' &&
        event.data.cause === 'late-meter' &&
        own.some(({ kinds }) => kinds.includes('meter-reset'))
      )
        continue
      const review = reviewOf(event)
      if (review !== undefined) own.push({ subject: `${stream}@${event.revision}`, stream, kinds: review.kinds })
    }
    found.push(...own)
  }
  return found.filter(({ subject }) => !settled.has(subject))
}

/** What must wait of one session, an entry for its start and one for its end. */
export const expectedReviews = (life: SessionLife): string[] => {
  const { resets } = energyTold(life)
  const end: ReviewKind[] = [
    ...(life.stop === undefined ? (['inferred-end'] as const) : []),
    ...(life.stop?.untrusted === true ? (['untrusted-clock'] as const) : []),
    ...(resets > 0 ? (['meter-reset'] as const) : []),
  ]
  return [...(life.start?.untrusted === true ? ['untrusted-clock'] : []), ...(end.length > 0 ? [end.join('+')] : [])]
}

export interface Truth {
  readonly energyWh: number
  readonly startedAt: number
  readonly endedAt: number
}

/** What really happened, in whole watt-hours: what an operator reads on the meter and hears of the driver. */
export const truthOf = (charger: PlannedCharger, life: SessionLife): Truth => ({
  // where the meter's own words are whole, they are the truth: a brand may write tenths
  energyWh:
    life.stop !== undefined && energyTold(life).resets === 0
      ? energyTold(life).energyWh
      : Number((registerTold(charger, life.real.endWh) - registerTold(charger, life.real.startWh) + 500n) / 1000n),
  startedAt: life.real.startedAt,
  endedAt: life.real.endedAt,
})

/** An operator settles everything that waits by what really happened. A line for each answer that is not `done`. */
export const settleAll = async (
  charger: PlannedCharger,
  lived: LivedDays,
  reviews: readonly OpenReview[],
  sessionOf: ReadonlyMap<string, SessionLife>,
  transactionOf: (life: SessionLife) => TransactionId | undefined,
  pods: Pods,
): Promise<string[]> => {
  const problems: string[] = []
  const parked = [...lived.parked]
  for (const [i, { subject, stream }] of reviews.entries()) {
    const life = sessionOf.get(stream) ?? parked.shift()?.of
    const transactionId = life && transactionOf(life)
    const decide = async (decision: Extract<AdminCommand, { type: 'SettleReview' }>['decision']) => {
      for (let tries = 0; tries < 20; tries += 1) {
        const reply = await pods.operate(i + tries, (deps) =>
          settleReview(
            { type: 'SettleReview', chargerId: charger.chargerId as never, subject, decision },
            {
              tenantId: fieldTenant,
              request: {
                requestId: `${subject} ${tries}`.slice(-64),
                actor: { kind: 'operator', id: 'field' },
                requestedAt: instant(lived.endedAt),
              },
              deps,
            },
          ).catch((error: unknown) => ({ outcome: 'unavailable' as const, reason: String(error) })),
        )
        if (reply === 'crashed' || reply.outcome === 'unavailable') continue
        if (reply.outcome === 'refused') problems.push(`${subject}: ${decision.kind} is refused: ${reply.detail}`)
        return
      }
      problems.push(`${subject} could not be settled in 20 tries`)
    }
    if (life === undefined || transactionId === undefined) await decide({ kind: 'dismiss' })
    else if (!sessionOf.has(stream)) await decide({ kind: 'attribute', transactionId })
    else {
      const { energyWh, startedAt, endedAt } = truthOf(charger, life)
      await decide({
        kind: 'correct',
        transactionId,
        energyWh: energyWh as never,
        startedAt: instant(startedAt),
        stoppedAt: instant(endedAt),
      })
    }
  }
  return problems
}
