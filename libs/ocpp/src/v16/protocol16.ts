import type { ChargerCommand, ChargerCommandType } from '@voltrail/contracts/charger-commands'
import { ReadableEnergy, type CommandResult } from '@voltrail/contracts/facts'
import { cleanJson, TooDeep } from '../clean-text.ts'
import { errorCodes16, type ErrorCode16 } from '../error-codes.ts'
import type { InboundContext } from '../inbound-context.ts'
import { readLeniently } from '../lenient16.ts'
import { createNotes, rawText, type Notes } from '../notes.ts'
import { payloadVersion } from '../payload-version.ts'
import { inDialect } from '../power-dialect.ts'
import { OutboundInvalid, type Inbound, type OcppProtocol } from '../protocol.ts'
import { describeViolation, isAction16, validate16, type Direction, type Violation } from '../schemas.ts'
import { inbound16, outbound16 } from './actions.ts'
import { fromVersion2 } from './from-version2.ts'
import { meaningOf } from './raw-call.ts'
import { heartbeatAction, heartbeatAnswer } from './heartbeat.ts'
import type { Desk, Fields, InboundMessage } from './inbound-message.ts'
import type { OutboundMessage } from './outbound-message.ts'
import { transactionEvent } from './transaction-event.ts'
import { withoutViolations } from './without-violations.ts'

const mostViolations = 20

const inbound = (action: string, payload: unknown, context: InboundContext): Inbound => {
  const notes = createNotes()
  const isVersion2 = payloadVersion(action, payload) === '2.x'
  // read by what it says all the same, unless every deviation is to be shown
  const mended = isVersion2 && context.strict !== true
  if (isVersion2) notes.add('Q5-other-version-spoken', '', () => rawText('2.x'))

  const message = inbound16.get(action)
  const ofVersion2 = message === undefined && mended && action === transactionEvent.action
  if (message === undefined && action !== heartbeatAction && !ofVersion2) {
    if (isAction16(action)) return refusal('NotSupported', `${action} is not taken from chargers here`, notes)
    const why = isVersion2
      ? `${action} is a message of OCPP 2.x, and this connection speaks OCPP 1.6`
      : 'OCPP 1.6 and its security extension define no such action'
    return refusal('NotImplemented', why, notes)
  }
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    return refusal('FormationViolation', 'the payload must be an object', notes)
  }
  if (ofVersion2) return fromOtherVersion(transactionEvent, payload as Fields, { action, context, notes })

  let read: { payload: unknown; violations: Violation[] }
  try {
    read = readLeniently('request', action, mended ? fromVersion2(action, payload as Fields) : payload, context, notes)
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error
    read = {
      payload: {},
      violations: [{ path: '', keyword: 'depth', message: error.message, code: 'FormationViolation' }],
    }
  }
  if (context.strict && read.violations.length > 0) return refusalOf(read.violations, notes)
  if (message === undefined) {
    // a heartbeat says only that the charger lives, whatever it carries
    return {
      kind: 'heartbeat',
      normalisations: notes.list(),
      answer: (now) => strict('response', action, heartbeatAnswer(now)),
    }
  }

  const received = payload as Fields
  const desk = { action, context, notes }
  const result =
    read.violations.length > 0 ? { refused: read.violations } : message.read(read.payload as Fields, received, desk)
  if (!('refused' in result)) {
    return {
      kind: 'fact',
      fact: result,
      normalisations: notes.list(),
      answer: (answer, now) => strict('response', action, message.answer(answer, now)),
    }
  }
  if (context.strict) return refusalOf(result.refused, notes)
  const rest = withoutViolations(read.payload as Fields, result.refused)
  const readable =
    message.energy === undefined || rest === undefined ? undefined : readableOf(message, rest, received, desk)
  return malformed(message, result.refused, readable, notes)
}

const readableOf = (
  message: InboundMessage,
  rest: Fields,
  received: Fields,
  desk: Desk,
): ReadableEnergy | undefined => {
  const read = message.read(rest, received, desk)
  return 'refused' in read ? message.placeless?.(rest, desk) : ReadableEnergy.parse(read)
}

/** A message that 1.6 does not have. Its answer is that of its own version, which no schema of 1.6 knows. */
const fromOtherVersion = (message: InboundMessage, received: Fields, desk: Desk): Inbound => {
  const result = message.read(received, received, desk)
  if ('refused' in result)
    return refusal('FormationViolation', result.refused.map(describeViolation).join('; '), desk.notes)
  return { kind: 'fact', fact: result, normalisations: desk.notes.list(), answer: message.answer }
}

/** What carries energy is recorded with its violations and answered; the rest is refused with the code of its first violation. */
const malformed = (
  message: InboundMessage,
  violations: Violation[],
  readable: ReadableEnergy | undefined,
  notes: Notes,
): Inbound => {
  const described = violations.slice(0, mostViolations).map(describeViolation)
  if (message.energy === undefined) return refusalOf(violations, notes)
  return {
    kind: 'fact',
    fact: {
      type: 'Malformed',
      meant: message.energy,
      violations: described,
      ...(readable !== undefined && { readable }),
    },
    normalisations: notes.list(),
    answer: (answer, now) => strict('response', message.action, message.answer(answer, now)),
  }
}

