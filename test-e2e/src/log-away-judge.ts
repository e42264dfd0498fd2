import type { LedgerEntry, ModelCharger, SocketEvent } from './log-away-charger.ts'
import { fieldTimes, type Frozen, type Outage, type RemoteStop } from './log-away-outage.ts'

/** What chargers of one model went through in one outage. */
export interface ModelTotals {
  chargers: number
  sessions: number
  refusedSessions: number
  authorisedLocally: number
  /** messages made, and sent at least once */
  made: number
  sent: number
  acknowledged: number
  /** sends that stayed unanswered: in all, and of the message that had most */
  burnt: number
  mostBurnt: number
  /** kind and reason → how many */
  readonly dropped: Map<string, number>
  closed: number
  refusedUpgrades: number
}

export interface OutageReport {
  readonly models: ReadonlyMap<string, ModelTotals>
  /** what should not have been */
  readonly differences: readonly string[]
}

export interface Lived {
  readonly outage: Outage
  readonly chargers: readonly ModelCharger[]
  readonly window: { readonly from: number; readonly to: number }
  readonly frozen: readonly Frozen[]
  readonly secondMs: number
  readonly remoteStop: RemoteStop
}

/** So long, at least, a queue of four takes what a charger makes. */
const smallQueueLastsS = 300

/** Holds what the chargers saw of one outage against the rule. */
export const judgeOutage = (lived: Lived): OutageReport => {
  const { chargers, window, frozen, outage } = lived
  const differences: string[] = []
  const models = new Map<string, ModelTotals>()
  const inWindow = ({ at }: { readonly at: number }) => at >= window.from && at <= window.to
  for (const charger of chargers) {
    const { model } = charger
    const entries = charger.ledger.filter((entry) => entry.madeAt >= window.from && entry.madeAt <= window.to)
    const totals = models.get(model.name) ?? none()
    models.set(model.name, totals)
    totals.chargers += 1
    totals.closed += charger.sockets.filter((event) => inWindow(event) && event.kind === 'closed').length
    totals.refusedUpgrades += charger.sockets.filter((event) => inWindow(event) && event.kind === 'refused').length
    totals.authorisedLocally += charger.authorisations.filter((one) => inWindow(one) && one.locally).length
    totals.refusedSessions += charger.refusedSessions.filter((at) => inWindow({ at })).length
    for (const entry of entries) {
      totals.made += 1
      totals.sessions += entry.kind === 'start' ? 1 : 0
      totals.sent += entry.sentAt.length > 0 ? 1 : 0
      totals.acknowledged += entry.acknowledgedAt === undefined ? 0 : 1
      totals.burnt += entry.burnt.length
      totals.mostBurnt = Math.max(totals.mostBurnt, entry.burnt.length)
      if (entry.dropped !== undefined) {
        const why = `${entry.kind}: ${entry.dropped.reason}`
        totals.dropped.set(why, (totals.dropped.get(why) ?? 0) + 1)
      }
      if (frozen.some((stretch) => answeredIn(entry, stretch)))
        differences.push(`${charger.id}: a ${entry.kind} was sent and answered while the log was frozen`)
    }
  }
  const mayBurn = outage === 'flap' ? 2 : 1
  for (const [name, totals] of models) {
    if (totals.mostBurnt > mayBurn) differences.push(`${name}: a message paid ${totals.mostBurnt} attempts`)
  }
  for (const charger of chargers) {
    const { name, attempts, meterAttempts } = charger.model
    const dropped = charger.ledger.filter((entry) => entry.dropped !== undefined && inWindow(entry.dropped))
    const wrong = dropped.filter(({ kind, dropped: why }) => {
      // an outage is never answered with one
      if (why?.reason === 'answered with an error') return true
      if (kind === 'meter' ? meterAttempts === Infinity : attempts === Infinity) return true
      // one attempt is all that it gives a meter value, and its room for them is its own
      if (kind === 'meter' && meterAttempts === 1) return false
      // the socket closes so that attempts are not used up; what a small queue cannot hold, nobody can keep
      return why?.reason === 'attempts exhausted' || outage === 'flap' || outage < smallQueueLastsS
    })
    for (const entry of wrong)
      differences.push(`${charger.id} (${name}) dropped a ${entry.kind}: ${entry.dropped?.reason}`)
  }
  differences.push(...judgeSockets(lived), ...judgeRemoteStop(lived))
  return { models, differences }
}

const answeredIn = ({ sentAt, acknowledgedAt }: LedgerEntry, { from, to }: Frozen): boolean =>
  acknowledgedAt !== undefined && (sentAt.at(-1) ?? 0) > from && acknowledgedAt < to

