import { eventually } from './fixtures/eventually.ts'
import type { CallOutcome } from './link.ts'
import { MessageQueue } from './message-queue.ts'
import type {
  Delivery,
  Loss,
  QueueOptions,
  RetryPolicy,
  TransactionAction,
  TransactionMessage,
} from './message-queue.ts'

type Sent = { readonly action: string; readonly messageId: string; readonly payload: unknown }

/** A queue whose transmissions end as told, in turn; then with a result. */
function given(outcomes: readonly CallOutcome[], policy: Partial<RetryPolicy> = {}, capacity?: number) {
  const sent: Sent[] = []
  const acknowledged: [TransactionAction, Delivery][] = []
  const dropped: [TransactionAction, Loss][] = []
  const left = [...outcomes]
  let ids = 0
  let open = 0
  const options: QueueOptions = {
    ...(capacity !== undefined && { capacity }),
    async transmit(message, payload, messageId) {
      open += 1
      expect(open).toBe(1)
      sent.push({ action: message.action, messageId, payload })
      await Promise.resolve()
      open -= 1
      return left.shift() ?? { type: 'result', payload: {} }
    },
    policy: () => ({
      attempts: 3,
      intervalMs: 1,
      messageId: 'new',
      countsCutAttempts: false,
      missedAnswers: 0,
      ...policy,
    }),
    nextMessageId: () => `m${(ids += 1)}`,
    random: () => 0.5,
    events: {
      queued: () => undefined,
      acknowledged: ({ action }, delivery) => acknowledged.push([action, delivery]),
      dropped: ({ action }, loss) => dropped.push([action, loss]),
    },
  }
  return { queue: new MessageQueue(options), sent, acknowledged, dropped }
}

const message = (action: TransactionAction, more: Partial<TransactionMessage> = {}): TransactionMessage => ({
  action,
  connectorId: 1,
  transaction: 1,
  droppable: action === 'MeterValues',
  payload: () => ({ action }),
  answered: () => undefined,
  ...more,
})

const error: CallOutcome = { type: 'error', code: 'InternalError', description: 'disk full' }
const session: TransactionAction[] = ['StartTransaction', 'MeterValues', 'MeterValues', 'StopTransaction']

it('keeps everything until the central system is there, then delivers in order, one at a time', async () => {
  const { queue, sent } = given([])
  for (const action of session) queue.add(message(action))
  expect(sent).toEqual([])
  expect(queue.size).toBe(4)
  queue.resume()
  await eventually('delivered', () => queue.size === 0)
  expect(sent.map(({ action }) => action)).toEqual(session)
})

it('makes a payload when it is sent: the stop knows what the start was answered', async () => {
  const { queue, sent } = given([{ type: 'result', payload: { transactionId: 7 } }])
  let transactionId: unknown
  queue.add(message('StartTransaction', { answered: (answer) => (transactionId = answer['transactionId']) }))
  queue.add(message('StopTransaction', { payload: () => ({ transactionId }) }))
  queue.resume()
  await eventually('delivered', () => queue.size === 0)
  expect(sent[1]?.payload).toEqual({ transactionId: 7 })
})

it.each([
  ['same', ['m1', 'm1', 'm1']],
  ['new', ['m1', 'm2', 'm3']],
] as const)('sends a message that failed again, with the %s message id', async (messageId, expected) => {
  const { queue, sent, acknowledged } = given([{ type: 'timeout' }, error], { messageId })
  queue.add(message('StartTransaction'))
  queue.resume()
  await eventually('delivered', () => queue.size === 0)
  expect(sent.map((one) => one.messageId)).toEqual(expected)
  expect(acknowledged).toMatchObject([['StartTransaction', { attempt: 3, repeat: false }]])
})

it('gives up after TransactionMessageAttempts and goes on with the next message', async () => {
  const { queue, sent, dropped } = given([error, error, error])
  queue.add(message('MeterValues'))
  queue.add(message('StopTransaction'))
  queue.resume()
  await eventually('delivered', () => queue.size === 0)
  expect(sent.map(({ action }) => action)).toEqual(['MeterValues', 'MeterValues', 'MeterValues', 'StopTransaction'])
  expect(dropped).toEqual([['MeterValues', { why: 'rejected', detail: 'InternalError disk full', wasAnswered: false }]])
})

it('waits longer after each failure', async () => {
  const { queue } = given([error, error], { intervalMs: 40 })
  const begun = performance.now()
  queue.add(message('StopTransaction'))
  queue.resume()
  await eventually('delivered', () => queue.size === 0)
  expect(performance.now() - begun).toBeGreaterThanOrEqual(115)
})

it('a connection that breaks costs no attempt, unless the brand counts it', async () => {
  const closed: CallOutcome[] = Array.from({ length: 5 }, () => ({ type: 'closed' }))
  const patient = given(closed)
  patient.queue.add(message('StartTransaction'))
  for (let round = 0; round < 6; round += 1) {
    patient.queue.resume()
    await eventually('tried', () => patient.sent.length === round + 1)
    patient.queue.pause()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(patient.acknowledged).toHaveLength(1)
  expect(patient.dropped).toEqual([])

  const counting = given(closed, { countsCutAttempts: true, attempts: 1 })
  counting.queue.add(message('StartTransaction'))
  counting.queue.resume()
  await eventually('given up', () => counting.dropped.length === 1)
})

it('stays where it is while the connection is gone', async () => {
  const { queue, sent } = given([{ type: 'closed' }])
  queue.add(message('StartTransaction'))
  queue.add(message('StopTransaction'))
  queue.resume()
  await eventually('tried', () => sent.length === 1)
  queue.pause()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(sent).toHaveLength(1)
  queue.resume()
  await eventually('delivered', () => queue.size === 0)
  expect(sent.map(({ action }) => action)).toEqual(['StartTransaction', 'StartTransaction', 'StopTransaction'])
})

it('an answer that is overheard brings the message once more, marked as a repeat', async () => {
  const { queue, acknowledged } = given([], { missedAnswers: 1 })
  queue.add(message('StopTransaction'))
  queue.resume()
  await eventually('delivered', () => queue.size === 0)
  expect(acknowledged.map(([, { repeat, messageId }]) => [repeat, messageId])).toEqual([
    [false, 'm1'],
    [true, 'm2'],
  ])
})

it('gives up intermediate values when memory is full, never a start or a stop', () => {
  const { queue, dropped } = given([], {}, 2)
  for (const action of session) queue.add(message(action))
  queue.add(message('StartTransaction'))
  expect(queue.size).toBe(4)
  expect(dropped).toEqual([['MeterValues', { why: 'forgotten', detail: '2 messages are waiting', wasAnswered: false }]])
})
