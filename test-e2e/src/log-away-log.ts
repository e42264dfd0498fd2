import type { z } from 'zod'
import type { SessionPage } from '@voltrail/contracts/rest/sessions'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import type { Rest } from './fixtures/rest.ts'
import { describeFinding, judgeSessions } from './ledger-judge.ts'
import { readCharger, type ReadStream } from './log-reading.ts'
import type { ModelCharger, ModelSession } from './log-away-charger.ts'

type Sessions = z.infer<typeof SessionPage>

/** Holds what chargers were told against the log: what was acknowledged is in it once, nothing is in it twice, and it is billed so. */
export const judgeLog = async (
  chargers: readonly ModelCharger[],
  product: { readonly rest: Rest; readonly eventStoreUrl: string },
): Promise<string[]> => {
  const log = connectEventLog({ connectionString: product.eventStoreUrl, readOnly: true })
  try {
    const differences: string[] = []
    for (const charger of chargers) {
      differences.push(...(await judgeBills(charger, product.rest)))
      const reading = await readCharger(log, charger.id, knownIds(charger))
      differences.push(...judgeSessions(charger, reading).map(describeFinding))
      differences.push(...judgeRemoteStops(charger, reading.charger))
    }
    return differences
  } finally {
    await log.close()
  }
}

/** The transactions that a charger was told. */
export const knownIds = ({ ledger }: Pick<ModelCharger, 'ledger'>): string[] => [
  ...new Set(
    ledger.flatMap(({ session: { transactionId } }) => (transactionId === undefined ? [] : [String(transactionId)])),
  ),
]

/** The remote stops that were sent first are recorded once each. */
const judgeRemoteStops = (charger: ModelCharger, { events }: ReadStream): string[] => {
  // upkeep asks chargers of its own accord, too
  const asked = events.flatMap((event) =>
    event.type === 'CommandRequested' && event.data.command.type === 'RemoteStop' ? [event.data] : [],
  )
  const ids = new Set(asked.map(({ commandId }) => commandId))
  const settled = events.filter((event) => event.type === 'CommandSettled' && ids.has(event.data.commandId))
  const arrived = charger.remoteStops.length
  return asked.length === arrived && settled.length === arrived && asked.every(({ sentFirst }) => sentFirst === true)
    ? []
    : [
        `${charger.id}: of ${arrived} remote stops ${asked.length} were recorded as asked and ${settled.length} as settled`,
      ]
}

const acknowledgedStop = (charger: ModelCharger, session: ModelSession): boolean =>
  charger.ledger.some(
    (entry) => entry.session === session && entry.kind === 'stop' && entry.acknowledgedAt !== undefined,
  )

/** Each session that ended is billed for what it took, and stands there once. */
const judgeBills = async (charger: ModelCharger, rest: Rest): Promise<string[]> => {
  const sessions = [...new Set(charger.ledger.map((entry) => entry.session))]
  const ended = sessions.filter((session) => session.transactionId !== undefined && acknowledgedStop(charger, session))
  const billed = (answer: Sessions, session: ModelSession) =>
    answer.items.filter(
      (one) =>
        one.transactionId === String(session.transactionId) &&
        one.billing === 'final' &&
        one.energyWh === session.meterStop! - session.meterStart,
    ).length === 1
  let last: Sessions | undefined
  const whole = await rest
    .eventually<Sessions>(
      `/v1/sessions?chargerId=${charger.id}&limit=200`,
      (answer) => ended.every((session) => billed((last = answer), session)),
      30_000,
    )
    .then(
      () => true,
      () => false,
    )
  const wrong = whole ? [] : ended.filter((session) => last === undefined || !billed(last, session))
  const begun = (last?.items ?? []).map((one) => one.meterStartWh)
  return [
    ...wrong.map(({ transactionId }) => `${charger.id}, transaction ${transactionId}: it is not billed as it was`),
    ...(new Set(begun).size === begun.length ? [] : [`${charger.id}: one start made two sessions`]),
  ]
}
