import type { ConnectorState } from '@voltrail/contracts/events/charger'
import type { TransferOutcome } from '@voltrail/contracts/events/device'
import type { CampaignEvent, ChargerEvent, DeviceEvent } from '@voltrail/contracts/events/registry'
import { CommandId, type ChargerId, type EvseId, type TenantId, type TransactionId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream, deviceStream, parseStream, type StreamName } from '@voltrail/contracts/streams'
import {
  campaign,
  finishCharger,
  nextInWindow,
  putBackCharger,
  takeCharger,
  underWay,
  whyBusy,
  type CampaignState,
  type CampaignTerms,
  type Progress,
} from '@voltrail/domain/campaign'
import { charger } from '@voltrail/domain/charger/charger'
import type { Decision, Recorded } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import { describeHabits, fileHabits, ownLocation, type FileService } from '@voltrail/domain/device/file-addresses'
import { beginTransfer, endTransfer, transferRequestId } from '@voltrail/domain/device/transfer-request'
import { replaceUrlSecrets } from '@voltrail/domain/url-secrets'
import type { Duty, DutyDeps } from './duty.ts'
import { commandOwn, decideOwn, type About } from './own-name.ts'

interface Watch {
  connected: boolean
  accepted: boolean
  firmwareVersion: string | undefined
  readonly charging: Set<TransactionId>
  /** firmware updates that are under way, a campaign's or not */
  readonly updating: Set<number>
  /** of campaigns: what became of them */
  readonly ended: Map<number, { readonly outcome: TransferOutcome; readonly detail: string }>
  /** ms since 1970: it was not to be found, and may be there again by then, if no connection says so before */
  absentUntil: number
  /** what each connector told last, and when (ms since 1970) */
  readonly connectors: Map<EvseId, { readonly status: ConnectorState['status']; readonly at: number }>
  /** commands of campaigns that stand in the log: never sent again */
  readonly asked: Set<string>
}
type Taken = Extract<Progress, { state: 'taken' }>

const commandMs = 30_000
const awayMs = 5_000
const minute = 60_000

/**
 * Rolls firmware out: takes idle chargers of a campaign, as many at once as it says, asks each once, and records how it ended for
 * each. Where it stands is in the campaign's stream, and every request has a number made of campaign and charger, so a restart
 * goes on where the last process was and asks no charger twice.
 */
