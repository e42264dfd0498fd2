import type { ErrorFrame, ResultFrame } from '@voltrail/ocpp/framing'
import type { OutboundHold } from './outbound-hold.ts'

/** What became of a CALL to a charger. `sent` and `received` are the frames, verbatim. */
export type CallOutcome =
  | { readonly kind: 'result'; readonly payload: unknown; readonly sent: string; readonly received: string }
  | {
      readonly kind: 'callError'
      readonly code: string
      readonly description: string
      readonly sent: string
      readonly received: string
    }
  /** sent, and no answer until the deadline or the end of the connection: nobody knows what the charger did */
  | { readonly kind: 'timeout'; readonly sent: string }
  | { readonly kind: 'notSent'; readonly reason: string }

export type OutboundCall = {
  /** the CALL frame for a message id of ours */
  readonly frame: (messageId: string) => string
  /** from now, waiting included */
  readonly timeoutMs: number
  /** hears of an answer that came after the deadline, once */
  readonly onLate: (outcome: Extract<CallOutcome, { kind: 'result' | 'callError' }>) => void
}

/**
 * The CALLs to one charger: one outstanding at a time (OCPP-J 1.6 §4.1.1), whatever happens in the other direction.
 * An unanswered one frees the slot after `slotMs`, so that a command with a long deadline does not block the others.
 */
export type OutboundCalls = {
  call(call: OutboundCall): Promise<CallOutcome>
  /** An answer of the charger. `unknown`: to no call of this connection, or to one answered already. */
  receive(frame: ResultFrame | ErrorFrame, text: string): 'settled' | 'late' | 'unknown'
  /** To be called when the hold may have opened. */
  wake(): void
  /** What waits is not sent; what was sent is still awaited. */
  dropWaiting(reason: string): void
  /** Ends all: what waits was not sent, what was sent has no answer. */
  close(reason: string): void
  /** Resolves when no CALL is outstanding. */
  idle(): Promise<void>
}

type Entry = OutboundCall & {
  readonly settle: (outcome: CallOutcome) => void
  deadline: NodeJS.Timeout
  state: 'waiting' | 'sent' | 'late'
  sent: string
}

export const createOutboundCalls = (options: {
  readonly send: (text: string) => void
  readonly hold: Pick<OutboundHold, 'open'>
  readonly slotMs: number
  readonly queueLimit: number
  readonly lateLimit: number
  readonly newMessageId: () => string
}): OutboundCalls => {
  const waiting: Entry[] = []
  /** sent and unanswered, by message id, oldest first */
  const unanswered = new Map<string, Entry>()
  const whenIdle: (() => void)[] = []
  let slot: { messageId: string; timer: NodeJS.Timeout } | undefined
  let closed: string | undefined

  const freeSlot = (messageId: string): void => {
    if (slot?.messageId !== messageId) return
    clearTimeout(slot.timer)
    slot = undefined
    sendNext()
    if (slot === undefined) for (const resolve of whenIdle.splice(0)) resolve()
  }

  const sendNext = (): void => {
    if (slot !== undefined || closed !== undefined || !options.hold.open) return
    const entry = waiting.shift()
    if (entry === undefined) return
    const messageId = options.newMessageId()
    entry.state = 'sent'
    entry.sent = entry.frame(messageId)
    unanswered.set(messageId, entry)
    slot = { messageId, timer: setTimeout(() => freeSlot(messageId), options.slotMs) }
    options.send(entry.sent)
  }

  const expire = (entry: Entry): void => {
    if (entry.state === 'waiting') {
      waiting.splice(waiting.indexOf(entry), 1)
      const why = options.hold.open ? 'an earlier call is still unanswered' : "the charger's boot is not answered yet"
      return entry.settle({ kind: 'notSent', reason: `not sent within ${entry.timeoutMs} ms: ${why}` })
    }
    entry.state = 'late'
    entry.settle({ kind: 'timeout', sent: entry.sent })
    const late = [...unanswered].filter(([, { state }]) => state === 'late')
    const oldest = late[0]
    // the slot is not freed here: the charger is still busy with the call, for slotMs at most
    if (late.length > options.lateLimit && oldest !== undefined) unanswered.delete(oldest[0])
  }

  const dropWaiting = (reason: string): void => {
    for (const entry of waiting.splice(0)) {
      clearTimeout(entry.deadline)
      entry.settle({ kind: 'notSent', reason })
    }
  }

  return {
    call(call) {
      if (closed !== undefined) return Promise.resolve({ kind: 'notSent', reason: closed })
      if (waiting.length >= options.queueLimit) {
        return Promise.resolve({ kind: 'notSent', reason: `${waiting.length} commands are waiting for this charger` })
      }
      return new Promise((settle) => {
        const entry: Entry = {
          ...call,
          settle,
          state: 'waiting',
          sent: '',
          deadline: setTimeout(() => expire(entry), call.timeoutMs),
        }
        waiting.push(entry)
        sendNext()
      })
    },
    receive(frame, text) {
      const entry = unanswered.get(frame.messageId)
      if (entry === undefined) return 'unknown'
      unanswered.delete(frame.messageId)
      clearTimeout(entry.deadline)
      const frames = { sent: entry.sent, received: text }
      const outcome =
        frame.kind === 'result'
          ? { kind: 'result' as const, payload: frame.payload, ...frames }
          : { kind: 'callError' as const, code: frame.code, description: frame.description, ...frames }
      const late = entry.state === 'late'
      if (late) entry.onLate(outcome)
      else entry.settle(outcome)
      freeSlot(frame.messageId)
      return late ? 'late' : 'settled'
    },
    wake: () => sendNext(),
    dropWaiting,
    close(reason) {
      if (closed !== undefined) return
      closed = reason
      dropWaiting(reason)
      for (const entry of unanswered.values()) {
        clearTimeout(entry.deadline)
        if (entry.state === 'sent') entry.settle({ kind: 'timeout', sent: entry.sent })
      }
      unanswered.clear()
      if (slot !== undefined) freeSlot(slot.messageId)
      for (const resolve of whenIdle.splice(0)) resolve()
    },
    idle: () => (slot === undefined ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve))),
  }
}
