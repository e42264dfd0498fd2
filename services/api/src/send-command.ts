import { canonicalJson } from '@voltrail/domain/canonical-json'
import { createHash } from 'node:crypto'
import type { ChargerCommand, ChargerCommandReply } from '@voltrail/contracts/charger-commands'
import { CommandId } from '@voltrail/contracts/ids'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import type { CommandAnswer } from '@voltrail/contracts/rest/commands'
import { locksOut } from '@voltrail/domain/device/configuration'
import { traceHeaders } from '@voltrail/runtime/trace'
import { detailOf, meaningOf } from './answer-meaning.ts'
import { ApiProblem, notFound, unavailable } from './problem.ts'
import type { Sources } from './sources.ts'

/** What came of a command that was not refused. */
export type CommandReply = Exclude<ChargerCommandReply, { outcome: 'refused' | 'unavailable' }>

/**
 * @param key of the request, if it has one: a repeat of it is the same command
 * @param asked what is asked for: with the same key something else is another command, whose outcome is its own
 */
export const commandIdOf = (
  sources: Sources,
  chargerId: ChargerId,
  key: string | undefined,
  asked: object,
): CommandId =>
  key === undefined
    ? CommandId.parse(sources.newId())
    : idempotentId(sources.tenant, chargerId, `${key} ${canonicalJson(JSON.parse(JSON.stringify(asked)))}`)

/** Has central ask the charger. Throws what central refuses as a 404 or 422, an outage as a 503. */
export async function sendCommand(
  sources: Sources,
  asked: {
    readonly commandId: CommandId
    readonly chargerId: ChargerId
    readonly command: ChargerCommand
    readonly timeoutMs: number | undefined
    /** an operator's own call */
    readonly asCall?: boolean
  },
): Promise<CommandReply> {
  const { commandId, chargerId, command, timeoutMs, asCall } = asked
  if (command.type === 'ChangeConfiguration' && locksOut(command.key))
    throw new ApiProblem(
      'refused',
      `${command.key} is changed by POST /v1/chargers/{id}/security, which keeps the charger reachable. Sent like this the charger might never get in again.`,
    )
  const { traceparent } = traceHeaders()
  const reply = await sources.central.command({
    commandId,
    chargerId,
    actor: { kind: 'operator', id: sources.actorId },
    requestedAt: instant(sources.now()),
    timeoutMs: timeoutMs ?? sources.commandTimeoutMs,
    ...(traceparent !== undefined && { traceparent }),
    ...(asCall && { asCall: true as const }),
    command,
  })
  switch (reply.outcome) {
    case 'refused':
      if (reply.reason === 'unknown-charger') throw notFound(`There is no charger ${JSON.stringify(chargerId)}.`)
      throw new ApiProblem('refused', reply.detail)
    case 'unavailable':
      throw unavailable(`The command was not sent: ${reply.reason}. Ask again.`)
    default:
      return reply
  }
}

/** What came of a command, as it is told. */
export function answerOf(reply: CommandReply): CommandAnswer {
  const { commandId, outcome } = reply
  switch (reply.outcome) {
    case 'result':
      return { commandId, outcome, status: reply.status, payload: reply.payload, ...said(reply.status) }
    case 'callError':
      return { commandId, outcome, status: reply.code, ...said(reply.code), detail: reply.description }
    case 'timeout':
      return { commandId, outcome, detail: 'The charger did not answer in time.' }
    case 'offline':
      return { commandId, outcome, detail: 'The charger is not connected.' }
    case 'unknown':
      return { commandId, outcome, detail: reply.detail }
    default:
      return reply satisfies never
  }
}

const said = (word: string): Pick<CommandAnswer, 'meaning' | 'detail'> => {
  const [meaning, detail] = [meaningOf(word), detailOf(word)]
  return { ...(meaning === undefined ? {} : { meaning }), ...(detail === undefined ? {} : { detail }) }
}

/** The same key means the same command of the same charger; a charger's keys are no business of another's. */
function idempotentId(tenant: TenantId, chargerId: ChargerId, key: string): CommandId {
  const digest = createHash('sha256')
    .update(JSON.stringify([tenant, chargerId, key]))
    .digest('hex')
  return CommandId.parse(`key-${digest.slice(0, 40)}`)
}
