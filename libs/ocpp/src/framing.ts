import type { Normalisation } from '@voltrail/contracts/facts'
import { cleanJson, cleanString, deepest, TooDeep, type TextRule } from './clean-text.ts'
import type { InboundContext } from './inbound-context.ts'
import { createNotes, rawText, type Notes } from './notes.ts'
import { rulesInForce, type FormatRuleId } from './quirks.ts'
import { repairJson } from './repair-json.ts'
import { firstDefect } from './scan-json.ts'

/** OCPP-J 1.6 §4.2: [2, id, action, payload], [3, id, payload], [4, id, code, description, details]. */
export const longestMessageId = 128
const longestSpecifiedId = 36
const longestAction = 128

type Header = {
  messageId: string
  /** the id exactly as the peer wrote it: an answer echoes this, because peers compare it */
  echoId: string | number
  normalisations: Normalisation[]
}
export type CallFrame = Header & { kind: 'call'; action: string; payload: unknown }
export type ResultFrame = Header & { kind: 'result'; payload: unknown }
export type ErrorFrame = Header & { kind: 'error'; code: string; description: string; details: unknown }
/** `messageId` is there when it could be read, so that the peer can be told. */
export type UnreadableFrame = {
  kind: 'unreadable'
  messageId?: string
  problem: 'not-json' | 'not-array' | 'unknown-type' | 'bad-message-id' | 'bad-shape'
  detail: string
}
export type ParsedFrame = CallFrame | ResultFrame | ErrorFrame | UnreadableFrame

type FramingRule = Extract<FormatRuleId, `Q24-${string}` | `Q25-${string}`>

/** Rules for a charger of which nothing is known. */
const anyCharger: InboundContext = { tenant: '', chargerId: '' }

/**
 * Reads one text frame; never throws. Payloads are as parsed: NUL and surrogates in them are handled where they are
 * translated, because repeats are recognised by the values as received. Text that is no JSON is repaired if it is broken in a
 * way that is known of chargers.
 * @param context says which repairs are in force; without one, those for any charger
 */
export const parseFrame = (text: string, context: InboundContext = anyCharger): ParsedFrame => {
  const notes = createNotes()
  const frame = readJson(text, context, notes)
  if (frame === undefined) {
    const messageId = idInBrokenText(text)
    const detail = `not JSON: the text of ${text.length} characters breaks off from JSON at character ${firstDefect(text)}`
    return { kind: 'unreadable', ...(messageId !== undefined && { messageId }), problem: 'not-json', detail }
  }
  if (!Array.isArray(frame)) {
    return {
      kind: 'unreadable',
      problem: 'not-array',
      detail: `an OCPP frame is a JSON array, this is ${kindOf(frame)}`,
    }
  }

  const note = (rule: FramingRule, path: string, raw: unknown): void => notes.add(rule, path, () => rawText(raw))
  const clean = (value: string, path: string): string =>
    cleanString(value, path, (rule: TextRule, at, raw) => note(rule, at, raw))

  const type: unknown = frame[0] === '2' || frame[0] === '3' || frame[0] === '4' ? Number(frame[0]) : frame[0]
  if (type !== frame[0]) note('Q25-message-type-as-text', '/0', frame[0])
  const echoId: unknown = frame[1]
  const messageId = readMessageId(echoId, note, clean)
  if (type !== 2 && type !== 3 && type !== 4) {
    const detail = `message type ${rawText(frame[0]) || 'absent'} is none of 2 (CALL), 3 (CALLRESULT), 4 (CALLERROR)`
    return { kind: 'unreadable', ...(messageId !== undefined && { messageId }), problem: 'unknown-type', detail }
  }
  if (messageId === undefined || (typeof echoId !== 'string' && typeof echoId !== 'number')) {
    const detail = `the message id must be text of at most ${longestMessageId} characters, this is ${kindOf(echoId)}`
    return { kind: 'unreadable', problem: 'bad-message-id', detail }
  }
  const badShape = (detail: string): UnreadableFrame => ({
    kind: 'unreadable',
    messageId,
    problem: 'bad-shape',
    detail,
  })

  const length = type === 2 ? 4 : type === 3 ? 3 : 5
  if (frame.length > length) note('Q25-extra-elements', `/${length}`, frame.length - length)
  const payloadAt = (index: number): unknown => {
    const payload: unknown = frame[index]
    if (payload === undefined) note('Q25-payload-missing', `/${index}`, undefined)
    if (payload === null) note('Q25-payload-null', `/${index}`, null)
    return payload ?? {}
  }

  switch (type) {
    case 2: {
      const action: unknown = frame[2]
      if (typeof action !== 'string' || action === '' || action.length > longestAction) {
        return badShape(`a CALL is [2, id, action, payload] with the action as text, this is ${kindOf(action)}`)
      }
      const payload = payloadAt(3)
      if (isTooDeep(payload)) return badShape(new TooDeep().message)
      return { kind: 'call', messageId, echoId, action: clean(action, '/2'), payload, normalisations: notes.list() }
    }
    case 3: {
      const payload = payloadAt(2)
      if (isTooDeep(payload)) return badShape(new TooDeep().message)
      return { kind: 'result', messageId, echoId, payload, normalisations: notes.list() }
    }
    case 4: {
      const [, , code, description, details] = frame as unknown[]
      if (typeof code !== 'string' || code === '' || typeof description !== 'string' || details === undefined) {
        note('Q25-call-error-incomplete', '/2', frame.length)
      }
      if (isTooDeep(details)) return badShape(new TooDeep().message)
      return {
        kind: 'error',
        messageId,
        echoId,
        code: typeof code === 'string' && code !== '' ? clean(code, '/2') : 'GenericError',
        description: typeof description === 'string' ? clean(description, '/3') : '',
        details: cleanJson(details ?? {}, (rule, at, raw) => note(rule, at, raw), '/4'),
        normalisations: notes.list(),
      }
    }
  }
}

