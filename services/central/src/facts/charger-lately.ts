import type { Fact, FactRequest } from '@voltrail/contracts/facts'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import type { Deciding } from '../deciding.ts'

/**
 * The charger as the log had it a moment ago, for what is judged by its clock: never as it was before the connection that speaks,
 * for what a charger tells soon after it connects may come from its queue.
 */
export const chargerLately = async (
  { tenant, chargerId, epoch }: Pick<FactRequest<Fact>, 'tenant' | 'chargerId' | 'epoch'>,
  deps: Pick<Deciding, 'load' | 'recent'>,
): Promise<ChargerState> => {
  const stream = chargerStream(tenant, chargerId)
  const { state } = await deps.recent(charger, stream)
  const isOfThis = epoch !== undefined && state.connection?.epoch === epoch
  return isOfThis ? state : (await deps.load(charger, stream)).state
}
