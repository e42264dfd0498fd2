import { ChargerId, ConnectionEpoch, FactId, TenantId } from '@voltrail/contracts/ids'
import type { FactReply, FactRequest } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import { BusError } from '@voltrail/bus/bus-error'
import type { Bus } from '@voltrail/bus/bus'
import { createFactRelay } from './fact-relay.ts'
import type { Route } from './fact-relay.ts'

const request = (fact: FactRequest['fact']): FactRequest => ({
  factId: FactId.parse('7.1'),
  tenant: TenantId.parse('default'),
  chargerId: ChargerId.parse('CP1'),
  epoch: ConnectionEpoch.parse('7'),
  edge: 'edge-0',
  receivedAt: instant(0),
  normalisations: [],
  frame: 'x'.repeat(100),
  fact,
})
const authorize = request({ type: 'Authorize', idToken: { value: 'A', type: 'ISO14443' } })
const answered: FactReply = {
  outcome: 'answered',
  pod: 'p1',
  answer: { type: 'Authorize', authorization: { status: 'Accepted' } },
}
const reply = (value: unknown) => ({ kind: 'reply', data: Buffer.from(JSON.stringify(value)), headers: {} }) as const

/** A bus that gives what the test lists, in order, then silence. */
const scripted = (outcomes: (Awaited<ReturnType<Bus['request']>> | Error)[]) => {
  const asked: { subject: string; request: FactRequest }[] = []
  const bad: string[] = []
  const stopped = new AbortController()
  const relay = createFactRelay({
    bus: {
      request: async (subject, payload, { timeoutMs }) => {
        asked.push({ subject, request: JSON.parse(Buffer.from(payload).toString()) as FactRequest })
        const outcome = outcomes.shift()
        if (outcome instanceof Error) throw outcome
        if (outcome !== undefined) return outcome
        await new Promise((resolve) => setTimeout(resolve, timeoutMs))
        return { kind: 'timeout' }
      },
    },
    limits: { reaskMs: 20, retryMs: 1, maxRetryMs: 4 },
    stopped: stopped.signal,
    onBadReply: (_subject, problem) => bad.push(problem),
  })
  return { relay, asked, bad, stopped }
}

describe('the fact relay', () => {
  it('goes at once from a pod that is gone to the queue group', async () => {
    const { relay, asked } = scripted([{ kind: 'no-responders' }, reply(answered)])
    const route: Route = { pod: 'p0' }
    expect(await relay.ask(authorize, route, { holdMs: 1_000 })).toEqual({ kind: 'answered', answer: answered.answer })
    expect(asked.map(({ subject }) => subject)).toEqual([
      'voltrail.default.pod.p0.fact.CP1.Authorize',
      'voltrail.default.fact.CP1.Authorize',
    ])
    expect(route).toEqual({ pod: 'p1' })
  })

  it('asks the same thing again after silence, a cut, nobody and unavailability', async () => {
    const { relay, asked } = scripted([
      { kind: 'timeout' },
      { kind: 'disconnected', sent: true },
      { kind: 'no-responders' },
      reply({ outcome: 'unavailable', reason: 'the log is away' }),
      reply(answered),
    ])
    expect(await relay.ask(authorize, {}, { holdMs: 1_000 })).toMatchObject({ kind: 'answered' })
    expect(asked).toHaveLength(5)
    expect(new Set(asked.map(({ request: { factId } }) => factId))).toEqual(new Set(['7.1']))
    expect(relay.unreachable()).toBeUndefined()
  })

  it('says how often a message has failed when it asks again, so that pods count its failures together', async () => {
    const { relay, asked } = scripted([
      reply({ outcome: 'unavailable', reason: 'it failed', failed: 1 }),
      new BusError('payload-too-large', 'too large'),
      reply({ outcome: 'unavailable', reason: 'the log is away' }),
      reply(answered),
    ])
    await relay.ask(authorize, {}, { holdMs: 1_000 })
    expect(asked.map(({ request: { failed } }) => failed)).toEqual([undefined, 1, 1, 1])
    expect(asked.at(-1)?.request).not.toHaveProperty('frame')
  })

  it('takes a refusal for final', async () => {
    const { relay, asked } = scripted([reply({ outcome: 'refused', reason: 'not-registered', detail: 'no' })])
    expect(await relay.ask(authorize, {}, { holdMs: 1_000 })).toEqual({
      kind: 'refused',
      reason: 'not-registered',
      detail: 'no',
    })
    expect(asked).toHaveLength(1)
  })

  it('gives up when the hold is over, says why, and says so to readiness', async () => {
    const { relay } = scripted([])
    const begun = Date.now()
    expect(await relay.ask(authorize, {}, { holdMs: 100 })).toEqual({
      kind: 'given-up',
      reason: expect.stringContaining('did not answer'),
    })
    expect(Date.now() - begun).toBeGreaterThanOrEqual(95)
    expect(relay.unreachable()).toContain('did not answer')
  })

  it('gives up when nobody waits any more', async () => {
    const { relay } = scripted([{ kind: 'no-responders' }])
    const gone = new AbortController()
    gone.abort()
    expect(await relay.ask(authorize, {}, { holdMs: 1_000, signal: gone.signal })).toMatchObject({ kind: 'given-up' })
    expect(relay.unreachable()).toBeUndefined()
  })

  it('reports an answer that is none and asks on', async () => {
    const { relay, bad } = scripted([reply({ outcome: 'perhaps' }), reply(answered)])
    expect(await relay.ask(authorize, {}, { holdMs: 1_000 })).toMatchObject({ kind: 'answered' })
    expect(bad).toHaveLength(1)
  })

  it('leaves out the frame, then the samples, of what is too large for the bus', async () => {
    const tooLarge = new BusError('payload-too-large', 'too large')
    const stop = request({
      type: 'TransactionStop',
      time: { raw: '' },
      samples: [{ time: { raw: '' }, values: [] }],
      raw: { transaction: '', idToken: '', timestamp: '', meterStop: '' },
    })
    const { relay, asked } = scripted([tooLarge, tooLarge, reply({ ...answered, answer: { type: 'TransactionStop' } })])
    expect(await relay.ask(stop, {}, { holdMs: 1_000 })).toMatchObject({ kind: 'answered' })
    const [whole, bare, poor] = asked.map((ask) => ask.request)
    expect(whole).toHaveProperty('frame')
    expect(bare).not.toHaveProperty('frame')
    expect(bare?.fact).toHaveProperty('samples.length', 1)
    expect(poor?.fact).toHaveProperty('samples.length', 0)
    expect(poor?.normalisations.map(({ rule }) => rule)).toEqual(['frame-left-out', 'samples-left-out'])
    expect(await scripted([tooLarge, tooLarge]).relay.ask(authorize, {}, { holdMs: 1_000 })).toEqual({
      kind: 'too-large',
    })
  })
})
