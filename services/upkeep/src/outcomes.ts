import type { ChargerEvent, DeviceEvent } from '@voltrail/contracts/events/registry'
import type { ChargerId, CommandId, TenantId } from '@voltrail/contracts/ids'
import { deviceStream, parseStream } from '@voltrail/contracts/streams'
import type { Recorded } from '@voltrail/domain/decider'
import { applyOutcome, withOutcome } from '@voltrail/domain/device/command-outcome'
import type { SettledCommand } from '@voltrail/domain/device/settled-command'
import { device, unknownDevice } from '@voltrail/domain/device/device'
import type { Duty, DutyDeps } from './duty.ts'
import { decideOwn } from './own-name.ts'

interface Watch {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  /** asked for, and not answered yet */
  readonly asked: Map<CommandId, Pick<SettledCommand, 'command' | 'asCall' | 'by'>>
  /** answered, in the order of the charger's stream */
  settled: SettledCommand[]
  outcomesTo: number
}

/** Commands of a charger whose answer may still come: of more than so many that got none, the oldest will get none. */
const keptUnanswered = 256

/** Makes what chargers answered part of what is known of the device: profiles, reservations, lists. */
export const outcomes = (deps: DutyDeps): Duty => {
  const watches = new Map<string, Watch>()
  const watchOf = (tenant: TenantId, chargerId: ChargerId): readonly [string, Watch] => {
    const key = deviceStream(tenant, chargerId)
    const known = watches.get(key)
    if (known !== undefined) return [key, known]
    const watch: Watch = { tenant, chargerId, asked: new Map(), settled: [], outcomesTo: -1 }
    watches.set(key, watch)
    return [key, watch]
  }

  const apply = async (key: string, watch: Watch, settled: SettledCommand): Promise<void> => {
    await decideOwn(
      deps,
      device,
      deviceStream(watch.tenant, watch.chargerId),
      (state) => applyOutcome(settled, state),
      {
        tenant: watch.tenant,
        correlation: settled.commandId,
        command: { type: 'ApplyOutcome', ...settled },
        event: `charger-${key.slice('device-'.length)}@${settled.revision}`,
      },
    )
  }

  return {
    name: 'outcomes',
    hear(event) {
      const address = parseStream(event.stream)
      if (address?.category === 'device') {
        const [, watch] = watchOf(address.tenant, address.chargerId)
        const { outcomesTo } = withOutcome(unknownDevice, event as unknown as Recorded<DeviceEvent>)
        watch.outcomesTo = Math.max(watch.outcomesTo, outcomesTo ?? -1)
        watch.settled = watch.settled.filter(({ revision }) => revision > watch.outcomesTo)
        return []
      }
      if (address?.category !== 'charger') return []
      const heard = event as unknown as Recorded<ChargerEvent>
      switch (heard.type) {
        case 'CommandRequested': {
          const { asked } = watchOf(address.tenant, address.chargerId)[1]
          asked.set(heard.data.commandId, {
            command: heard.data.command,
            ...(heard.data.asCall && { asCall: true }),
            by: heard.metadata.actor,
          })
          // those that were never answered would be kept for ever
          const [oldest] = asked.keys()
          if (asked.size > keptUnanswered && oldest !== undefined) asked.delete(oldest)
          return []
        }
        case 'CommandSettled': {
          const [key, watch] = watchOf(address.tenant, address.chargerId)
          const { commandId, result } = heard.data
          const asked = watch.asked.get(commandId)
          watch.asked.delete(commandId)
          if (asked === undefined || heard.revision <= watch.outcomesTo) return []
          const { revision } = heard
          watch.settled.push({ commandId, ...asked, result, revision, settledAt: heard.metadata.receivedAt })
          return [key]
        }
        case 'CommandOffline':
          watchOf(address.tenant, address.chargerId)[1].asked.delete(heard.data.commandId)
          return []
        default:
          // of unknown outcome: its answer may still come
          return []
      }
    },
    async look(key) {
      const watch = watches.get(key)
      if (watch === undefined) return undefined
      for (const settled of watch.settled) {
        await apply(key, watch, settled)
        watch.settled = watch.settled.filter((one) => one !== settled)
      }
      return undefined
    },
  }
}
