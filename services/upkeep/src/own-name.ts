import type { ChargerCommandReply, ChargerCommandRequest } from '@voltrail/contracts/charger-commands'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import type { StreamName } from '@voltrail/contracts/streams'
import type { Aggregate, Decision } from '@voltrail/domain/decider'
import { Waits, type DutyDeps } from './duty.ts'

/** What duties do of their own accord: decided, and asked of chargers, in upkeep's name and at this moment. */

const upkeep = { kind: 'service', id: 'upkeep' } as const

/** What a decision is about, as its events tell it. */
export interface About {
  readonly tenant: TenantId
  readonly correlation: string
  /** what is decided, with all that it was decided by; what is absent in it is left out */
  readonly command: object
  /** the event that asked for it, as `<stream>@<revision>` */
  readonly event?: string | undefined
}

/** Decides, and answers the state after it. Throws `Waits` when the log is away. */
export const decideOwn = async <S, E extends DomainEvent>(
  deps: Pick<DutyDeps, 'loop' | 'now' | 'pod' | 'build'>,
  aggregate: Aggregate<S, E>,
  stream: StreamName,
  decision: (state: S) => Decision<NoInfer<E>, unknown>,
  { tenant, correlation, command, event }: About,
): Promise<S> => {
  const now = instant(deps.now())
  const meta: MetadataInput = {
    tenant,
    causation: { pod: deps.pod, ...(event === undefined ? {} : { event }) },
    correlation,
    actor: upkeep,
    receivedAt: now,
    decision: {
      build: deps.build,
      clock: now,
      command: JSON.parse(JSON.stringify(command)),
      lookups: [],
      settings: {},
    },
  }
  const decided = await deps.loop.decide(aggregate, stream, decision, meta)
  if (decided.outcome === 'unavailable') throw new Waits(decided.reason)
  return decided.state
}

/** Asks a charger, through central. What comes of it stands in the log; the answer says whether it was taken up at all. */
export const commandOwn = (
  deps: Pick<DutyDeps, 'central' | 'now'>,
  tenant: TenantId,
  request: Omit<ChargerCommandRequest, 'actor' | 'requestedAt'>,
): Promise<ChargerCommandReply> =>
  deps.central(tenant).command({ ...request, actor: upkeep, requestedAt: instant(deps.now()) })
