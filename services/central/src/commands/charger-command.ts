import { type ChargerCommandReply, ChargerCommandRequest } from '@voltrail/contracts/charger-commands'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { CommandResult } from '@voltrail/contracts/facts'
import type { TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import {
  commandOutcome,
  commandRefusal,
  commandWasOffline,
  giveUpCommand,
  requestCommand,
  type CommandOutcome,
  type CommandRefusal,
} from '@voltrail/domain/charger/commands'
import { isAimed, misdirection } from '@voltrail/domain/charger/misdirected'
import { answerForLog } from '@voltrail/domain/command-answer'
import { sleep } from '@voltrail/runtime/ticker'
import type { CentralDeps } from '../central-deps.ts'
import { requestMetadata } from '../evidence.ts'
import { withAuthorizationKey } from './authorization-key.ts'
import type { Background } from './background.ts'
import { withListTexts } from './local-list.ts'
import { withTokenAsKnown } from './remote-start-token.ts'
import { sendCommand, type FindEpoch, type Sent } from './send-command.ts'
import { profileLimits } from './profile-limits.ts'
import { chargerAtOnce, isUrgent, knownAtOnce, presentEpoch, recordAfterwards, type KnownAtOnce } from './sent-first.ts'
import { reservedForOther, withReservation } from './reserve.ts'
import { tokenRefused } from './token-refused.ts'
import { settleInLog } from './settle-in-log.ts'
import { storedCommand } from './stored-command.ts'

/** What commands need beside what every handler of central is given. */
export type CommandDeps = CentralDeps & { readonly background: Background }

/**
 * A command to a charger: requested in the log, sent to the one socket that holds the charger's newest epoch, settled in the log,
 * then answered. One that never waits for the log is sent first and recorded after. A repeated request (same command id) is not
 * sent again: it gets what is known.
 */
export const chargerCommand = async (
  tenant: TenantId,
  payload: unknown,
  deps: CommandDeps,
): Promise<ChargerCommandReply> => {
  const parsed = ChargerCommandRequest.safeParse(payload)
  if (!parsed.success)
    return {
      outcome: 'refused',
      reason: 'invalid-request',
      detail: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '),
    }
  const keyed = await withAuthorizationKey(deps.vault, tenant, parsed.data)
  const request = 'refused' in keyed ? keyed : await withListTexts(deps, tenant, keyed)
  if ('refused' in request) return { outcome: 'refused', reason: 'invalid-request', detail: request.refused }
  const reserved = await withReservation(deps, tenant, request)
  if ('refused' in reserved) return { outcome: 'refused', reason: 'invalid-request', detail: reserved.refused }
  const { command, chargerId } = request
  const atOnce = isAimed(command) ? await knownAtOnce(deps, tenant, chargerId) : nothingKnown
  const refusal =
    reserved.refusal ??
    misdirected(request, atOnce) ??
    (await tokenRefused(deps, tenant, request)) ??
    (await reservedForOther(deps, tenant, request)) ??
    profileLimits(tenant, request, atOnce)
  if (refusal !== undefined) return recordFirst(tenant, reserved.request, deps, refusal)
  return isUrgent(command, atOnce.cared)
    ? sendFirst(tenant, request, atOnce.known, deps)
    : recordFirst(tenant, reserved.request, deps)
}

const nothingKnown: KnownAtOnce = { known: undefined, cared: undefined }

/** Why it is aimed at nothing that the charger has, as far as the log says it at once; an operator's own call is sent as it is. */
const misdirected = ({ command, asCall }: ChargerCommandRequest, { known, cared }: KnownAtOnce): string | undefined =>
  asCall || known === undefined ? undefined : misdirection(command, known, cared?.configuration)

const recordFirst = async (
  tenant: TenantId,
  asked: ChargerCommandRequest,
  deps: CommandDeps,
  refusal?: string,
): Promise<ChargerCommandReply> => {
  const { commandId, chargerId } = asked
  const stream = chargerStream(tenant, chargerId)
  const request =
    asked.command.type === 'RemoteStart'
      ? {
          ...asked,
          command: await withTokenAsKnown(
            asked.command,
            { tenant, state: (await deps.load(charger, stream)).state },
            deps,
          ),
        }
      : asked
  const command = await commandToRecord(tenant, request, deps)
  const requested = await deps.decide(charger, stream, (state) => requestCommand(command.asked, state), command.meta)
  if (requested.outcome === 'rejected') return refused(request, requested.rejection)
  if (requested.appended.length === 0) return replyOf(request, commandOutcome(requested.state, commandId))

  let known: ChargerState | undefined = requested.state
  const findEpoch: FindEpoch = async () => {
    const state = known ?? (await deps.load(charger, stream)).state
    known = undefined
    return state.connection?.open === true ? state.connection.epoch : undefined
  }
  const sent =
    refusal === undefined ? await sendCommand(tenant, request, command.owner, findEpoch, deps) : notSaid(refusal)
  const settled = await settle(tenant, request, sent, command.meta, deps)
  // the log keeps it as of unknown outcome; whoever asked is told why
  return isTimeout(sent) ? { outcome: 'timeout', commandId } : replyOf(request, settled)
}

/** A command that is not sent, for a reason that stands in the log. */
const notSaid = (reason: string): Sent => ({
  kind: 'answered',
  reply: { result: { outcome: 'unsupported', reason }, frames: {} },
  frames: {},
})

/** how long the answer waits for the record when the log is well */
const recordMs = 1_000

/** @param state of the charger, if the log says it at once */
const sendFirst = async (
  tenant: TenantId,
  request: ChargerCommandRequest,
  state: ChargerState | undefined,
  deps: CommandDeps,
): Promise<ChargerCommandReply> => {
  const { commandId, chargerId } = request
  let known = state
  if (known !== undefined) {
    const before = commandOutcome(known, commandId)
    if (before !== undefined) return replyOf(request, before)
    const refusal = commandRefusal(known, request.command.type)
    if (refusal !== undefined) return refused(request, refusal)
  }
  const findEpoch: FindEpoch = async () => {
    const state = known ?? (await chargerAtOnce(deps, tenant, chargerId))
    known = undefined
    if (state === undefined) return presentEpoch(deps, tenant, chargerId)
    return state.connection?.open === true ? state.connection.epoch : undefined
  }
  const command = await commandToRecord(tenant, request, deps)
  const sent = await sendCommand(tenant, request, command.owner, findEpoch, deps)
  const asked = { ...command.asked, sentFirst: true as const }
  const recorded = recordAfterwards(async () => {
    await deps.decide(charger, chargerStream(tenant, chargerId), (state) => requestCommand(asked, state), command.meta)
    return settle(tenant, request, sent, command.meta, deps)
  })
  deps.background.run('recording a command that was sent first', () => recorded)
  const told = recorded.then(
    () => undefined,
    () => undefined,
  )
  if (deps.logHealth.state === 'well') await Promise.race([told, sleep(recordMs)])
  return isTimeout(sent) ? { outcome: 'timeout', commandId } : replyOf(request, outcomeOf(sent, request))
}

const commandToRecord = async (tenant: TenantId, request: ChargerCommandRequest, deps: CommandDeps) => {
  const { commandId, timeoutMs, requestedAt } = request
  const { command, owner, lookups = [] } = await storedCommand(deps, tenant, request.command, request.listed)
  const meta = requestMetadata(deps, { ...request, requestId: commandId }, tenant, command, lookups)
  const deadline = instant(Date.parse(requestedAt) + timeoutMs)
  return { asked: { commandId, command, deadline, ...(request.asCall && { asCall: true as const }) }, owner, meta }
}

/** Records what came of a command. By now the charger's answer may have come another way (late, through another pod): the log decides. */
const settle = async (
  tenant: TenantId,
  request: ChargerCommandRequest,
  sent: Sent,
  asked: MetadataInput,
  deps: CommandDeps,
): Promise<CommandOutcome | undefined> => {
  const { commandId, chargerId } = request
  const now = deps.now()
  const meta = { ...asked, receivedAt: now, decision: { ...asked.decision, clock: now } }
  const outcome = outcomeOf(sent, request)
  if (sent.kind === 'answered' && outcome.kind === 'settled') {
    const answer = {
      commandId,
      result: answerForLog(request.command, outcome.result),
      frames: sent.frames,
      late: false,
    }
    const { normalisations } = sent.reply
    const changed = normalisations === undefined ? meta : { ...meta, normalisations }
    const settled = await settleInLog(deps, tenant, chargerId, answer, changed)
    const written = settled.outcome === 'accepted' && settled.appended.length > 0
    return written ? outcome : commandOutcome(settled.state, commandId)
  }
  const { state } = await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (known) =>
      outcome.kind === 'unknown'
        ? giveUpCommand({ commandId, reason: outcome.reason }, known)
        : commandWasOffline(commandId, known),
    meta,
  )
  return commandOutcome(state, commandId)
}

