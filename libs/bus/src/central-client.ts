import { AdminCommandReply } from '@voltrail/contracts/admin-commands'
import type { AdminCommandRequest } from '@voltrail/contracts/admin-commands'
import { ChargerCommandReply } from '@voltrail/contracts/charger-commands'
import type { ChargerCommandRequest } from '@voltrail/contracts/charger-commands'
import type { TenantId } from '@voltrail/contracts/ids'
import { commandSubject } from '@voltrail/contracts/subjects'
import type { Bus } from './bus.ts'

/** Who decides: central, over the bus. Neither call throws for an outage: the outcome says it. */
export interface CentralClient {
  /** A request that may have been sent but was not answered is `unknown`; one that never left is `unavailable`. */
  command(request: ChargerCommandRequest): Promise<ChargerCommandReply>
  /** Not answered is `unavailable`: what was asked may hold or not, and asking again is harmless. */
  decide(request: AdminCommandRequest): Promise<AdminCommandReply>
}

/** How long central may take over the charger's own time: to look for the connection again (2 s) and to append twice. */
const commandGraceMs = 8_000
const decideDeadlineMs = 10_000

export function centralClient(bus: Pick<Bus, 'request'>, tenant: TenantId): CentralClient {
  const ask = (subject: string, request: ChargerCommandRequest | AdminCommandRequest, timeoutMs: number) =>
    bus.request(subject, new TextEncoder().encode(JSON.stringify(request)), {
      timeoutMs,
      ...(request.traceparent !== undefined && { headers: { traceparent: request.traceparent } }),
    })

  return {
    async command(request) {
      const { commandId } = request
      const outcome = await ask(
        commandSubject(tenant, request.command.type),
        request,
        request.timeoutMs + commandGraceMs,
      )
      switch (outcome.kind) {
        case 'reply':
          return ChargerCommandReply.parse(parse(outcome.data))
        case 'no-responders':
          return { outcome: 'unavailable', reason: 'no central is running' }
        case 'timeout':
          return {
            outcome: 'unknown',
            commandId,
            detail: 'central gave no answer in time; the command may still be carried out',
          }
        case 'disconnected':
          if (!outcome.sent) return { outcome: 'unavailable', reason: 'the message bus is away' }
          return {
            outcome: 'unknown',
            commandId,
            detail: 'the message bus was lost while waiting; the command may still be carried out',
          }
        default:
          return outcome satisfies never
      }
    },
    async decide(request) {
      const outcome = await ask(commandSubject(tenant, request.command.type), request, decideDeadlineMs)
      switch (outcome.kind) {
        case 'reply':
          return AdminCommandReply.parse(parse(outcome.data))
        case 'no-responders':
          return { outcome: 'unavailable', reason: 'no central is running' }
        case 'timeout':
          return {
            outcome: 'unavailable',
            reason: 'central gave no answer in time; it may still have been done, asking again is harmless',
          }
        case 'disconnected':
          return { outcome: 'unavailable', reason: 'the message bus is away' }
        default:
          return outcome satisfies never
      }
    },
  }
}

const parse = (data: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(data))
