import type { ChargerEvent, DeviceEvent } from '@voltrail/contracts/events/registry'
import { CommandId, type ChargerId, type TenantId, type TransactionId } from '@voltrail/contracts/ids'
import { deviceStream, parseStream } from '@voltrail/contracts/streams'
import type { Recorded } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import { forgetTransactionProfiles } from '@voltrail/domain/device/profiles'
import type { Duty, DutyDeps } from './duty.ts'
import { commandOwn, decideOwn } from './own-name.ts'

interface Watch {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  connected: boolean
  /** it does not know how to tell what it will do; asked again after its next boot */
  unable: boolean
  /** EVSEs at which profiles were set */
  readonly placed: Set<number>
  /** what has to be asked, by EVSE */
  readonly due: Map<number, Due>
  /** profiles of transactions by their ids, and the transactions that ended since */
  readonly ofTransactions: Map<number, TransactionId>
  readonly ended: Set<TransactionId>
}

/** Why, since when and how often a composite schedule is asked for. */
interface Due {
  /** names the cause in the log, and thereby the command */
  readonly cause: string
  readonly at: number
  readonly attempt: number
  readonly asked: boolean
}

/** A charger that just booted, or began to charge, has taken its limits up by then. */
const afterBootMs = 15_000
const afterStartMs = 5_000
const againMs = 300_000
const mostAttempts = 3
const commandMs = 30_000
/** how far ahead a charger is asked what it will do */
const aheadSeconds = 3_600
const prefix = 'composite-'

/**
 * Has chargers say what limits they will keep: after each profile that they took, after each boot and each start (a profile may be
 * lost by them), and after an operator's own call that touched limits. What is made of the answer is the outcome's business.
 */