/** Undefined when it is no JSON, even repaired. */
const readJson = (text: string, context: InboundContext, notes: Notes): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    const inForce = rulesInForce(context)
    const repaired = repairJson(text, (rule) => inForce.has(rule))
    if (repaired.repairs.size === 0) return undefined
    try {
      const frame: unknown = JSON.parse(repaired.text)
      for (const [rule, at] of repaired.repairs) notes.add(rule, '', () => `character ${at}`)
      return frame
    } catch {
      return undefined
    }
  }
}

/** @param messageId ours for a call; for an answer `echoId` of the frame that it answers */
export const callFrame = (messageId: string, action: string, payload: object): string =>
  JSON.stringify([2, messageId, action, payload])

export const resultFrame = (messageId: string | number, payload: object): string =>
  JSON.stringify([3, messageId, payload])

/** The description is cut to 255 characters (OCPP-J 2.0.1 part 4 §4.2.3; 1.6 names no limit). */
export const errorFrame = (
  messageId: string | number,
  code: string,
  description: string,
  details: object = {},
): string => JSON.stringify([4, messageId, code, description.slice(0, 255).toWellFormed(), details])

const readMessageId = (
  id: unknown,
  note: (rule: FramingRule, path: string, raw: unknown) => void,
  clean: (value: string, path: string) => string,
): string | undefined => {
  if (typeof id === 'number') {
    if (!Number.isFinite(id)) return undefined
    note('Q25-message-id-number', '/1', id)
    return String(id)
  }
  if (typeof id !== 'string' || id.length > longestMessageId) return undefined
  if (id === '') note('Q25-message-id-empty', '/1', id)
  if (id.length > longestSpecifiedId) note('Q25-message-id-long', '/1', id)
  return clean(id, '/1')
}

/** The id of a frame whose payload is broken JSON: its beginning is usually sound. */
const idInBrokenText = (text: string): string | undefined => {
  const found = /^\s*\[\s*"?[234]"?\s*,\s*("(?:[^"\\]|\\.){1,128}"|\d{1,15})\s*[,\]]/.exec(text)?.[1]
  if (found === undefined) return undefined
  try {
    const id: unknown = JSON.parse(found)
    const messageId = String(id)
    return messageId.isWellFormed() && !messageId.includes('\u0000') ? messageId : undefined
  } catch {
    return undefined
  }
}

const isTooDeep = (value: unknown): boolean => {
  try {
    checkDepth(value, 0)
    return false
  } catch (error) {
    if (error instanceof TooDeep) return true
    throw error
  }
}
const checkDepth = (value: unknown, depth: number): void => {
  if (typeof value !== 'object' || value === null) return
  if (depth > deepest) throw new TooDeep()
  for (const member of Object.values(value)) checkDepth(member, depth + 1)
}

const kindOf = (value: unknown): string =>
  value === undefined ? 'missing' : value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