const isTimeout = (sent: Sent): boolean => sent.kind === 'answered' && sent.reply.result.outcome === 'timeout'

type SentOutcome =
  | { readonly kind: 'settled'; readonly result: CommandResult }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'offline' }

/** What sending came to, as the log has it. */
const outcomeOf = (sent: Sent, { timeoutMs }: ChargerCommandRequest): SentOutcome => {
  if (sent.kind !== 'answered') return sent
  const { result } = sent.reply
  switch (result.outcome) {
    case 'timeout':
      return { kind: 'unknown', reason: `the charger gave no answer within ${timeoutMs} ms` }
    case 'notSent':
      return { kind: 'offline' }
    default:
      return { kind: 'settled', result }
  }
}

const refused = ({ chargerId }: ChargerCommandRequest, { kind, detail }: CommandRefusal): ChargerCommandReply => ({
  outcome: 'refused',
  reason: kind,
  detail: kind === 'unknown-charger' ? `no charger ${chargerId} is registered` : detail,
})

const replyOf = ({ commandId }: ChargerCommandRequest, outcome: CommandOutcome | undefined): ChargerCommandReply => {
  switch (outcome?.kind) {
    case 'settled': {
      if (!('result' in outcome))
        return {
          outcome: 'unknown',
          commandId,
          detail: 'it was answered; the answer is too long to be told again and stands in the log',
        }
      const { result } = outcome
      switch (result.outcome) {
        case 'result':
          return { outcome: 'result', commandId, status: result.status, payload: result.payload }
        case 'callError':
          return { outcome: 'callError', commandId, code: result.code, description: result.description }
        case 'invalidAnswer':
          return {
            outcome: 'callError',
            commandId,
            code: 'InvalidAnswer',
            description: `the charger's answer breaks its schema: ${result.violations.join('; ')}`,
          }
        case 'timeout':
          return { outcome: 'timeout', commandId }
        case 'notSent':
          return { outcome: 'offline', commandId }
        case 'unsupported':
          return { outcome: 'refused', reason: 'invalid-request', detail: result.reason }
        default:
          return result satisfies never
      }
    }
    case 'offline':
      return { outcome: 'offline', commandId }
    case 'unknown':
      return { outcome: 'unknown', commandId, detail: outcome.reason }
    case 'pending':
      return { outcome: 'unknown', commandId, detail: 'the same command is still under way' }
    case undefined:
      return { outcome: 'unknown', commandId, detail: 'the charger no longer remembers this command' }
    default:
      return outcome satisfies never
  }
}
