import type { Bus } from '@voltrail/bus/bus'
import type { Responder } from '@voltrail/bus/responder'
import { EpochCommandRequest } from '@voltrail/contracts/charger-commands'
import type { ChargerCommand, EpochCommandReply } from '@voltrail/contracts/charger-commands'
import type { CommandResult } from '@voltrail/contracts/facts'
import type { ChargerId, ConnectionEpoch, TenantId } from '@voltrail/contracts/ids'
import { epochCommands } from '@voltrail/contracts/subjects'
import { answerForLog, secretsOf, without } from '@voltrail/domain/command-answer'
import { callFrame } from '@voltrail/ocpp/framing'
import { OutboundInvalid } from '@voltrail/ocpp/protocol'
import type { OcppProtocol } from '@voltrail/ocpp/protocol'
import { redactFrame, redactJson } from '@voltrail/ocpp/redact'
import { extractTrace, withSpan } from '@voltrail/runtime/trace'
import type { Connection } from './connection.ts'
import type { EdgeMetrics } from './edge-metrics.ts'
import type { CallOutcome } from './outbound-calls.ts'

/**
 * Takes the commands for one epoch of one charger and answers each with what the charger said. Only the edge that holds that
 * epoch subscribes, so a command meets the newest socket or nobody.
 * @param connection resolves when the upgrade is complete, with undefined if it came to nothing
 */
export const respondToCommands = (
  bus: Pick<Bus, 'respond'>,
  who: { readonly tenant: TenantId; readonly chargerId: ChargerId; readonly epoch: ConnectionEpoch },
  connection: Promise<Connection | undefined>,
  metrics: Pick<EdgeMetrics, 'commands'>,
): Responder =>
  bus.respond(epochCommands(who.tenant, who.chargerId, who.epoch), {}, async (message) => {
    const answer = (reply: EpochCommandReply, command: string): void => {
      metrics.commands.inc({ command, outcome: reply.result.outcome })
      message.reply(Buffer.from(JSON.stringify(reply)))
    }
    const request = EpochCommandRequest.safeParse(readJson(message.data))
    if (!request.success) {
      const reason = `the edge cannot read the command: ${request.error.message.slice(0, 300)}`
      return answer({ result: { outcome: 'notSent', reason }, frames: {} }, 'unreadable')
    }
    const open = await connection
    const { type } = request.data.command
    if (open === undefined) {
      return answer({ result: { outcome: 'notSent', reason: 'the connection did not come about' }, frames: {} }, type)
    }
    const parent = extractTrace({ traceparent: request.data.traceparent })
    const reply = await withSpan(`ocpp command ${type}`, { 'voltrail.command': type }, parent, () =>
      sendCommand(open, request.data),
    )
    answer(reply, type)
  })

const sendCommand = async (connection: Connection, request: EpochCommandRequest): Promise<EpochCommandReply> => {
  const { protocol } = connection
  const { command, timeoutMs } = request
  const unsupported = (reason: string): EpochCommandReply => ({
    result: { outcome: 'unsupported', reason },
    frames: {},
  })
  const spoken = protocol.spoken(command, connection.context())
  if ('unsupported' in spoken) return unsupported(spoken.unsupported)
  const [first, ...others] = spoken.commands
  const outgoing = spoken.commands.map((one) => translate(protocol, one))
  const wrong = outgoing.find((one) => 'unsupported' in one)
  if (wrong !== undefined && 'unsupported' in wrong) return unsupported(wrong.unsupported)
  const until = performance.now() + timeoutMs
  const normalisations = spoken.rules.length === 0 ? {} : { normalisations: [...spoken.rules] }
  let reply = await sendOne(connection, request, first, timeoutMs)
  for (const one of others) {
    if (!mayGoOn(reply.result, spoken.oneIsEnough)) break
    const next = await sendOne(connection, request, one, Math.max(1, Math.floor(until - performance.now())))
    const better = spoken.oneIsEnough && isAccepted(reply.result) ? reply.result : next.result
    reply = { result: better, frames: joined(reply.frames, next.frames) }
  }
  return { ...reply, ...normalisations }
}

const isAccepted = (result: CommandResult): boolean => result.outcome === 'result' && result.status === 'Accepted'

/** Of several calls for one command: those that answered otherwise end it, unless one that is accepted is enough. */
const mayGoOn = (result: CommandResult, oneIsEnough: boolean): boolean =>
  oneIsEnough ? result.outcome === 'result' : isAccepted(result)

/** The frames of several calls, a line each. */
const joined = (one: EpochCommandReply['frames'], other: EpochCommandReply['frames']): EpochCommandReply['frames'] => {
  const lines = (...texts: readonly (string | undefined)[]) => texts.filter((text) => text !== undefined).join('\n')
  const [sent, received] = [lines(one.sent, other.sent), lines(one.received, other.received)]
  return { ...(sent === '' ? {} : { sent }), ...(received === '' ? {} : { received }) }
}

/** One call, and what the charger said to it. */
const sendOne = async (
  connection: Connection,
  request: EpochCommandRequest,
  command: ChargerCommand,
  timeoutMs: number,
): Promise<EpochCommandReply> => {
  const { protocol, outbound, digest } = connection
  // a charger may repeat a key in the text of its error
  const redacted = (text: string): string =>
    secretsOf(command).reduce((left, secret) => without(left, secret, digest(secret)), redactFrame(text, digest).text)
  const { commandId } = request
  const outgoing = translate(protocol, command)
  if ('unsupported' in outgoing) throw new Error(`${command.type} could be said a moment ago: ${outgoing.unsupported}`)
  const resultOf = (outcome: CallOutcome): CommandResult => redactJson(clearResultOf(outcome), digest).value
  const clearResultOf = (outcome: CallOutcome): CommandResult => {
    switch (outcome.kind) {
      case 'result':
        return protocol.settle(command, outcome.payload)
      case 'callError':
        return { outcome: 'callError', code: outcome.code, description: outcome.description }
      case 'timeout':
        return { outcome: 'timeout' }
      case 'notSent':
        return { outcome: 'notSent', reason: outcome.reason }
    }
  }
  const outcome = await outbound.call({
    frame: (messageId) => callFrame(messageId, outgoing.action, outgoing.payload),
    timeoutMs,
    onLate: (late) => {
      const answer = answerForLog(command, resultOf(late))
      void connection.tell({ type: 'LateAnswer', commandId, result: answer }, redacted(late.received))
    },
  })
  const result = resultOf(outcome)
  switch (outcome.kind) {
    case 'result':
    case 'callError':
      return { result, frames: { sent: redacted(outcome.sent), received: redacted(outcome.received) } }
    case 'timeout':
      return { result, frames: { sent: redacted(outcome.sent) } }
    case 'notSent':
      return { result, frames: {} }
  }
}

/** A command that the official schema refuses is not sent; it says why. */
const translate = (protocol: OcppProtocol, command: ChargerCommand): ReturnType<OcppProtocol['outbound']> => {
  try {
    return protocol.outbound(command)
  } catch (error) {
    if (error instanceof OutboundInvalid) return { unsupported: error.message }
    throw error
  }
}

const readJson = (data: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(data).toString('utf8'))
  } catch {
    return undefined
  }
}
