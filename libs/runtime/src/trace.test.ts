import { trace } from '@opentelemetry/api'
import { extractTrace, startTracing, traceHeaders, withSpan } from './trace.ts'

const parent = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'vendor=1' }

describe('trace headers', () => {
  it('hand on what they were given', () => {
    const context = extractTrace(parent)
    expect(context && traceHeaders(trace.getSpan(context))).toEqual(parent)
  })

  it.each([
    [undefined],
    [''],
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331'],
    ['00-00000000000000000000000000000000-b7ad6b7169203331-01'],
    ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01'],
    ['ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more'],
    ['00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01'],
  ])('are ignored when malformed: %s', (traceparent) => {
    expect(extractTrace({ traceparent })).toBeUndefined()
  })

  it('of a later version are read as far as they are known', () => {
    expect(extractTrace({ traceparent: '01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more' })).toBeDefined()
  })

  it('are empty without a trace', () => {
    expect(traceHeaders()).toEqual({})
  })
})

describe('without a collector', () => {
  it('nothing is recorded, yet the caller’s trace is handed on', async () => {
    const tracing = startTracing({ service: 'edge' })
    const headers = await withSpan('fact', {}, extractTrace(parent), (span) => ({
      recording: span.isRecording(),
      ...traceHeaders(span),
    }))
    expect(headers).toEqual({ recording: false, ...parent })
    await tracing.stop()
  })
})
