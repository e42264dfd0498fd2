import {
  type ChargerCommandRequest,
  EpochCommandReply,
  type EpochCommandRequest,
} from '@voltrail/contracts/charger-commands'
import type { Evidence } from '@voltrail/contracts/envelope'
import type { ConnectionEpoch, TenantId, TokenRef } from '@voltrail/contracts/ids'
import { chargerCommandSubject } from '@voltrail/contracts/subjects'
import { sleep } from '@voltrail/runtime/ticker'
import type { CentralDeps } from '../central-deps.ts'
import { sealText } from '../evidence.ts'

export type Sent =
  | {
      readonly kind: 'answered'
      readonly reply: EpochCommandReply
      readonly frames: { sent?: Evidence | undefined; received?: Evidence | undefined }
    }
  | { readonly kind: 'offline' }
  | { readonly kind: 'unknown'; readonly reason: string }

/** The newest epoch of the charger whose socket is open, as far as is known now. Asked again as long as nobody answers there. */
export type FindEpoch = () => Promise<ConnectionEpoch | undefined>

const retryMs = 100
/** the edge's own time-out comes first; this is for an edge that died */
const graceMs = 2_000

/**
 * To the edge that holds the newest epoch. Nobody there: the epoch is looked for again, for as long as a takeover may need. One
 * that was still unsent when a newer connection took over goes there, with the time that is left.
 * @param owner the token whose key seals the frames; absent: they lie in clear
 */
export const sendCommand = async (
  tenant: TenantId,
  request: ChargerCommandRequest,
  owner: TokenRef | undefined,
  findEpoch: FindEpoch,
  deps: CentralDeps,
): Promise<Sent> => {
  const { chargerId, commandId, command, timeoutMs, traceparent } = request
  const begunAt = performance.now()
  const giveUpAt = begunAt + deps.offlineAfterMs
  let unsent: { readonly by: ConnectionEpoch; readonly sent: Sent } | undefined
  for (;;) {
    const epoch = await findEpoch()
    const leftMs = Math.floor(begunAt + timeoutMs - performance.now())
    if (unsent !== undefined && (epoch === undefined || epoch === unsent.by || leftMs <= 0)) return unsent.sent
    if (epoch !== undefined) {
      const message: EpochCommandRequest = {
        commandId,
        tenant,
        chargerId,
        epoch,
        timeoutMs: Math.max(1, leftMs),
        command,
        ...(traceparent === undefined ? {} : { traceparent }),
      }
      const outcome = await deps.bus.request(
        chargerCommandSubject(tenant, chargerId, epoch, command.type),
        Buffer.from(JSON.stringify(message)),
        { timeoutMs: Math.max(1, leftMs) + graceMs },
      )
      if (outcome.kind === 'reply') {
        const reply = EpochCommandReply.safeParse(JSON.parse(Buffer.from(outcome.data).toString('utf8')))
        if (!reply.success)
          return { kind: 'unknown', reason: `the edge answered in a form that is not ours: ${reply.error.message}` }
        const answered: Sent = {
          kind: 'answered',
          reply: reply.data,
          frames: await evidenceOf(deps, tenant, reply.data, owner),
        }
        if (reply.data.result.outcome !== 'notSent' || reply.data.unsupported) return answered
        unsent = { by: epoch, sent: answered }
        continue
      }
      if (outcome.kind === 'timeout')
        return { kind: 'unknown', reason: 'the edge that holds the charger gave no answer' }
      if (outcome.kind === 'disconnected' && outcome.sent)
        return { kind: 'unknown', reason: 'the bus broke while the command was under way' }
    }
    if (performance.now() > giveUpAt) return { kind: 'offline' }
    await sleep(retryMs)
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
