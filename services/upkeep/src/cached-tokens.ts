import type { ChargerEvent, DeviceEvent, IdTokenEvent } from '@voltrail/contracts/events/registry'
import type { ChargerId, TenantId, TokenRef } from '@voltrail/contracts/ids'
import { deviceStream, parseStream, type StreamName } from '@voltrail/contracts/streams'
import type { Recorded } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import { isSameKey } from '@voltrail/domain/device/key-name'
import { shownValue } from '@voltrail/domain/device/local-list-plan'
import {
  ask,
  hearOf,
  hearOutcome,
  isFull,
  nothingAsked,
  paceMs,
  waitsForOutcome,
  type Asking,
  type Pace,
} from './asking.ts'
import type { Duty, DutyDeps } from './duty.ts'

interface Watch {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  connected: boolean
  accepted: boolean
  readyAt: number
  /** tokens that it was told to be good since its cache was cleared last, the newest last */
  readonly held: Set<TokenRef>
  /** its configuration says that it has none: nobody is held */
  cacheless: boolean
  /** it was told more of them than are kept: it may hold anybody */
  overfull: boolean
  /** one of them may no longer charge */
  due: boolean
  /** since its boot it was asked whether it has a cache */
  keyRead: boolean
  clearedAt: number
  /** requests to clear the cache, of anybody, and what each makes it forget */
  readonly clearing: Map<string, Set<TokenRef>>
  /** it did not answer so often: it is asked again when it connects or boots */
  gaveUp: boolean
  readonly asking: Asking
}

const prefix = 'cache-'
const cacheKey = 'AuthorizationCacheEnabled'
const afterConnectMs = 2_000
/** many tokens that are blocked one after the other clear a cache once */
const gapMs = 60_000
const soonMs = 1_000
const commandMs = 30_000
const mostSilent = 5
/** as many as no charger remembers */
const mostHeld = 5_000

/**
 * Has chargers forget whom they remember (OCPP 1.6 §3.5.1, §5.4), once a token that a charger was told to be good may no longer
 * charge: only those that know it, only those with a cache, each once a minute at most. Who is offline is told when it is back.
 */
