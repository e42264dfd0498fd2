import { setTimeout as wait } from 'node:timers/promises'
import { benchTag } from './contenders.ts'
import { eventLog } from './event-log-scenario.ts'
import { cpuBetween, sum, usesOf } from './process-use.ts'
import { projectionLag, reportingRebuild } from './read-model-scenarios.ts'
import { connected, measured, type Scenario } from './scenario.ts'

const sessions = (chargers: number, long?: true): Scenario => ({
  name: `sessions-${chargers}`,
  what: `${chargers} chargers, session after session, one open CALL each`,
  chargers,
  ...(long && { long }),
  async run({ contender, load, prefix, seconds }) {
    await connected(chargers, contender, load, prefix)
    return measured(contender, () => load.order({ do: 'sessions', seconds, idTag: benchTag }))
  },
})

const boots = (chargers: number, long?: true): Scenario => ({
  name: `boots-${chargers}`,
  what: `${chargers} chargers connect and boot at once`,
  chargers,
  ...(long && { long }),
  run: ({ contender, load, prefix }) =>
    measured(contender, () => load.order({ do: 'connect', url: contender.url, chargers, prefix, atOnce: chargers })),
})

const steady = (chargers: number, perSecond: number, long?: true): Scenario => ({
  name: `steady-${chargers}`,
  what: `${perSecond} heartbeats and status notifications a second from ${chargers} chargers`,
  chargers,
  ...(long && { long }),
  async run({ contender, load, prefix, seconds }) {
    await connected(chargers, contender, load, prefix)
    return measured(contender, () => load.order({ do: 'steady', seconds, perSecond }))
  },
})

const startTogether: Scenario = {
  name: 'start-1000',
  what: '1,000 chargers start a session at the same moment',
  chargers: 1_000,
  async run({ contender, load, prefix }) {
    await connected(1_000, contender, load, prefix)
    return measured(contender, () => load.order({ do: 'start-together', idTag: benchTag }))
  },
}

/** so long is looked at what keeping up so many connections takes */
const restSeconds = 30

const idle = (chargers: number): Scenario => ({
  name: `idle-${chargers}`,
  what: `memory of ${chargers} connected chargers that say nothing`,
  chargers,
  long: true,
  async run({ contender, load, prefix }) {
    await contender.settled()
    const before = usesOf(contender.processes(), true)
    const { messages, seconds, latencies } = await connected(chargers, contender, load, prefix)
    await contender.settled()
    // what is only garbage of the boots goes with time
    await wait(10_000)
    const rest = usesOf(contender.processes())
    await wait(restSeconds * 1_000)
    const after = usesOf(contender.processes(), true)
    const kib = [...after].map(([name, use]) => [name, (use.kib - (before.get(name)?.kib ?? 0)) / chargers] as const)
    const cores = sum(cpuBetween(rest, after).values()) / restSeconds
    return {
      messages,
      seconds,
      latencies,
      cpu: new Map(),
      kibPerCharger: sum(kib.map(([, each]) => each)),
      more: {
        'cores per 1,000 idle chargers': (cores / chargers) * 1_000,
        ...Object.fromEntries(kib.map(([name, each]) => [`${name} KiB`, each])),
      },
    }
  },
})

/** At most 1,000 frames a second are offered, also to the slowest of the three. */
const offered = 400

export const scenarios: readonly Scenario[] = [
  sessions(100),
  projectionLag,
  startTogether,
  boots(1_000),
  eventLog,
  reportingRebuild,
  sessions(1_000, true),
  boots(10_000, true),
  steady(100, offered, true),
  steady(10_000, offered, true),
  idle(10_000),
]
