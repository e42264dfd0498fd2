import type { OutageReport } from './log-away-judge.ts'

const columns = [
  ['chargers', 'chargers'],
  ['sessions', 'sessions'],
  ['made', 'made'],
  ['sent', 'sent'],
  ['acknowledged', 'acked'],
  ['burnt', 'attempts burnt'],
  ['mostBurnt', 'most per message'],
  ['closed', 'sockets closed'],
  ['refusedUpgrades', 'upgrades refused'],
  ['authorisedLocally', 'authorised locally'],
  ['refusedSessions', 'sessions refused'],
] as const

/** Charger model × outage → what it sent, had acknowledged, paid and dropped, and why; as lines of text. */
export const outageTable = (reports: readonly (readonly [outage: string, report: OutageReport])[]): string => {
  const head = ['outage', 'charger model', ...columns.map(([, title]) => title), 'dropped']
  const rows = reports.flatMap(([outage, { models }]) =>
    [...models].map(([model, totals]) => [
      outage,
      model,
      ...columns.map(([key]) => String(totals[key])),
      [...totals.dropped].map(([why, count]) => `${count} × ${why}`).join('; ') || '-',
    ]),
  )
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(line).join('\n')
}
