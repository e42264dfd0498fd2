import type { ChargerCommandType } from '@voltrail/contracts/charger-commands'
import { Presence } from '@voltrail/contracts/facts'
import type { ChargerId, ConnectionEpoch, TenantId } from '@voltrail/contracts/ids'
import { chargerStream } from '@voltrail/contracts/streams'
import { presenceBucket, presenceKey } from '@voltrail/contracts/subjects'
import { charger, type ChargerState } from '@voltrail/domain/charger/charger'
import { sleep } from '@voltrail/runtime/ticker'
import type { CentralDeps } from '../central-deps.ts'
import { isAway } from '../unavailable.ts'

/**
 * Commands that never wait for the log, because what they prevent does not wait either: less power, and the end of a
 * transaction. They are sent, then recorded, marked so.
 */
const urgent: ReadonlySet<ChargerCommandType> = new Set<ChargerCommandType>(['RemoteStop'])
export const isUrgent = (type: ChargerCommandType): boolean => urgent.has(type)

/** how long the log may take to say what it knows of the charger before the command goes without it */
const readMs = 500

/** The charger as the log knows it, if the log answers at once. */
export const chargerAtOnce = async (
  deps: CentralDeps,
  tenant: TenantId,
  chargerId: ChargerId,
): Promise<ChargerState | undefined> => {
  if (deps.logHealth.state === 'away') return undefined
  const read = deps.load(charger, chargerStream(tenant, chargerId)).then(
    ({ state }) => state,
    (error: unknown) => {
      if (isAway(error)) return undefined
      throw error
    },
  )
  return Promise.race([read, sleep(readMs).then(() => undefined)])
}

/** The epoch that the charger's edge shows in its presence, which needs no log. */
export const presentEpoch = async (
  deps: CentralDeps,
  tenant: TenantId,
  chargerId: ChargerId,
): Promise<ConnectionEpoch | undefined> => {
  try {
    const subject = `$KV.${presenceBucket}.${presenceKey(tenant, chargerId)}`
    const message = await deps.bus.lastMessage(`KV_${presenceBucket}`, subject)
    if (message === undefined || message.data.length === 0) return undefined
    return Presence.parse(JSON.parse(Buffer.from(message.data).toString('utf8'))).epoch
  } catch (error) {
    deps.log.debug({ err: error, chargerId }, 'the presence of a charger cannot be read')
    return undefined
  }
}

/** how long recording is tried: the log's recovery objective */
const recordForMs = 600_000
const againMs = 1_000

/** Records what was done already; while the log is away it is tried again. */
export const recordAfterwards = async <T>(record: () => Promise<T>): Promise<T> => {
  const giveUpAt = performance.now() + recordForMs
  for (;;) {
    try {
      return await record()
    } catch (error) {
      if (!isAway(error) || performance.now() > giveUpAt) throw error
      await sleep(againMs)
    }
  }
}