const none = (): ModelTotals => ({
  chargers: 0,
  sessions: 0,
  refusedSessions: 0,
  authorisedLocally: 0,
  made: 0,
  sent: 0,
  acknowledged: 0,
  burnt: 0,
  mostBurnt: 0,
  dropped: new Map(),
  closed: 0,
  refusedUpgrades: 0,
})

/** What a busy machine may take longer than it should, in ms. */
const slackMs = 1_500

/** Which sockets closed and when, and when and how fast chargers were let in again. */
const judgeSockets = ({ chargers, window, frozen, outage, secondMs }: Lived): string[] => {
  const differences: string[] = []
  const [first] = frozen
  const last = frozen.at(-1)
  if (first === undefined || last === undefined) return ['the log was never frozen']
  const ofWindow = <K extends SocketEvent['kind']>(charger: ModelCharger, kind: K) =>
    charger.sockets.filter(
      (event): event is Extract<SocketEvent, { kind: K }> =>
        event.kind === kind && event.at >= window.from && event.at <= window.to,
    )
  const inS = (at: number): string => `${((at - first.from) / secondMs).toFixed(1)} s after the log stopped`

  const detectedMs =
    Math.max(500, fieldTimes.appendDeadlineS * secondMs) + fieldTimes.idleProbeEveryS * secondMs + slackMs
  const quietEnds = first.from + fieldTimes.quietS * secondMs
  for (const charger of chargers) {
    const closed = ofWindow(charger, 'closed')
    for (const { code, at } of closed)
      if (code !== 1013) differences.push(`${charger.id}: its socket closed with ${code} ${inS(at)}`)
    if (closed.length > (outage === 'flap' ? 2 : 1))
      differences.push(`${charger.id}: its socket closed ${closed.length} times`)
    const idle = charger.ledger.length === 0
    if (idle && outage !== 'flap') {
      if (outage <= fieldTimes.quietS && closed.length > 0)
        differences.push(`${charger.id}: a socket without a wish closed ${inS(closed[0]!.at)}`)
      if (last.to > quietEnds + detectedMs) {
        const at = closed[0]?.at ?? Infinity
        if (at < quietEnds || at > quietEnds + detectedMs)
          differences.push(`${charger.id}: a socket without a wish closed ${inS(at)}`)
      }
    }
    for (const { burnt, kind } of charger.ledger)
      for (const { sentAt, at } of burnt)
        if (sentAt >= window.from && at - sentAt > fieldTimes.holdS * secondMs + slackMs)
          differences.push(
            `${charger.id}: the answer to a ${kind} was held for ${((at - sentAt) / secondMs).toFixed(1)} s`,
          )
  }

  const opens = chargers.flatMap((charger) => ofWindow(charger, 'open').map(({ at }) => at)).toSorted((a, b) => a - b)
  for (const { from, to } of frozen)
    for (const at of opens) if (at > from + 300 && at < to) differences.push(`a charger was let in ${inS(at)}`)
  // from then on the log is known not to be well
  const known = outage === 'flap' ? frozen[1]?.to : outage >= 20 + fieldTimes.appendDeadlineS ? last.to : undefined
  const wellAt = last.to + fieldTimes.wellAfterS * secondMs
  for (const at of opens)
    if (known !== undefined && at > known && at < wellAt)
      differences.push(`a charger was let in ${((at - last.to) / secondMs).toFixed(1)} s after the log went on`)
  const mostPerSecond = 2 * fieldTimes.readmissionsPerSecond
  for (const [i, at] of opens.entries()) {
    const together = opens.slice(i).filter((other) => other < at + 1_000).length
    if (at > last.to && together > mostPerSecond) {
      differences.push(`${together} chargers were let in within a second`)
      break
    }
  }
  return differences
}

/** It reaches its charger at once on the socket that has stayed, whatever the log does. */
const judgeRemoteStop = ({ frozen, remoteStop }: Lived): string[] => {
  const { charger, askedAt, outcome } = remoteStop
  const differences: string[] = []
  if (outcome !== 'result') differences.push(`${charger.id}: its remote stop was answered with ${outcome}`)
  const [arrived, ...more] = charger.remoteStops
  if (arrived === undefined || more.length > 0)
    return [...differences, `${charger.id}: ${charger.remoteStops.length} remote stops arrived`]
  if (arrived.at - askedAt > slackMs)
    differences.push(`${charger.id}: its remote stop took ${Math.round(arrived.at - askedAt)} ms`)
  const [first] = frozen
  if (first !== undefined && first.to - askedAt > slackMs && arrived.at > first.to)
    differences.push(`${charger.id}: its remote stop waited for the log`)
  return differences
}