export const profiles = (deps: DutyDeps): Duty => {
  const watches = new Map<string, Watch>()
  const watchOf = (tenant: TenantId, chargerId: ChargerId): readonly [string, Watch] => {
    const key = deviceStream(tenant, chargerId)
    const known = watches.get(key)
    if (known !== undefined) return [key, known]
    const watch: Watch = {
      tenant,
      chargerId,
      connected: false,
      unable: false,
      placed: new Set(),
      due: new Map(),
      ofTransactions: new Map(),
      ended: new Set(),
    }
    watches.set(key, watch)
    return [key, watch]
  }

  const ask = (key: string, watch: Watch, evseId: number, due: Due): void => {
    watch.due.set(evseId, { ...due, asked: true })
    const failed = (reason: unknown) => {
      const now = watch.due.get(evseId)
      // it never left: it may be sent under the same name
      if (now?.cause === due.cause) watch.due.set(evseId, { ...due, at: deps.now() + againMs })
      deps.log.warn({ chargerId: watch.chargerId, reason }, 'a composite schedule could not be asked for')
    }
    const { tenant, chargerId } = watch
    commandOwn(deps, tenant, {
      commandId: CommandId.parse(`${prefix}${due.cause}-${evseId}-${due.attempt}`),
      chargerId,
      timeoutMs: commandMs,
      command: { type: 'GetCompositeSchedule', evseId, durationSeconds: aheadSeconds },
    }).then((reply) => {
      if (reply.outcome === 'unavailable' || reply.outcome === 'refused') failed(reply.reason)
    }, failed)
  }

  /** Asks for every EVSE with a profile, or for one; 0 is among them where a profile was set for the whole. */
  const need = (watch: Watch, cause: string, at: number, evseId?: number): void => {
    for (const one of evseId === undefined ? watch.placed : [evseId])
      watch.due.set(one, { cause, at, attempt: 1, asked: false })
  }

  /** The outcome of a command of ours, told of the EVSE that it was about. */
  const settled = (watch: Watch, commandId: string, outcome: 'answered' | 'unable' | 'silent' | 'offline'): void => {
    for (const [evseId, due] of watch.due) {
      if (commandId !== `${prefix}${due.cause}-${evseId}-${due.attempt}`) continue
      if (outcome === 'unable') watch.unable = true
      if (outcome === 'answered' || outcome === 'unable' || due.attempt >= mostAttempts) watch.due.delete(evseId)
      else
        watch.due.set(evseId, {
          ...due,
          attempt: due.attempt + 1,
          at: outcome === 'offline' ? due.at : due.at + againMs,
          asked: false,
        })
    }
  }

  const heardOfCharger = (watch: Watch, event: Recorded<ChargerEvent>): boolean => {
    const at = Date.parse(event.metadata.receivedAt)
    switch (event.type) {
      case 'ChargerConnected':
        watch.connected = true
        return true
      case 'ChargerDisconnected':
        watch.connected = false
        return false
      case 'ChargerBooted':
        watch.unable = false
        need(watch, `boot-${event.revision}`, at + afterBootMs)
        return watch.due.size > 0
      case 'TransactionOpened': {
        const { evseId } = event.data
        if (watch.placed.has(evseId) || watch.placed.has(0))
          need(watch, `start-${event.revision}`, at + afterStartMs, evseId)
        return watch.due.size > 0
      }
      case 'TransactionClosed':
        if (![...watch.ofTransactions.values()].includes(event.data.transactionId)) return false
        watch.ended.add(event.data.transactionId)
        return true
      case 'CommandSettled': {
        const { result, commandId } = event.data
        if (!commandId.startsWith(prefix)) return false
        const cannot = result.outcome === 'callError' && /^Not(Implemented|Supported)$/.test(result.code)
        settled(watch, commandId, cannot ? 'unable' : 'answered')
        return true
      }
      case 'CommandOutcomeUnknown':
        settled(watch, event.data.commandId, 'silent')
        return true
      case 'CommandOffline':
        settled(watch, event.data.commandId, 'offline')
        return false
      default:
        return false
    }
  }

  const heardOfDevice = (watch: Watch, event: Recorded<DeviceEvent>): boolean => {
    const at = Date.parse(event.metadata.receivedAt)
    switch (event.type) {
      case 'ChargingProfileSet': {
        const { evseId, profile } = event.data
        watch.placed.add(evseId)
        if (profile.transactionId !== undefined) watch.ofTransactions.set(profile.profileId, profile.transactionId)
        need(watch, `set-${event.revision}`, at, evseId)
        return true
      }
      case 'ChargingProfilesCleared': {
        const { profileId } = event.data
        const transactionId = profileId === undefined ? undefined : watch.ofTransactions.get(profileId)
        if (profileId === undefined || transactionId === undefined) return false
        watch.ofTransactions.delete(profileId)
        if (![...watch.ofTransactions.values()].includes(transactionId)) watch.ended.delete(transactionId)
        return false
      }
      case 'LimitsUnverified':
        watch.placed.add(0)
        need(watch, `unverified-${event.revision}`, at)
        return true
      default:
        return false
    }
  }

  const forget = async (key: string, watch: Watch, transactionId: TransactionId): Promise<void> => {
    const { tenant, chargerId } = watch
    const command = { type: 'ForgetTransactionProfiles', transactionId }
    await decideOwn(
      deps,
      device,
      deviceStream(tenant, chargerId),
      (state) => forgetTransactionProfiles(transactionId, state),
      { tenant, correlation: `${key}.${transactionId}`, command },
    )
    watch.ended.delete(transactionId)
  }

  return {
    name: 'profiles',
    hear(event) {
      const address = parseStream(event.stream)
      if (address?.category !== 'charger' && address?.category !== 'device') return []
      const [key, watch] = watchOf(address.tenant, address.chargerId)
      const wanted =
        address.category === 'charger'
          ? heardOfCharger(watch, event as unknown as Recorded<ChargerEvent>)
          : heardOfDevice(watch, event as unknown as Recorded<DeviceEvent>)
      return wanted ? [key] : []
    },
    async look(key) {
      const watch = watches.get(key)
      if (watch === undefined) return undefined
      for (const transactionId of watch.ended) await forget(key, watch, transactionId)
      if (!watch.connected || watch.unable) return undefined
      const now = deps.now()
      let next: number | undefined
      for (const [evseId, due] of watch.due) {
        if (due.asked) continue
        if (due.at <= now) {
          ask(key, watch, evseId, due)
          // where it could not be asked, nothing of the log says so
          next = Math.min(next ?? Infinity, now + againMs + commandMs)
        } else next = Math.min(next ?? due.at, due.at)
      }
      return next
    },
  }
}
