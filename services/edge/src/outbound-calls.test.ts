import { callFrame, parseFrame } from '@voltrail/ocpp/framing'
import type { ErrorFrame, ResultFrame } from '@voltrail/ocpp/framing'
import { createOutboundCalls } from './outbound-calls.ts'
import type { CallOutcome } from './outbound-calls.ts'

const setUp = (limits: { slotMs?: number; queueLimit?: number } = {}) => {
  const sent: string[] = []
  const late: CallOutcome[] = []
  const hold = { open: true }
  let n = 0
  const calls = createOutboundCalls({
    send: (text) => sent.push(text),
    hold,
    slotMs: 1_000,
    queueLimit: 4,
    lateLimit: 2,
    newMessageId: () => `m${++n}`,
    ...limits,
  })
  return {
    calls,
    sent,
    late,
    hold,
    call: (action: string, timeoutMs = 1_000) =>
      calls.call({
        frame: (id) => callFrame(id, action, {}),
        timeoutMs,
        onLate: (outcome) => late.push(outcome),
      }),
    answer: (text: string) => calls.receive(parseFrame(text) as ResultFrame | ErrorFrame, text),
  }
}

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

describe('calls to a charger', () => {
  it('go out one at a time, and each gets its own answer', async () => {
    const { call, sent, answer } = setUp()
    const one = call('Reset')
    const two = call('ClearCache')
    expect(sent).toEqual(['[2,"m1","Reset",{}]'])
    expect(answer('[3,"m1",{"status":"Accepted"}]')).toBe('settled')
    expect(sent).toHaveLength(2)
    expect(answer('[4,"m2","NotSupported","no",{}]')).toBe('settled')
    expect(await one).toEqual({
      kind: 'result',
      payload: { status: 'Accepted' },
      sent: '[2,"m1","Reset",{}]',
      received: '[3,"m1",{"status":"Accepted"}]',
    })
    expect(await two).toMatchObject({ kind: 'callError', code: 'NotSupported', description: 'no' })
  })

  it('that wait are dropped on demand; the one that was sent still gets its answer', async () => {
    const { calls, call, sent, answer } = setUp()
    const [one, two] = [call('Reset'), call('ClearCache')]
    calls.dropWaiting('rejected')
    expect(await two).toEqual({ kind: 'notSent', reason: 'rejected' })
    answer('[3,"m1",{"status":"Accepted"}]')
    expect(await one).toMatchObject({ kind: 'result' })
    expect(sent).toHaveLength(1)
  })

  it('wait for the hold, and are not sent when it opens too late', async () => {
    const { calls, call, sent, hold } = setUp()
    hold.open = false
    const one = call('Reset', 100)
    const two = call('ClearCache', 500)
    await jest.advanceTimersByTimeAsync(100)
    expect(await one).toMatchObject({ kind: 'notSent', reason: expect.stringContaining('boot') })
    hold.open = true
    calls.wake()
    expect(sent).toEqual(['[2,"m1","ClearCache",{}]'])
    calls.close('over')
    expect(await two).toMatchObject({ kind: 'timeout' })
  })

  it('time out, and the late answer is reported once', async () => {
    const { call, late, answer } = setUp()
    const one = call('Reset', 100)
    await jest.advanceTimersByTimeAsync(100)
    expect(await one).toEqual({ kind: 'timeout', sent: '[2,"m1","Reset",{}]' })
    expect(answer('[3,"m1",{"status":"Accepted"}]')).toBe('late')
    expect(late).toMatchObject([{ kind: 'result', payload: { status: 'Accepted' } }])
    expect(answer('[3,"m1",{"status":"Accepted"}]')).toBe('unknown')
  })

  it('free the slot after its time even if their own deadline is later', async () => {
    const { call, sent, answer } = setUp({ slotMs: 200 })
    const slow = call('GetConfiguration', 1_000)
    const next = call('ClearCache', 1_000)
    await jest.advanceTimersByTimeAsync(200)
    expect(sent).toHaveLength(2)
    expect(answer('[3,"m1",{}]')).toBe('settled')
    expect(answer('[3,"m2",{}]')).toBe('settled')
    expect(await slow).toMatchObject({ kind: 'result' })
    expect(await next).toMatchObject({ kind: 'result' })
  })

  it('keep the slot of a call that timed out until the slot time is over', async () => {
    const { call, sent } = setUp({ slotMs: 500 })
    void call('Reset', 100)
    void call('ClearCache', 1_000)
    await jest.advanceTimersByTimeAsync(400)
    expect(sent).toHaveLength(1)
    await jest.advanceTimersByTimeAsync(100)
    expect(sent).toHaveLength(2)
  })

  it('are refused when too many wait', async () => {
    const { call } = setUp({ queueLimit: 1 })
    void call('Reset')
    void call('Reset')
    expect(await call('Reset')).toMatchObject({ kind: 'notSent', reason: expect.stringContaining('waiting') })
  })

  it('end with the connection: what waits was not sent, what was sent has no answer', async () => {
    const { calls, call } = setUp()
    const sentOne = call('Reset')
    const waitingOne = call('ClearCache')
    calls.close('the connection closed')
    expect(await sentOne).toMatchObject({ kind: 'timeout' })
    expect(await waitingOne).toEqual({ kind: 'notSent', reason: 'the connection closed' })
    expect(await call('Reset')).toEqual({ kind: 'notSent', reason: 'the connection closed' })
    await calls.idle()
  })

  it('ignore answers to calls that nobody made', () => {
    expect(setUp().answer('[3,"nobody",{}]')).toBe('unknown')
  })
})