export const cachedTokens = (deps: DutyDeps): Duty => {
  const watches = new Map<string, Watch>()
  /** which chargers may remember a token */
  const byToken = new Map<string, Set<StreamName>>()
  /** tokens that may not charge */
  const worthless = new Set<string>()
  /** chargers that may remember anybody */
  const overfull = new Set<StreamName>()
  const pace: Pace = { underWay: 0 }
  const watchOf = (tenant: TenantId, chargerId: ChargerId): readonly [StreamName, Watch] => {
    const key = deviceStream(tenant, chargerId)
    const known = watches.get(key)
    if (known !== undefined) return [key, known]
    const watch: Watch = {
      tenant,
      chargerId,
      connected: false,
      accepted: false,
      readyAt: 0,
      held: new Set(),
      cacheless: false,
      overfull: false,
      due: false,
      keyRead: false,
      clearedAt: 0,
      clearing: new Map(),
      gaveUp: false,
      asking: nothingAsked(),
    }
    watches.set(key, watch)
    return [key, watch]
  }

  const nameOf = ({ tenant }: Pick<Watch, 'tenant'>, ref: TokenRef): string => `${tenant} ${ref}`
  /** @returns whether it must forget this one: it was told so by what was not known everywhere yet */
  const holds = (key: StreamName, watch: Watch, ref: TokenRef): boolean => {
    if (watch.cacheless) return false
    const name = nameOf(watch, ref)
    watch.held.delete(ref)
    watch.held.add(ref)
    const [oldest] = watch.held
    if (watch.held.size > mostHeld && oldest !== undefined) {
      letGo(key, watch, oldest)
      watch.overfull = true
      overfull.add(key)
    }
    for (const forgotten of watch.clearing.values()) forgotten.delete(ref)
    byToken.set(name, (byToken.get(name) ?? new Set()).add(key))
    if (!worthless.has(name)) return false
    watch.due = true
    return true
  }
  const letGo = (key: StreamName, watch: Watch, ref: TokenRef): void => {
    const name = nameOf(watch, ref)
    watch.held.delete(ref)
    byToken.get(name)?.delete(key)
    if (byToken.get(name)?.size === 0) byToken.delete(name)
  }
  const forgets = (key: StreamName, watch: Watch, forgotten: ReadonlySet<TokenRef>): void => {
    for (const ref of forgotten) letGo(key, watch, ref)
    watch.overfull = false
    overfull.delete(key)
    watch.due = [...watch.held].some((ref) => worthless.has(nameOf(watch, ref)))
  }

  /** Without a cache nobody is remembered; one that is switched on again may hold whom it held before. */
  const heardOfCache = (key: StreamName, watch: Watch, value: string | undefined): void => {
    const before = watch.cacheless
    watch.cacheless = value?.trim().toLowerCase() === 'false'
    if (watch.cacheless) forgets(key, watch, new Set(watch.held))
    else if (before) {
      watch.overfull = true
      overfull.add(key)
      watch.due = true
    }
  }

  const heardOfCharger = (key: StreamName, watch: Watch, event: Recorded<ChargerEvent>): boolean => {
    const at = Date.parse(event.metadata.receivedAt)
    const heard = hearOf(watch.asking, prefix, event, deps.now())
    if (heard?.kind === 'answered' && heard.what === 'key') watch.keyRead = true
    switch (event.type) {
      case 'ChargerRegistered':
      case 'ChargerRegistrationChanged':
        watch.accepted = event.data.registration === 'Accepted'
        return watch.due
      case 'ChargerConnected':
        watch.connected = true
        watch.gaveUp = false
        watch.readyAt = at + afterConnectMs
        return watch.due
      case 'ChargerDisconnected':
        watch.connected = false
        return false
      case 'ChargerBooted':
        watch.accepted = event.data.registration === 'Accepted'
        watch.keyRead = false
        watch.gaveUp = false
        return watch.due
      case 'AuthorizationDecided':
        return event.data.status === 'Accepted' && holds(key, watch, event.data.idToken.ref)
      case 'TransactionOpened':
        return event.data.authorization === 'Accepted' && holds(key, watch, event.data.tokenRef)
      case 'CommandRequested':
        if (event.data.command.type === 'ClearCache') watch.clearing.set(event.data.commandId, new Set(watch.held))
        return false
      case 'CommandOffline':
        watch.clearing.delete(event.data.commandId)
        return heard !== undefined
      case 'CommandOutcomeUnknown':
        watch.clearing.delete(event.data.commandId)
        if (watch.asking.silent >= mostSilent) watch.gaveUp = true
        return heard !== undefined
      case 'CommandSettled': {
        const { commandId, result } = event.data
        const forgotten = watch.clearing.get(commandId)
        if (forgotten === undefined) return heard !== undefined
        watch.clearing.delete(commandId)
        if (result.outcome === 'result' && result.status === 'Accepted') forgets(key, watch, forgotten)
        else if (heard !== undefined) {
          // one that knows no such command would say the same again; one that cannot clear it now is asked when it is back
          if (result.outcome === 'result') watch.gaveUp = true
          else watch.due = false
          deps.log.warn({ chargerId: watch.chargerId, result: result.outcome }, 'a charger does not clear its cache')
        }
        if (heard !== undefined) watch.clearedAt = at
        return heard !== undefined
      }
      default:
        return false
    }
  }

  const look = async (watch: Watch): Promise<number | undefined> => {
    if (!watch.due || watch.gaveUp || !watch.connected || !watch.accepted) return undefined
    const now = deps.now()
    const { asking, tenant, chargerId } = watch
    const readyAt = Math.max(watch.readyAt, asking.quietUntil, asking.pending?.until ?? 0)
    if (now < readyAt) return readyAt
    if (isFull(pace)) return now + paceMs
    asking.pending = undefined
    const { state } = await deps.loop.load(device, deviceStream(tenant, chargerId))
    const outcomeAt = waitsForOutcome(asking, state, now)
    if (outcomeAt !== undefined) return outcomeAt
    const enabled = shownValue(state, cacheKey)?.toLowerCase()
    const to = { deps, pace, asking, tenant, chargerId }
    if (enabled === undefined && !watch.keyRead)
      return ask(to, { prefix, what: 'key' }, { type: 'GetConfiguration', keys: [cacheKey] }, { timeoutMs: commandMs })
    // without the key there is no cache (OCPP 1.6 §9.1.2)
    if (enabled !== 'true') {
      watch.due = false
      return undefined
    }
    if (now < watch.clearedAt + gapMs) return watch.clearedAt + gapMs
    return ask(to, { prefix, what: 'clear' }, { type: 'ClearCache' }, { timeoutMs: commandMs })
  }

  return {
    name: 'cached-tokens',
    hear(event) {
      const address = parseStream(event.stream)
      switch (address?.category) {
        case 'token': {
          const heard = event as unknown as Recorded<IdTokenEvent>
          if (heard.type === 'IdTokenAliasGiven') return []
          const { status, expiresAt } = heard.data
          const name = nameOf(address, address.tokenRef)
          if (status === 'Accepted' && (expiresAt === undefined || expiresAt > heard.metadata.receivedAt)) {
            worthless.delete(name)
            return []
          }
          worthless.add(name)
          const keys = [...new Set([...(byToken.get(name) ?? []), ...overfull])]
          for (const key of keys) {
            const watch = watches.get(key)
            if (watch === undefined) continue
            watch.due = true
            watch.readyAt = Math.max(watch.readyAt, deps.now() + soonMs)
          }
          return keys
        }
        case 'charger': {
          const [key, watch] = watchOf(address.tenant, address.chargerId)
          return heardOfCharger(key, watch, event as unknown as Recorded<ChargerEvent>) ? [key] : []
        }
        case 'device': {
          const heard = event as unknown as Recorded<DeviceEvent>
          const [key, watch] = watchOf(address.tenant, address.chargerId)
          hearOutcome(watch.asking, heard)
          if (heard.type === 'ConfigurationChanged') {
            const told = heard.data.set.find((one) => isSameKey(one.key, cacheKey))
            if (told !== undefined) heardOfCache(key, watch, told.value)
          }
          return watch.due && heard.type === 'ConfigurationChanged' ? [key] : []
        }
        default:
          return []
      }
    },
    async look(key) {
      const watch = watches.get(key)
      return watch === undefined ? undefined : look(watch)
    },
  }
}
