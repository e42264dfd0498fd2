import type { Fact, FactAnswer, FactRequest, Normalisation, Registration } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import { errorFrame, resultFrame } from '@voltrail/ocpp/framing'
import type { CallFrame } from '@voltrail/ocpp/framing'
import type { InboundContext } from '@voltrail/ocpp/inbound-context'
import type { OcppProtocol } from '@voltrail/ocpp/protocol'
import { redactFrame, redactJson } from '@voltrail/ocpp/redact'
import type { Digest } from '@voltrail/ocpp/redact'
import { traceHeaders, withSpan } from '@voltrail/runtime/trace'
import type { EdgeMetrics } from './edge-metrics.ts'
import type { AskOutcome } from './fact-relay.ts'
import type { FactSource } from './fact-source.ts'
import type { EdgeLimits } from './limits.ts'
import { createStoredAnswers, repeatKey } from './stored-answers.ts'

export type ReceivedCall = {
  readonly frame: CallFrame
  readonly text: string
  readonly receivedAt: number
  /** the same moment on the clock that never jumps */
  readonly since: number
}

/** What to do with a CALL: send an answer, which may be that it was of no use, or end the connection without one. */
export type CallHandled =
  | { readonly kind: 'answer'; readonly text: string; readonly usable: boolean }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }

export type InboundCalls = {
  handle(call: ReceivedCall): Promise<CallHandled>
  /** what is known of the charger now, for reading its next frame */
  context(): InboundContext
}

/** What a charger is told when our rules say no; the same names in every OCPP version. */
const refusals = {
  'not-registered': 'SecurityError',
  'unknown-charger': 'SecurityError',
  'bad-credential': 'SecurityError',
  'contested-identity': 'SecurityError',
  'no-subprotocol': 'InternalError',
  'invalid-request': 'InternalError',
} as const

/** What is taken from a rejected charger too: it says nothing of whether it still is one. */
const toldByRejected: ReadonlySet<FactAnswer['type']> = new Set([
  'TransactionStart',
  'MeterValues',
  'TransactionStop',
  'Malformed',
  'LateAnswer',
])

/**
 * The CALLs of one connection, given one at a time. A heartbeat is presence and answered here; everything else is answered
 * once central says that it is durable. An outage is never answered with a CALLERROR: the charger would drop the message.
 */