export const campaigns =
  ({ files }: { readonly files: FileService | undefined }) =>
  (deps: DutyDeps): Duty => {
    const watches = new Map<string, Watch>()
    /** the campaigns that a charger is in */
    const campaignsOf = new Map<string, Set<string>>()
    /** commands of this process whose answer has not come */
    const sent = new Set<string>()
    /** commands that central will not send, and why */
    const refused = new Map<string, string>()

    const watchOf = (key: string): Watch => {
      const known = watches.get(key)
      if (known !== undefined) return known
      const watch: Watch = {
        connected: false,
        accepted: false,
        firmwareVersion: undefined,
        charging: new Set(),
        updating: new Set(),
        ended: new Map(),
        absentUntil: 0,
        connectors: new Map(),
        asked: new Set(),
      }
      watches.set(key, watch)
      return watch
    }

    const aboutOf = (tenant: TenantId, { campaignId }: CampaignTerms, command: object): About => ({
      tenant,
      correlation: campaignId,
      command,
    })

    const look = async (stream: StreamName, tenant: TenantId): Promise<number | undefined> => {
      let { state } = await deps.loop.load(campaign, stream)
      const { terms } = state
      if (terms === undefined) return undefined
      const decide = async (command: object, decision: (known: CampaignState) => Decision<CampaignEvent>) => {
        state = await decideOwn(deps, campaign, stream, decision, aboutOf(tenant, terms, command))
      }
      const finish = (chargerId: ChargerId, outcome: 'Done' | 'Failed' | 'Skipped', detail: string) => {
        const end = { chargerId, outcome, detail }
        return decide({ type: 'FinishCharger', ...end }, (known) => finishCharger(end, known))
      }
      let again: number | undefined
      const begin = async (chargerId: ChargerId, taken: Taken) => {
        const started = await start(tenant, terms, chargerId, taken)
        if ('impossible' in started) await finish(chargerId, 'Failed', started.impossible)
        else if (started.waits) again = deps.now() + awayMs
      }

      for (const [chargerId, progress] of state.chargers) {
        if (progress.state !== 'taken') continue
        const end = watchOf(deviceStream(tenant, chargerId)).ended.get(progress.requestId)
        if (end?.outcome === 'Unsent') {
          const back = { chargerId, requestId: progress.requestId, detail: end.detail }
          await decide({ type: 'PutBackCharger', ...back }, (known) => putBackCharger(back, known))
        } else if (end !== undefined) await finish(chargerId, end.outcome === 'Done' ? 'Done' : 'Failed', end.detail)
        else await begin(chargerId, progress)
      }
      if (state.phase !== 'running') return again
      const opens = nextInWindow(deps.now(), terms.window)
      if (opens > deps.now()) return Math.min(opens, again ?? opens)
      for (const [chargerId, progress] of state.chargers) {
        if (state.phase !== 'running' || underWay(state) >= terms.concurrency) break
        if (progress.state !== 'waiting') continue
        const watch = watchOf(deviceStream(tenant, chargerId))
        if (watch.firmwareVersion === terms.firmware.version) {
          await finish(chargerId, 'Skipped', 'it has this version already')
          continue
        }
        if (!isIdle(watch, deps.now())) {
          // a driver who never comes makes no event
          if (watch.connected) again = Math.min(again ?? Infinity, deps.now() + minute)
          continue
        }
        const { turns } = progress
        const requestId = transferRequestId(
          JSON.stringify([terms.campaignId, chargerId, ...(turns === 0 ? [] : [turns])]),
        )
        const take = { chargerId, requestId, at: instant(deps.now()) }
        const { location, reason } = await locate(tenant, terms, chargerId, take)
        if (location === undefined) {
          await finish(chargerId, 'Failed', reason)
          continue
        }
        await decide({ type: 'TakeCharger', ...take }, (known) => takeCharger(take, known))
        const taken = state.chargers.get(chargerId)
        if (taken?.state === 'taken') await begin(chargerId, taken)
      }
      if (state.phase !== 'running') return again
      // the window ends without an event
      return terms.window === undefined ? again : Math.min(again ?? Infinity, deps.now() + minute)
    }

    const expiryOf = ({ minutesPerCharger }: CampaignTerms, { at }: { readonly at: string }): number =>
      Date.parse(at) + minutesPerCharger * minute

    const locate = async (
      tenant: TenantId,
      terms: CampaignTerms,
      chargerId: ChargerId,
      taken: { readonly requestId: number; readonly at: string },
    ): Promise<{ readonly location: string | undefined; readonly reason: string }> => {
      const { location, image } = terms.firmware
      if (location !== undefined || image === undefined) return { location, reason: 'it names no firmware' }
      if (files === undefined) return { location: undefined, reason: 'no file service is set up' }
      const known = await deps.loop.load(charger, chargerStream(tenant, chargerId))
      const { state } = await deps.loop.load(device, deviceStream(tenant, chargerId))
      const habits = fileHabits(known.state, state)
      const { requestId } = taken
      const request = { tenant, chargerId, requestId, kind: 'Firmware', expiresAt: expiryOf(terms, taken) } as const
      try {
        const own = ownLocation(files, { ...request, fileName: image }, habits)
        return { location: own, reason: `it speaks ${describeHabits(habits)}, the file service does not` }
      } catch (error) {
        if (error instanceof RangeError) return { location: undefined, reason: error.message }
        throw error
      }
    }

    /** Begins the update and asks the charger, once. `waits`: there is more to be done, though not now. */
    const start = async (
      tenant: TenantId,
      terms: CampaignTerms,
      chargerId: ChargerId,
      taken: Taken,
    ): Promise<{ readonly waits: boolean } | { readonly impossible: string }> => {
      const stream = deviceStream(tenant, chargerId)
      const watch = watchOf(stream)
      const { requestId, at } = taken
      const { campaignId, firmware } = terms
      const commandId = CommandId.parse(`campaign-${campaignId}-${requestId}`)
      const endUpdate = async (end: Parameters<typeof endTransfer>[0]): Promise<void> => {
        const about = aboutOf(tenant, terms, { type: 'EndTransfer', ...end })
        await decideOwn(deps, device, stream, (state) => endTransfer(end, state), about)
      }
      if (watch.asked.has(commandId)) return { waits: false }
      if (sent.has(commandId)) return { waits: true }
      const refusal = refused.get(commandId)
      if (refusal !== undefined) {
        await endUpdate({ requestId, outcome: 'Refused', detail: refusal })
        return { waits: false }
      }
      const { location, reason } = await locate(tenant, terms, chargerId, taken)
      if (location === undefined) {
        await endUpdate({ requestId, outcome: 'Failed', detail: reason })
        return { impossible: reason }
      }
      const begin = {
        requestId,
        kind: 'Firmware',
        begunAt: at,
        expiresAt: instant(expiryOf(terms, taken)),
        targetVersion: firmware.version,
        versionBefore: watch.firmwareVersion?.slice(0, 50),
        campaignId,
        location: replaceUrlSecrets(location, () => ''),
        ...(firmware.location === undefined && firmware.image !== undefined ? { image: firmware.image } : {}),
      } as const
      const about = aboutOf(tenant, terms, { type: 'BeginTransfer', ...begin })
      const begun = await decideOwn(deps, device, stream, (state) => beginTransfer(begin, state), about)
      // it ended meanwhile, as one that was never sent: the log says so next
      if (!begun.transfers?.some((one) => one.requestId === requestId)) return { waits: false }
      sent.add(commandId)
      const { signature, signingCertificate } = firmware
      const unsent = (reason: unknown) => {
        sent.delete(commandId)
        deps.log.warn({ chargerId, campaignId, reason }, 'a firmware update could not be sent yet')
      }
      const command = {
        type: 'UpdateFirmware',
        requestId,
        location,
        retrieveAt: instant(deps.now()),
        ...(signature === undefined || signingCertificate === undefined ? {} : { signature, signingCertificate }),
      } as const
      commandOwn(deps, tenant, { commandId, chargerId, timeoutMs: commandMs, command }).then((reply) => {
        if (reply.outcome === 'refused') refused.set(commandId, reply.detail)
        if (reply.outcome === 'unavailable' || reply.outcome === 'refused') unsent(reply)
      }, unsent)
      return { waits: true }
    }

    const heardOfCharger = (watch: Watch, event: Recorded<ChargerEvent>): boolean => {
      switch (event.type) {
        case 'ChargerRegistered':
        case 'ChargerRegistrationChanged':
          watch.accepted = event.data.registration === 'Accepted'
          return watch.accepted
        case 'ChargerConnected':
          watch.connected = true
          watch.absentUntil = 0
          return true
        case 'ChargerDisconnected':
          watch.connected = false
          return false
        case 'ChargerBooted':
          watch.accepted = event.data.registration === 'Accepted'
          watch.firmwareVersion = event.data.firmwareVersion
          return true
        case 'ConnectorStatusChanged': {
          const { evseId, status } = event.data
          watch.connectors.set(evseId, { status, at: Date.parse(event.metadata.receivedAt) })
          return status === 'Available'
        }
        case 'TransactionOpened':
          watch.charging.add(event.data.transactionId)
          return false
        case 'TransactionClosed':
          watch.charging.delete(event.data.transactionId)
          return true
        case 'CommandRequested':
          if (event.data.commandId.startsWith('campaign-')) {
            watch.asked.add(event.data.commandId)
            sent.delete(event.data.commandId)
          }
          return false
        default:
          return false
      }
    }

    const heardOfDevice = (watch: Watch, event: Recorded<DeviceEvent>): boolean => {
      if (event.type === 'TransferBegun' && event.data.kind === 'Firmware') watch.updating.add(event.data.requestId)
      if (event.type !== 'TransferEnded' || !watch.updating.delete(event.data.requestId)) return false
      const { requestId, outcome, detail } = event.data
      watch.ended.set(requestId, { outcome, detail: detail ?? outcome })
      if (outcome === 'Unsent') watch.absentUntil = Date.parse(event.metadata.receivedAt) + absentMs
      return true
    }

    const heardOfCampaign = (tenant: TenantId, stream: string, event: Recorded<CampaignEvent>): void => {
      if (event.type === 'CampaignCreated')
        for (const chargerId of event.data.chargers) {
          const key = deviceStream(tenant, chargerId)
          campaignsOf.set(key, (campaignsOf.get(key) ?? new Set()).add(stream))
        }
      if (event.type === 'CampaignCompleted') for (const streams of campaignsOf.values()) streams.delete(stream)
    }

    return {
      name: 'campaigns',
      hear(event) {
        const address = parseStream(event.stream)
        if (address?.category === 'campaign') {
          heardOfCampaign(address.tenant, event.stream, event as unknown as Recorded<CampaignEvent>)
          return [event.stream]
        }
        if (address?.category !== 'charger' && address?.category !== 'device') return []
        const key = deviceStream(address.tenant, address.chargerId)
        const watch = watchOf(key)
        const changed =
          address.category === 'charger'
            ? heardOfCharger(watch, event as unknown as Recorded<ChargerEvent>)
            : heardOfDevice(watch, event as unknown as Recorded<DeviceEvent>)
        return changed ? [...(campaignsOf.get(key) ?? [])] : []
      },
      async look(key) {
        const address = parseStream(key)
        return address?.category === 'campaign' ? look(key as StreamName, address.tenant) : undefined
      },
    }
  }

const absentMs = 10 * minute
/** who has plugged in and does not begin within this is not expected to any more; some chargers never leave Preparing */
const preparingMs = 30 * minute

const isIdle = ({ connected, absentUntil, accepted, charging, updating, connectors }: Watch, now: number): boolean =>
  whyBusy({
    connected: connected && absentUntil <= now,
    accepted,
    charging: charging.size,
    updating: [...updating][0],
    connectors: [...connectors]
      .filter(([, { status, at }]) => status !== 'Preparing' || now - at < preparingMs)
      .map(([evseId, { status }]) => ({ evseId, status })),
  }) === undefined
