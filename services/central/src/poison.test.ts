import type { FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { ChargerId, FactId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream } from '@voltrail/contracts/streams'
import { EventUnreadable } from '@voltrail/event-store/event-log'
import { createPods } from './oracle/pods.ts'
import { createSharedLog, type SharedLog } from './oracle/shared-log.ts'
import { createTwinBus, createTwinVault } from './oracle/twins.ts'

const tenant = 'default' as TenantId
const chargerId = 'CP1' as ChargerId
const now = () => instant(Date.parse('2026-03-01T08:00:00.000Z'))
const time = { raw: '2026-03-01T08:00:00Z', at: now() }

const ask = (factId: string, fact: FactRequest['fact'], failed?: number): FactRequest => ({
  factId: factId as FactId,
  tenant,
  chargerId,
  edge: 'edge-1',
  receivedAt: now(),
  normalisations: [],
  frame: `[2,"${factId}","${fact.type}",{}]`,
  ...(failed === undefined ? {} : { failed }),
  fact,
})
const start = {
  type: 'TransactionStart',
  evseId: 1,
  connectorId: 1,
  idToken: { value: '04A1B2C3', type: 'ISO14443' },
  meterStart: { value: '100', unit: 'Wh' },
  time,
  raw: { connector: '1', idToken: '04A1B2C3', timestamp: time.raw, meterStart: '100' },
} as const

const openPods = (spoil: (log: SharedLog) => SharedLog) => {
  const log = createSharedLog({ pauses: [], stalls: [], faults: [] })
  const pods = createPods(2, { log: spoil(log), vault: createTwinVault(), bus: createTwinBus().bus, now })
  return {
    pods,
    parked: () => log.stored(chargerStream(tenant, chargerId)).filter(({ type }) => type === 'FrameParked'),
  }
}

/** What some of two pods meet in the stream of any session: an event that is written by a newer build, or damaged. */
const unreadableFor =
  (unable: readonly string[], newer: boolean) =>
  (log: SharedLog): SharedLog => ({
    ...log,
    podLog(name) {
      const { log: inner, crashed } = log.podLog(name)
      if (!unable.includes(name)) return { log: inner, crashed }
      const readBackward: typeof inner.readBackward = (stream, ...rest) => {
        if (!stream.startsWith('session-')) return inner.readBackward(stream, ...rest)
        throw new EventUnreadable(stream, 0, 'a SessionStarted of version 9', { newer })
      }
      return { log: { ...inner, readBackward }, crashed }
    },
  })

describe('a message that fails though nothing is away', () => {
  const damaged = (...pods: string[]) => openPods(unreadableFor(pods, false))

  it('is parked and answered at the second failure, also when each was on another pod', async () => {
    const { pods, parked } = damaged('pod-1', 'pod-2')
    expect(await pods.ask(0, ask('1.1', start))).toMatchObject({ outcome: 'unavailable', failed: 1 })
    expect(parked()).toEqual([])
    expect(await pods.ask(1, ask('1.1', start, 1))).toMatchObject({
      outcome: 'answered',
      answer: {
        type: 'TransactionStart',
        transactionId: expect.any(String),
        authorization: { status: expect.any(String) },
      },
    })
    expect(parked()).toMatchObject([{ data: { reason: 'poison', meant: 'TransactionStart' } }])
  })

  it('is parked too when the one pod that is asked again was not told of its failure', async () => {
    const { pods, parked } = damaged('pod-1')
    expect(await pods.ask(0, ask('1.1', start))).toMatchObject({ outcome: 'unavailable', failed: 1 })
    expect(await pods.ask(0, ask('1.1', start))).toMatchObject({ outcome: 'answered' })
    expect(parked()).toHaveLength(1)
  })

  it('is recorded like any other when another pod does not fail', async () => {
    const { pods, parked } = damaged('pod-1')
    expect(await pods.ask(0, ask('1.1', start))).toMatchObject({ outcome: 'unavailable', failed: 1 })
    expect(await pods.ask(1, ask('1.1', start, 1))).toMatchObject({
      outcome: 'answered',
      answer: { type: 'TransactionStart' },
    })
    expect(parked()).toEqual([])
  })
})

describe('a pod that meets an event of a newer build', () => {
  it('parks nothing for it, however often it is asked: the message waits for a pod that can read the log', async () => {
    const { pods, parked } = openPods(unreadableFor(['pod-1'], true))
    for (let times = 0; times < 5; times += 1) {
      const reply = (await pods.ask(0, ask('1.1', start))) as FactReply
      expect(reply).toMatchObject({ outcome: 'unavailable', reason: expect.stringContaining('version 9') })
      expect(reply).not.toHaveProperty('failed')
    }
    expect(parked()).toEqual([])
    expect(await pods.ask(1, ask('1.1', start))).toMatchObject({
      outcome: 'answered',
      answer: { type: 'TransactionStart' },
    })
  })
})
