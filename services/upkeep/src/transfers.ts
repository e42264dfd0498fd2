import type { ChargerEvent, DeviceEvent } from '@voltrail/contracts/events/registry'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { deviceStream, parseStream } from '@voltrail/contracts/streams'
import type { Decision, Recorded } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import {
  bootedWith,
  endTransfer,
  expireTransfers,
  nextTransferDue,
  unsentMs,
} from '@voltrail/domain/device/transfer-request'
import type { Duty, DutyDeps } from './duty.ts'
import { decideOwn } from './own-name.ts'

interface Watch {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  /** what is under way, and when its command was asked of the charger */
  readonly open: Map<
    number,
    { readonly begunAt: number; readonly byCampaign: boolean; asked: boolean; offline: boolean }
  >
  boot: { readonly firmwareVersion: string; readonly bootedAt: Instant } | undefined
  /** the boot that was looked at last */
  seenBoot: Watch['boot']
}

/**
 * Follows firmware updates and logs to their end where the charger does not say it itself: the boot that proves new firmware, a
 * command that never reached the charger, and what takes too long. Sends nothing: an update is never asked for twice.
 */
export const transfers = (deps: DutyDeps): Duty => {
  const watches = new Map<string, Watch>()
  const watchOf = (tenant: TenantId, chargerId: ChargerId): readonly [string, Watch] => {
    const key = deviceStream(tenant, chargerId)
    const known = watches.get(key)
    if (known !== undefined) return [key, known]
    const watch: Watch = { tenant, chargerId, open: new Map(), boot: undefined, seenBoot: undefined }
    watches.set(key, watch)
    return [key, watch]
  }
  /** commands by what they are of: CommandOffline names the command alone */
  const requestOf = new Map<string, number>()

  const decide = async (
    watch: Watch,
    command: { readonly type: string; readonly [detail: string]: string | number },
    decision: (state: DeviceState) => Decision<DeviceEvent>,
  ): Promise<DeviceState> => {
    const { tenant, chargerId, open } = watch
    const about = { tenant, correlation: `transfers-${[...open.keys()].at(-1) ?? 0}`, command }
    return decideOwn(deps, device, deviceStream(tenant, chargerId), decision, about)
  }

  const heardOfCharger = (watch: Watch, event: Recorded<ChargerEvent>): boolean => {
    switch (event.type) {
      case 'ChargerBooted':
        watch.boot = { firmwareVersion: event.data.firmwareVersion ?? '', bootedAt: event.metadata.receivedAt }
        return watch.open.size > 0
      case 'CommandRequested': {
        const { command, commandId } = event.data
        if (command.type !== 'GetLog' && command.type !== 'UpdateFirmware') return false
        requestOf.set(commandId, command.requestId)
        const open = watch.open.get(command.requestId)
        if (open !== undefined) open.asked = true
        return false
      }
      case 'CommandSettled':
        requestOf.delete(event.data.commandId)
        return false
      case 'CommandOffline': {
        const open = watch.open.get(requestOf.get(event.data.commandId) ?? 0)
        requestOf.delete(event.data.commandId)
        if (open === undefined) return false
        open.offline = true
        return true
      }
      default:
        return false
    }
  }

  return {
    name: 'transfers',
    hear(event) {
      const address = parseStream(event.stream)
      if (address?.category !== 'charger' && address?.category !== 'device') return []
      const [key, watch] = watchOf(address.tenant, address.chargerId)
      if (address.category === 'charger')
        return heardOfCharger(watch, event as unknown as Recorded<ChargerEvent>) ? [key] : []
      const heard = event as unknown as Recorded<DeviceEvent>
      switch (heard.type) {
        case 'TransferBegun': {
          const { requestId, begunAt, campaignId } = heard.data
          watch.open.set(requestId, {
            begunAt: Date.parse(begunAt),
            byCampaign: campaignId !== undefined,
            asked: false,
            offline: false,
          })
          return [key]
        }
        case 'TransferEnded':
          watch.open.delete(heard.data.requestId)
          return []
        case 'FirmwareStatusReported':
          return watch.open.size > 0 ? [key] : []
        default:
          return []
      }
    },
    async look(key) {
      const watch = watches.get(key)
      if (watch === undefined || watch.open.size === 0) return undefined
      const { boot } = watch
      if (boot !== undefined && boot !== watch.seenBoot) {
        await decide(watch, { type: 'BootedWith', ...boot }, (state) => bootedWith(boot, state))
        watch.seenBoot = boot
      }
      let next = Number.POSITIVE_INFINITY
      for (const [requestId, { begunAt, byCampaign, asked, offline }] of watch.open) {
        // a campaign sends its own, as soon as it can
        const mayBeUnsent = !asked && !byCampaign
        const unsent = mayBeUnsent && begunAt + unsentMs <= deps.now()
        if (mayBeUnsent && !unsent) next = Math.min(next, begunAt + unsentMs)
        if (!offline && !unsent) continue
        const detail = offline ? 'the charger was not connected' : 'it was never sent to the charger'
        const end = { requestId, outcome: 'Unsent', detail } as const
        await decide(watch, { type: 'EndTransfer', ...end }, (state) => endTransfer(end, state))
      }
      const now = deps.now()
      const due = nextTransferDue((await deps.loop.load(device, key as ReturnType<typeof deviceStream>)).state)
      if (due !== undefined && due <= now) {
        const reported = boot?.firmwareVersion
        await decide(watch, { type: 'ExpireTransfers' }, (state) => expireTransfers({ now, reported }, state))
      } else if (due !== undefined) next = Math.min(next, due)
      return Number.isFinite(next) ? next : undefined
    },
  }
}
