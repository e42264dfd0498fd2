import { parseFrame } from '@voltrail/ocpp/framing'
import { protocol16 } from '@voltrail/ocpp/v16/protocol16'
import type { HostileFrame } from './hostile-frames.ts'

/** What may come of a frame. */
export interface Verdict {
  /** the id that its answer names, as JSON; undefined: nobody must answer it */
  readonly answerTo?: string
  /** the message id of the events that it may cause; undefined: a bad frame, no event may come of it */
  readonly mayCause?: string
}

const context = { tenant: 'default', chargerId: 'FUZZ', lastRegisters: new Map() }

/** Judged before it is sent. What is owed an answer is read by plain JSON, not by the code under test. */
export const verdictOn = ({ bytes, binary }: HostileFrame): Verdict => {
  const text = bytes.toString('utf8')
  // the socket closes with 1003 or 1007
  if (binary || !Buffer.from(text).equals(bytes)) return {}
  const answerTo = callId(text)
  const frame = parseFrame(text, context)
  const isFact = frame.kind === 'call' && protocol16.inbound(frame.action, frame.payload, context).kind === 'fact'
  return { ...(answerTo !== undefined && { answerTo }), ...(isFact && { mayCause: frame.messageId }) }
}

const callId = (text: string): string | undefined => {
  try {
    const frame: unknown = JSON.parse(text)
    if (!Array.isArray(frame) || frame[0] !== 2) return undefined
    const id: unknown = frame[1]
    return typeof id === 'string' && id !== '' && id.length <= 36 && id.isWellFormed() ? JSON.stringify(id) : undefined
  } catch {
    return undefined
  }
}
