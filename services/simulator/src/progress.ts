import type { FleetProgress } from './fleet.ts'
import type { Ledger, LedgerSummary } from './ledger.ts'

const kilowattHours = (wattHours: number) => `${(wattHours / 1_000).toFixed(2)} kWh`

/** One line about how things stand. */
export function progressLine(progress: FleetProgress, summary: LedgerSummary): string {
  const parts = [
    `${progress.online}/${progress.chargers} chargers online`,
    `sessions ${progress.sessionsRunning} running, ${summary.sessionsFinished} finished`,
    kilowattHours(summary.energyWh),
    `${summary.acknowledged} acknowledged, ${progress.waiting} waiting`,
  ]
  if (summary.refused > 0) parts.push(`${summary.refused} drivers refused`)
  if (progress.online < progress.chargers && progress.problem !== undefined) parts.push(`last: ${progress.problem}`)
  return parts.join(' | ')
}

/** What is said at the end; names what was lost. */
export function summaryLines(ledger: Ledger): string[] {
  const summary = ledger.summary()
  return [
    `sessions         ${summary.sessionsStarted} started, ${summary.sessionsFinished} finished, ${kilowattHours(summary.energyWh)}`,
    `drivers refused  ${summary.refused}`,
    `messages         ${summary.queued} queued, ${summary.acknowledged} acknowledged, ${summary.pending} not acknowledged, ${summary.dropped} given up`,
    `repeats          ${summary.repeats} answered again, ${summary.contradictions} with another transaction id`,
    ...ledger.dropped
      .slice(-10)
      .map(
        ({ chargerId, action, transaction, detail }) =>
          `given up: ${chargerId} ${action} of transaction ${transaction}: ${detail}`,
      ),
    ...ledger.contradictions
      .slice(-10)
      .map(
        ({ chargerId, transactionIds: [first, second] }) =>
          `contradiction: ${chargerId} was told ${first}, then ${second} for one start`,
      ),
  ]
}
