import {
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  context,
  createTraceState,
  isSpanContextValid,
  trace,
} from '@opentelemetry/api'
import type { Attributes, Context, Span } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node'

export type { Attributes, Context, Span } from '@opentelemetry/api'

export type Tracing = {
  /** Sends what is still buffered, then ends. */
  stop(): Promise<void>
}

/** Headers of a message that crosses a process, names in lower case. */
export type TraceHeaders = { traceparent?: string; tracestate?: string }

const scope = 'voltrail'
/** Also bounds how long a stop waits for a collector that does not answer. */
const exportDeadlineMs = 3_000

/**
 * Sends spans to an OTLP/HTTP collector (`endpoint` is the full URL, with `/v1/traces`). Without an endpoint nothing is recorded
 * and `withSpan` costs next to nothing, yet the trace of a caller is still handed on.
 * Once per process: the provider is global.
 */
export function startTracing(options: {
  readonly service: string
  readonly endpoint?: string | undefined
  readonly ratio?: number
}): Tracing {
  if (!options.endpoint) return { stop: () => Promise.resolve() }
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.service }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.ratio ?? 1) }),
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url: options.endpoint, timeoutMillis: exportDeadlineMs })),
    ],
  })
  // propagation is done by hand below: it must also work where nothing is exported
  provider.register({ propagator: null })
  return {
    async stop() {
      // a collector that is away must not turn a clean shutdown into a failed one: spans are best effort
      await provider.shutdown().catch(() => undefined)
      trace.disable()
      context.disable()
    },
  }
}

/**
 * Runs `fn` inside a span, which is its child when `parent` is given (from `extractTrace`), else of the span that runs now.
 * An error marks the span and is thrown on. The span ends with the promise.
 */
export async function withSpan<T>(
  name: string,
  attributes: Attributes,
  parent: Context | undefined,
  fn: (span: Span) => Promise<T> | T,
): Promise<T> {
  const from = parent ?? context.active()
  const span = trace.getTracer(scope).startSpan(name, { attributes }, from)
  try {
    return await context.with(trace.setSpan(from, span), () => fn(span))
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error))
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
    throw error
  } finally {
    span.end()
  }
}

/** The headers that hand a span on (W3C Trace Context); empty when there is no trace. */
export function traceHeaders(span?: Span): TraceHeaders {
  const current = (span ?? trace.getActiveSpan())?.spanContext()
  if (!current || !isSpanContextValid(current)) return {}
  const traceparent = `00-${current.traceId}-${current.spanId}-${(current.traceFlags & 0xff).toString(16).padStart(2, '0')}`
  const tracestate = current.traceState?.serialize()
  return tracestate ? { traceparent, tracestate } : { traceparent }
}

/** The caller's trace from the headers of a message; undefined when there is none or it is malformed (W3C Trace Context §3.2). */
export function extractTrace(headers: {
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
}): Context | undefined {
  const [, version, traceId, spanId, flags, more] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(headers.traceparent?.trim() ?? '') ?? []
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined
  // version 00 has nothing behind the flags; ff is never valid
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  const spanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(headers.tracestate && { traceState: createTraceState(headers.tracestate) }),
  }
  return isSpanContextValid(spanContext) ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : undefined
}
