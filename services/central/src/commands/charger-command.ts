import {
  type ChargerCommand,
  type ChargerCommandReply,
  ChargerCommandRequest,
  EpochCommandReply,
  type EpochCommandRequest,
} from '@voltrail/contracts/charger-commands'
import type { Evidence } from '@voltrail/contracts/envelope'
import type { CommandResult } from '@voltrail/contracts/facts'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream } from '@voltrail/contracts/streams'
import { chargerCommandSubject } from '@voltrail/contracts/subjects'
import { charger, type ChargerState } from '@voltrail/domain/charger/charger'
import {
  commandOutcome,
  commandWasOffline,
  giveUpCommand,
  requestCommand,
  type CommandOutcome,
} from '@voltrail/domain/charger/commands'
import { sleep } from '@voltrail/runtime/ticker'
import type { CentralDeps } from '../central-deps.ts'
import { requestMetadata, sealText } from '../evidence.ts'
import { settleInLog } from './settle-in-log.ts'
import { storedCommand } from './stored-command.ts'

/**
 * A command to a charger: requested in the log, sent to the one socket that holds the charger's newest epoch, settled in the log,
 * then answered. A repeated request (same command id) is not sent again: it gets what is known.
 */
export const chargerCommand = async (
  tenant: TenantId,
  payload: unknown,
  deps: CentralDeps,
): Promise<ChargerCommandReply> => {
  const parsed = ChargerCommandRequest.safeParse(payload)
  if (!parsed.success)
    return {
      outcome: 'refused',
      reason: 'invalid-request',
      detail: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '),
    }
  const request = parsed.data
  const { commandId, chargerId, timeoutMs, requestedAt } = request
  const stream = chargerStream(tenant, chargerId)
  const stored = await storedCommand(deps, tenant, request.command)
  const meta = requestMetadata(deps, { ...request, requestId: commandId }, tenant, stored.command)
  const deadline = instant(Date.parse(requestedAt) + timeoutMs)
  const requested = await deps.decide(
    charger,
    stream,
    (state) => requestCommand({ commandId, command: stored.command, deadline }, state),
    meta,
  )
  if (requested.outcome === 'rejected')
    return { outcome: 'refused', reason: 'unknown-charger', detail: `no charger ${chargerId} is registered` }
  if (requested.appended.length === 0) return replyOf(request, commandOutcome(requested.state, commandId))

  const sent = await send(tenant, request, stored.owner, requested.state, deps)
  const now = deps.now()
  // by now the charger's answer may have come another way (late, through another pod): the log decides
  const settledMeta = { ...meta, receivedAt: now, decision: { ...meta.decision, clock: now } }
  const result = sent.kind === 'answered' ? sent.reply.result : undefined
  if (
    sent.kind === 'answered' &&
    result !== undefined &&
    result.outcome !== 'notSent' &&
    result.outcome !== 'timeout'
  ) {
    const answer = { commandId, result: withoutToken(result, request.command), frames: sent.frames, late: false }
    const settled = await settleInLog(deps, tenant, chargerId, answer, settledMeta)
    const written = settled.outcome === 'accepted' && settled.appended.length > 0
    return replyOf(request, written ? { kind: 'settled', result } : commandOutcome(settled.state, commandId))
  }
  const settled = await deps.decide(
    charger,
    stream,
    (state) => {
      if (sent.kind === 'unknown') return giveUpCommand({ commandId, reason: sent.reason }, state)
      if (result?.outcome === 'timeout')
        return giveUpCommand({ commandId, reason: `the charger gave no answer within ${timeoutMs} ms` }, state)
      return commandWasOffline(commandId, state)
    },
    settledMeta,
  )
  if (result?.outcome === 'timeout') return { outcome: 'timeout', commandId }
  return replyOf(request, commandOutcome(settled.state, commandId))
}

/** A charger may repeat the id token in the words of its error; the sealed frame has them whole. */
const withoutToken = (result: CommandResult, command: ChargerCommand): CommandResult =>
  result.outcome === 'callError' && command.type === 'RemoteStart' && command.idToken.value !== ''
    ? { ...result, description: result.description.replaceAll(command.idToken.value, '[id token]') }
    : result

type Sent =
  | {
      readonly kind: 'answered'
      readonly reply: EpochCommandReply
      readonly frames: { sent?: Evidence | undefined; received?: Evidence | undefined }
    }
  | { readonly kind: 'offline' }
  | { readonly kind: 'unknown'; readonly reason: string }

const retryMs = 100
/** the edge's own time-out comes first; this is for an edge that died */
const graceMs = 2_000

/** To the edge that holds the newest epoch. Nobody there: the charger is read again, for as long as a takeover may need. */
const send = async (
  tenant: TenantId,
  request: ChargerCommandRequest,
  owner: TokenRef | undefined,
  first: ChargerState,
  deps: CentralDeps,
): Promise<Sent> => {
  const { chargerId, commandId, command, timeoutMs, traceparent } = request
  const giveUpAt = performance.now() + deps.offlineAfterMs
  for (let state = first; ;) {
    if (state.connection?.open === true) {
      const { epoch } = state.connection
      const message: EpochCommandRequest = {
        commandId,
        tenant,
        chargerId,
        epoch,
        timeoutMs,
        command,
        ...(traceparent === undefined ? {} : { traceparent }),
      }
      const outcome = await deps.bus.request(
        chargerCommandSubject(tenant, chargerId, epoch, command.type),
        Buffer.from(JSON.stringify(message)),
        { timeoutMs: timeoutMs + graceMs },
      )
      if (outcome.kind === 'reply') {
        const reply = EpochCommandReply.safeParse(JSON.parse(Buffer.from(outcome.data).toString('utf8')))
        if (!reply.success)
          return { kind: 'unknown', reason: `the edge answered in a form that is not ours: ${reply.error.message}` }
        return { kind: 'answered', reply: reply.data, frames: await evidenceOf(deps, tenant, reply.data, owner) }
      }
      if (outcome.kind === 'timeout')
        return { kind: 'unknown', reason: 'the edge that holds the charger gave no answer' }
      if (outcome.kind === 'disconnected' && outcome.sent)
        return { kind: 'unknown', reason: 'the bus broke while the command was under way' }
    }
    if (performance.now() > giveUpAt) return { kind: 'offline' }
    await sleep(retryMs)
    state = (await deps.load(charger, chargerStream(tenant, chargerId))).state
  }
}

/** The frames of a command, sealed with the key of the token that owns them. */
const evidenceOf = async (
  deps: CentralDeps,
  tenant: TenantId,
  { frames }: EpochCommandReply,
  owner: TokenRef | undefined,
) => {
  const evidence = async (text: string | undefined): Promise<Evidence | undefined> => {
    if (text === undefined) return undefined
    return owner === undefined ? deps.frames.clear(tenant, text) : sealText(deps, tenant, owner, text)
  }
  return { sent: await evidence(frames.sent), received: await evidence(frames.received) }
}

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
