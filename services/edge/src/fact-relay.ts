import { createHash } from 'node:crypto'
import type { Bus } from '@voltrail/bus/bus'
import { BusError } from '@voltrail/bus/bus-error'
import { FactReply } from '@voltrail/contracts/facts'
import type { FactAnswer, FactRequest } from '@voltrail/contracts/facts'
import { factSubject, podFactSubject } from '@voltrail/contracts/subjects'
import { sleep } from '@voltrail/runtime/ticker'
import type { EdgeLimits } from './limits.ts'

export type AskOutcome =
  /** durable: the charger may be answered */
  | { readonly kind: 'answered'; readonly answer: FactAnswer }
  | {
      readonly kind: 'refused'
      readonly reason: Extract<FactReply, { outcome: 'refused' }>['reason']
      readonly detail: string
    }
  /** not durable, as far as we know, and no more time: say nothing to the charger */
  | { readonly kind: 'given-up'; readonly reason: string }
  /** larger than the bus carries, whatever we leave out; final */
  | { readonly kind: 'too-large' }

/** Which central pod answered this charger last: its cache is warm. One per connection, kept by the relay. */
export type Route = { pod?: string }

export type FactRelay = {
  /**
   * Asks central until it answers, always with the same fact id: at once, after `reaskMs` of silence, then with doubling
   * patience, for `holdMs` at most. First the pod that answered last; if it is gone or silent, the queue group.
   */
  ask(
    request: FactRequest,
    route: Route,
    options: { readonly holdMs: number; readonly signal?: AbortSignal },
  ): Promise<AskOutcome>
  /** Why central counts as unreachable, if the last asks say so. */
  unreachable(): string | undefined
}

type RelayLimits = Pick<EdgeLimits, 'reaskMs' | 'retryMs' | 'maxRetryMs'>

/** A failure says this long that central is away; then the next upgrade may find out. */
const failureCountsMs = 10_000

export const createFactRelay = (options: {
  readonly bus: Pick<Bus, 'request'>
  readonly limits: RelayLimits
  /** ends every ask that has no signal of its own */
  readonly stopped: AbortSignal
  /** milliseconds that never go back */
  readonly ticks?: () => number
  readonly onReply?: (seconds: number, outcome: 'answered' | 'refused' | 'given-up') => void
  readonly onReask?: () => void
  /** A reply that is no reply of ours: a defect of central or another version. */
  readonly onBadReply: (subject: string, problem: string) => void
}): FactRelay => {
  const { bus, limits, ticks = () => performance.now() } = options
  let failure: { reason: string; at: number } | undefined

  const ask: FactRelay['ask'] = async (request, route, { holdMs, signal = options.stopped }) => {
    const deadline = ticks() + holdMs
    const { tenant, chargerId, fact } = request
    let forms: FactRequest[] | undefined
    let asked = request
    let payload = encode(asked)
    let patienceMs = limits.reaskMs
    let pauseMs = limits.retryMs
    let reason = 'no time'

    for (let attempt = 0; ; attempt++) {
      const remaining = deadline - ticks()
      if (remaining < 1 || signal?.aborted) {
        const why = signal?.aborted ? 'nobody waits for it any more' : reason
        if (!signal?.aborted) failure = { reason: why, at: ticks() }
        return { kind: 'given-up', reason: why }
      }
      if (attempt > 0) options.onReask?.()
      const pod = route.pod
      const subject =
        pod === undefined
          ? factSubject(tenant, chargerId, fact.type)
          : podFactSubject(pod, tenant, chargerId, fact.type)
      const askedForMs = Math.min(patienceMs, remaining)

      let outcome
      try {
        outcome = await bus.request(subject, payload, { timeoutMs: askedForMs })
      } catch (error) {
        if (!(error instanceof BusError) || error.fault !== 'payload-too-large') throw error
        forms ??= slimmer(request)
        const next = forms.shift()
        if (next === undefined) return { kind: 'too-large' }
        asked = asked.failed === undefined ? next : { ...next, failed: asked.failed }
        payload = encode(asked)
        continue
      }

      switch (outcome.kind) {
        case 'reply': {
          const reply = readReply(outcome.data)
          if (typeof reply === 'string') {
            options.onBadReply(subject, reply)
            delete route.pod
            reason = 'central answered something that is no answer'
            break
          }
          if (reply.outcome === 'answered') {
            route.pod = reply.pod
            failure = undefined
            return { kind: 'answered', answer: reply.answer }
          }
          if (reply.outcome === 'refused') {
            failure = undefined
            return { kind: 'refused', reason: reply.reason, detail: reply.detail }
          }
          reason = reply.reason
          if (reply.failed !== undefined) {
            asked = { ...asked, failed: reply.failed }
            payload = encode(asked)
          }
          // another pod may have what this one lacks
          delete route.pod
          break
        }
        case 'no-responders':
          reason = 'no central is there'
          // a pod that is gone is no reason to wait: another one serves the queue group
          if (pod !== undefined) {
            delete route.pod
            continue
          }
          break
        case 'timeout':
          // an ask that the deadline cut short says less than the one before it
          if (attempt === 0 || askedForMs === patienceMs) {
            reason = `central did not answer within ${Math.round(askedForMs)} ms`
          }
          delete route.pod
          patienceMs *= 2
          continue
        case 'disconnected':
          reason = 'the connection to NATS is away'
          delete route.pod
          break
      }
      await sleep(Math.min(pauseMs, Math.max(0, deadline - ticks())), signal)
      pauseMs = Math.min(pauseMs * 2, limits.maxRetryMs)
    }
  }

  return {
    async ask(request, route, askOptions) {
      const begun = performance.now()
      const outcome = await ask(request, route, askOptions)
      options.onReply?.((performance.now() - begun) / 1000, outcome.kind === 'too-large' ? 'given-up' : outcome.kind)
      return outcome
    },
    unreachable() {
      if (failure === undefined || ticks() - failure.at > failureCountsMs) return undefined
      return failure.reason
    },
  }
}

const encode = (request: FactRequest): Uint8Array => Buffer.from(JSON.stringify(request))

/**
 * What is said of a fact that is larger than the bus carries: first without its evidence, of which the hash goes along, then
 * without its samples. Registers, tags and times always go: the charger's queue must not stick on one message.
 */
const slimmer = ({ frame, ...request }: FactRequest): FactRequest[] => {
  const note = (rule: string, raw: string) => ({ rule, path: '', raw })
  const hash = frame === undefined ? 'none' : createHash('sha256').update(frame).digest('hex')
  const frameNote = note('frame-left-out', `sha256 ${hash}, ${frame?.length ?? 0} characters`)
  const bare = { ...request, normalisations: [...request.normalisations, frameNote] }
  if (!('samples' in bare.fact)) return [bare]
  const samplesNote = note('samples-left-out', `${bare.fact.samples.length} samples`)
  const poor = { ...bare, normalisations: [...bare.normalisations, samplesNote], fact: { ...bare.fact, samples: [] } }
  return [bare, poor]
}

const readReply = (data: Uint8Array): FactReply | string => {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(data).toString('utf8'))
  } catch {
    return 'not JSON'
  }
  const reply = FactReply.safeParse(json)
  return reply.success ? reply.data : reply.error.message.slice(0, 300)
}