/** What is wrong with the whole, or missing, is said before a type, a type before a value. */
const gravest: readonly ErrorCode16[] = [
  'FormationViolation',
  'OccurenceConstraintViolation',
  'TypeConstraintViolation',
  'PropertyConstraintViolation',
]

const refusalOf = (violations: readonly Violation[], notes: Notes): Inbound =>
  refusal(
    gravest.find((code) => violations.some((violation) => violation.code === code)) ?? 'FormationViolation',
    violations.slice(0, mostViolations).map(describeViolation).join('; '),
    notes,
  )

const refusal = (code: ErrorCode16, description: string, notes: Notes): Inbound => ({
  kind: 'error',
  code,
  description: (description || errorCodes16[code]).slice(0, 255).toWellFormed(),
  details: {},
  normalisations: notes.list(),
})

/** Strict out. */
const strict = (direction: Direction, action: string, payload: object): object => {
  const violations = validate16(direction, action, payload)
  if (violations.length > 0) throw new OutboundInvalid(`${action} ${direction}`, violations.map(describeViolation))
  return payload
}

const call = (action: string, payload: unknown, requestId: number): ReturnType<OcppProtocol['call']> => {
  if ((inbound16.has(action) || action === heartbeatAction) && !isFromBoth(action))
    return {
      unsendable: `${action} is what a charger sends, not what it is sent; a charger can be sent ${sendable.join(', ')}`,
    }
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    return { violations: [{ path: '', message: 'must be an object' }] }
  const raw = { type: 'RawCall', action, payload: payload as Json } satisfies ChargerCommand
  if (!isAction16(action)) {
    // a slip of the pen must not go past its schema and past what is redacted
    const meant = outboundActions.find((known) => known.toLowerCase() === action.toLowerCase())
    return meant === undefined ? { command: raw } : { unsendable: `${action} is written ${meant}` }
  }
  const violations = validate16('request', action, payload)
  if (violations.length > 0) return { violations: violations.slice(0, mostViolations) }
  return { command: meaningOf(outbound16, action, payload as Fields, requestId) ?? raw }
}

const outboundActions: readonly string[] = Object.values(outbound16).flatMap((message): readonly string[] =>
  typeof message.action === 'string' ? [message.action] : 'actions' in message ? (message.actions ?? []) : [],
)

const sendable: readonly string[] = [...new Set(outboundActions)].filter(isAction16).toSorted()

/** DataTransfer goes both ways. */
const isFromBoth = (action: string): boolean => Object.values(outbound16).some((message) => message.action === action)

const messageFor = (command: ChargerCommand): OutboundMessage =>
  // the table pairs each type with its own message, which the compiler cannot follow through the union
  outbound16[command.type] as OutboundMessage<ChargerCommandType>

const actionFor = (command: ChargerCommand): string => {
  const { action } = messageFor(command)
  return typeof action === 'string' ? action : action(command)
}

const outbound = (command: ChargerCommand): { action: string; payload: object } | { unsupported: string } => {
  const written = messageFor(command).write(command)
  if ('unsupported' in written) return written
  const { payload, opaque } = written
  const action = actionFor(command)
  return { action, payload: opaque ? payload : strict('request', action, payload) }
}

/** Quirk rules per charger speak of what it reports; an answer is read by the general ones. */
const noContext: InboundContext = { tenant: '', chargerId: '' }

const settle = (command: ChargerCommand, payload: unknown): CommandResult => {
  const { statusless, told } = messageFor(command)
  const action = actionFor(command)
  const notes = createNotes()
  try {
    // nobody but the operator who asked knows what this answer means
    if (!isAction16(action)) return opaqueResult(payload)
    const read = readLeniently('response', action, payload ?? {}, noContext, notes)
    if (read.violations.length > 0) {
      const violations = read.violations.slice(0, mostViolations).map(describeViolation)
      return { outcome: 'invalidAnswer', violations, payload: storable(payload) }
    }
    const fields = read.payload as Fields
    const { status: said } = fields
    const status = statusless && typeof said !== 'string' ? 'Accepted' : String(said)
    return { outcome: 'result', status, payload: storable({ ...fields, ...told?.(fields) }) as Record<string, Json> }
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error
    return { outcome: 'invalidAnswer', violations: [error.message], payload: null }
  }
}

const opaqueResult = (payload: unknown): CommandResult => {
  const answer = storable(payload)
  const fields = typeof answer === 'object' && answer !== null && !Array.isArray(answer) ? answer : { answer }
  const { status } = fields
  return { outcome: 'result', status: typeof status === 'string' ? status.slice(0, 50) : 'Accepted', payload: fields }
}

type Json = Extract<CommandResult, { outcome: 'invalidAnswer' }>['payload']

/** JSON that the log takes: clean text, safe integers, every other number as text. */
const storable = (value: unknown): Json => {
  const walk = (part: unknown): unknown => {
    if (typeof part === 'number') return Number.isSafeInteger(part) ? part : String(part)
    if (Array.isArray(part)) return part.map(walk)
    if (typeof part === 'object' && part !== null) {
      return Object.fromEntries(Object.entries(part).map(([key, member]) => [key, walk(member)]))
    }
    return part ?? null
  }
  return walk(cleanJson(value, () => {})) as Json
}

export const protocol16: OcppProtocol = {
  subprotocol: 'ocpp1.6',
  inbound,
  spoken: inDialect,
  outbound,
  call,
  settle,
  heartbeatPayload: heartbeatAnswer,
}