export const createInboundCalls = (options: {
  readonly protocol: OcppProtocol
  readonly context: InboundContext
  /** as it was when the charger connected */
  readonly registration: Registration
  readonly source: FactSource
  readonly digest: Digest
  /** @param since when the charger began to wait for this answer */
  readonly ask: (request: FactRequest, since: number) => Promise<AskOutcome>
  readonly limits: Pick<EdgeLimits, 'storedAnswers' | 'storedAnswerMs'>
  readonly metrics: Pick<EdgeMetrics, 'answers' | 'frames' | 'quirks'>
  readonly now: () => number
  readonly ticks: () => number
  /** Hears of each durable fact before its answer is sent. */
  readonly onAnswered: (answer: FactAnswer) => void
  /** Hears once when a message is of another version of OCPP than its connection. */
  readonly onOtherVersion?: (action: string) => void
}): InboundCalls => {
  const { protocol, source, digest, metrics, now, ticks } = options
  const answers = createStoredAnswers(options.limits)
  let context = options.context
  let otherVersionTold = false
  /** rejected by its operator, as far as is known here: central says so when asked, a heartbeat is not asked about */
  let rejected = options.registration === 'Rejected'

  const answered = (outcome: string, action: string, text: string): CallHandled => {
    const usable = outcome !== 'error' && outcome !== 'refused'
    metrics.answers.inc({ outcome })
    metrics.frames.inc({ direction: 'out', type: usable ? 'result' : 'error', action })
    return { kind: 'answer', text, usable }
  }

  const handle = async ({ frame, text, receivedAt, since }: ReceivedCall): Promise<CallHandled> => {
    const key = repeatKey(frame.echoId, frame.action, frame.payload)
    const stored = answers.find(key, ticks())
    if (stored !== undefined) {
      metrics.frames.inc({ direction: 'in', type: 'call', action: frame.action })
      return answered('repeated', frame.action, stored)
    }

    if (context.strict && frame.normalisations.length > 0) {
      const rules = frame.normalisations.map(({ rule }) => rule)
      const code = rules.some((rule) => rule.startsWith('Q25-payload-')) ? 'ProtocolError' : 'FormationViolation'
      metrics.frames.inc({ direction: 'in', type: 'call', action: 'unknown' })
      return answered(
        'error',
        'unknown',
        errorFrame(frame.echoId, code, `the frame is not as OCPP-J has it: ${rules.join(', ')}`),
      )
    }

    const inbound = protocol.inbound(frame.action, frame.payload, context)
    const known = inbound.kind !== 'error' || inbound.code !== 'NotImplemented'
    const action = known ? frame.action : 'unknown'
    metrics.frames.inc({ direction: 'in', type: 'call', action })
    const notes = [...frame.normalisations, ...inbound.normalisations]
    for (const rule of new Set(notes.map((note) => note.rule))) metrics.quirks.inc({ rule })
    if (!otherVersionTold && notes.some(({ rule }) => rule === 'Q5-other-version-spoken')) {
      otherVersionTold = true
      options.onOtherVersion?.(frame.action)
    }

    if (rejected && inbound.kind !== 'fact')
      return answered('refused', action, errorFrame(frame.echoId, 'SecurityError', 'this charger is rejected'))
    switch (inbound.kind) {
      case 'error':
        return answered('error', action, errorFrame(frame.echoId, inbound.code, inbound.description, inbound.details))
      case 'heartbeat':
        // not stored: a repeat deserves the present time, and it is no fact
        return answered('answered', action, resultFrame(frame.echoId, inbound.answer(instant(now()))))
      case 'fact': {
        const { fact, evidence, redactions } = withoutSecrets(inbound.fact, text, digest)
        const outcome = await withSpan(`ocpp ${action}`, { 'ocpp.action': action }, undefined, (span) =>
          options.ask(
            source(fact, {
              receivedAt,
              messageId: frame.messageId,
              frame: evidence,
              normalisations: [...notes, ...redactions],
              traceparent: traceHeaders(span).traceparent,
            }),
            since,
          ),
        )
        switch (outcome.kind) {
          case 'answered': {
            const { answer } = outcome
            const result = resultFrame(frame.echoId, inbound.answer(answer, instant(now())))
            // a boot that was not accepted must be able to turn out otherwise under the same message id
            if (answer.type !== 'Boot' || answer.registration === 'Accepted') answers.keep(key, result, ticks())
            if (inbound.fact.type === 'Boot') {
              const { vendor, model, firmwareVersion } = inbound.fact
              context = { ...context, vendor, model, ...(firmwareVersion !== undefined && { firmwareVersion }) }
            }
            if (inbound.fact.type === 'ConnectorStatus' && inbound.fact.evseId > (context.evses ?? 0))
              context = { ...context, evses: inbound.fact.evseId }
            if (answer.type === 'Boot') rejected = answer.registration === 'Rejected'
            else if (!toldByRejected.has(answer.type)) rejected = false
            options.onAnswered(answer)
            return answered('answered', action, result)
          }
          case 'refused':
            if (outcome.reason === 'not-registered') rejected = true
            return answered('refused', action, errorFrame(frame.echoId, refusals[outcome.reason], outcome.detail))
          case 'given-up':
            metrics.answers.inc({ outcome: 'given-up' })
            return { kind: 'close', code: 1013, reason: 'not stored, connect again later' }
          case 'too-large':
            metrics.answers.inc({ outcome: 'given-up' })
            return { kind: 'close', code: 1009, reason: 'the message is larger than can be taken' }
        }
      }
    }
  }
  return { handle, context: () => context }
}

/** Secrets end here: what central gets holds digests in their place, and says so. */
const withoutSecrets = (
  fact: Fact,
  text: string,
  digest: Digest,
): { fact: Fact; evidence: string; redactions: Normalisation[] } => {
  const frame = redactFrame(text, digest)
  const redactions = frame.redacted ? [{ rule: 'secret-redacted', path: '', raw: '' }] : []
  // a vendor may write anything there: where its logs go to, with a password
  if (fact.type === 'ConnectorStatus')
    return { fact: frame.redacted ? redactJson(fact, digest).value : fact, evidence: frame.text, redactions }
  if (fact.type !== 'VendorData' || fact.data === undefined) return { fact, evidence: frame.text, redactions }
  return { fact: { ...fact, data: redactFrame(fact.data, digest).text }, evidence: frame.text, redactions }
}
