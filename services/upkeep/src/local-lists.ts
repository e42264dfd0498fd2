import type { ListAssessment } from '@voltrail/contracts/events/device'
import type { ChargerEvent, DeviceEvent, IdTokenEvent, TenantEvent } from '@voltrail/contracts/events/registry'
import type { ChargerId, TenantId, TokenRef } from '@voltrail/contracts/ids'
import type { ListedToken, LocalListPolicy } from '@voltrail/contracts/local-list'
import { instant } from '@voltrail/contracts/quantities'
import { deviceStream, parseStream, tenantStream } from '@voltrail/contracts/streams'
import type { Decision, Recorded } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import { assessList, listPrefix, requestListSync } from '@voltrail/domain/device/local-list'
import { listLimitKeys, listStep, wantedTokens, type ListedTerms } from '@voltrail/domain/device/local-list-plan'
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
import { Waits, type Duty, type DutyDeps } from './duty.ts'
import { decideOwn } from './own-name.ts'

interface Watch {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  /** undefined: no word of its own; null: as its tenant's others */
  policy: LocalListPolicy | null | undefined
  connected: boolean
  accepted: boolean
  /** it may be called from then on */
  readyAt: number
  bootRevision: number
  firmware: string | undefined
  /** its firmware is another since the list was sent: some lose it without a word */
  newFirmware: boolean
  /** after which boot its limits were read, and on which connection its version */
  limitsOf: number | undefined
  versionOf: number | undefined
  /** tokens that it writes in a form of its own */
  readonly own: Set<TokenRef>
  readonly asking: Asking
  /** when it wants to be looked at next, where its tenant's turn has to see to that */
  wakeAt: number | undefined
  looking: boolean
}

interface Tenant {
  readonly tokens: Map<TokenRef, ListedTerms>
  /** counts changes of tokens */
  changes: number
  policy: LocalListPolicy | null
  readonly watches: Map<string, Watch>
  /** tokens changed: every list is looked at then */
  changedAt: number | undefined
  lookAt: number | undefined
}

const afterBootMs = 5_000
const afterConnectMs = 2_000
/** changes that come one after the other are one update; one who may no longer charge does not wait for that */
const debounceMs = 3_000
const longestDebounceMs = 30_000
const commandMs = 30_000
/** whose lists are kept ready at once; chargers with a word of their own may be many */
const mostPolicies = 1_000
const listMs = 60_000
/** looks of one turn, so that whoever holds the duties can hand them on in between */
const looksInATurn = 64
/** so many that wait one after the other: the part that they wait for is away for all */
const awayAfter = 3
/** longer than a key waits after that: the next turn begins behind them */
const putOffMs = 30_000
const brokenMs = 60_000

type Wanted = ReturnType<typeof wantedTokens>

/**
 * Keeps the local lists of chargers as their operator wants them: reads limits after each boot and the version on each connection,
 * then sends what differs. What the charger took stands in the log, so that whoever goes on sends only the rest.
 */
export const localLists = (deps: DutyDeps): Duty => {
  const tenants = new Map<TenantId, Tenant>()
  const byKey = new Map<string, Watch>()
  const pace: Pace = { underWay: 0 }
  /** by tenant and policy: most chargers have the same */
  const wantedBy = new Map<string, { readonly changes: number; readonly wanted: Wanted }>()

  const tenantOf = (id: TenantId): Tenant => {
    const known = tenants.get(id)
    if (known !== undefined) return known
    const tenant: Tenant = {
      tokens: new Map(),
      changes: 0,
      policy: null,
      watches: new Map(),
      changedAt: undefined,
      lookAt: undefined,
    }
    tenants.set(id, tenant)
    return tenant
  }
  const watchOf = (tenant: TenantId, chargerId: ChargerId): readonly [string, Watch] => {
    const key = deviceStream(tenant, chargerId)
    const known = byKey.get(key)
    if (known !== undefined) return [key, known]
    const watch: Watch = {
      tenant,
      chargerId,
      policy: undefined,
      connected: false,
      accepted: false,
      readyAt: 0,
      bootRevision: -1,
      firmware: undefined,
      newFirmware: false,
      limitsOf: undefined,
      versionOf: undefined,
      own: new Set(),
      asking: nothingAsked(),
      wakeAt: undefined,
      looking: false,
    }
    byKey.set(key, watch)
    tenantOf(tenant).watches.set(key, watch)
    return [key, watch]
  }
  const policyOf = (watch: Watch): LocalListPolicy | null => watch.policy ?? tenantOf(watch.tenant).policy

  const wantedOf = (id: TenantId, policy: LocalListPolicy, now: number): Wanted => {
    const tenant = tenantOf(id)
    const key = `${id} ${JSON.stringify(policy)}`
    const known = wantedBy.get(key)
    if (known?.changes === tenant.changes && (known.wanted.until ?? Infinity) > now) return known.wanted
    const wanted = wantedTokens(policy, tenant.tokens, instant(now))
    if (wantedBy.size >= mostPolicies) wantedBy.clear()
    wantedBy.set(key, { changes: tenant.changes, wanted })
    return wanted
  }

  const decide = async (
    watch: Watch,
    command: { readonly type: string; readonly policy: LocalListPolicy },
    decision: (state: DeviceState) => Decision<DeviceEvent>,
  ): Promise<DeviceState> => {
    const { tenant, chargerId, asking } = watch
    const about = { tenant, correlation: `${listPrefix}${asking.connection}`, command }
    return decideOwn(deps, device, deviceStream(tenant, chargerId), decision, about)
  }
  const assess = (watch: Watch, policy: LocalListPolicy, assessment: ListAssessment) =>
    decide(watch, { type: 'AssessLocalList', policy }, (state) => assessList(assessment, state))
  const syncAnew = (watch: Watch, policy: LocalListPolicy, reason: 'firmware' | 'unwritable') =>
    decide(watch, { type: 'SyncLocalList', policy }, (state) =>
      // what was to be sent whole already needs no second word
      state.localList?.content === undefined && state.listCare?.refused === undefined
        ? { accepted: [] }
        : requestListSync(reason),
    )

  const look = async (watch: Watch): Promise<number | undefined> => {
    const policy = policyOf(watch)
    if (policy === null || !watch.accepted) return undefined
    const now = deps.now()
    const { asking } = watch
    const online = watch.connected
    if (online) {
      const readyAt = Math.max(watch.readyAt, asking.quietUntil, asking.pending?.until ?? 0)
      if (now < readyAt) return readyAt
      asking.pending = undefined
    }
    const { state } = await deps.loop.load(device, deviceStream(watch.tenant, watch.chargerId))
    const outcomeAt = waitsForOutcome(asking, state, now)
    if (outcomeAt !== undefined) return outcomeAt
    if (watch.newFirmware) {
      await syncAnew(watch, policy, 'firmware')
      watch.newFirmware = false
      return now
    }
    const to = { deps, pace, asking, tenant: watch.tenant, chargerId: watch.chargerId }
    const send = ask.bind(undefined, to)
    if (online && watch.limitsOf !== watch.bootRevision)
      return send(
        { prefix: listPrefix, what: 'keys' },
        { type: 'GetConfiguration', keys: [...listLimitKeys] },
        { timeoutMs: commandMs },
      )
    const wanted = wantedOf(watch.tenant, policy, now)
    const step = listStep(state, inItsForm(wanted.entries, watch.own), policy)
    const { standing } = step.assessment
    const able = standing !== 'Unsupported' && standing !== 'Disabled'
    // one that has no lists is not asked for the version of its own
    if (online && able && watch.versionOf !== asking.connection)
      return send({ prefix: listPrefix, what: 'version' }, { type: 'GetLocalListVersion' }, { timeoutMs: commandMs })
    const { update } = step
    const goesNow = online && update !== undefined && update.at <= now
    // what goes at once is told by what comes of it: a list of many changes would fill the log with how it stood for seconds
    if (!goesNow) await assess(watch, policy, step.assessment)
    if (update === undefined || !online) return wanted.until
    if (update.at > now) return update.at
    const { listVersion, updateType, listed } = update
    return send(
      { prefix: listPrefix, what: `v${listVersion}` },
      { type: 'SendLocalList', listVersion, updateType, entries: [] },
      { timeoutMs: listMs, listed: [...listed] },
      ({ detail }) => {
        if (!detail.startsWith('listed:')) return
        asking.pending = undefined
        void syncAnew(watch, policy, 'unwritable').catch((error: unknown) =>
          deps.log.warn({ err: error, chargerId: watch.chargerId }, 'a whole local list could not be asked for'),
        )
      },
    )
  }
  const lookOnce = async (watch: Watch): Promise<number | undefined> => {
    if (watch.looking) return deps.now() + 500
    watch.looking = true
    try {
      return await look(watch)
    } finally {
      watch.looking = false
    }
  }

  /** All lists of a tenant in turn, after its tokens or its own word changed; then those whose time has come. */
  const lookAtTenant = async (tenant: Tenant): Promise<number | undefined> => {
    const now = deps.now()
    if (tenant.lookAt !== undefined && tenant.lookAt <= now) {
      tenant.lookAt = tenant.changedAt = undefined
      // each of them is due until it has been looked at, whatever happens to those before it
      for (const watch of tenant.watches.values()) watch.wakeAt = now
    }
    let trouble: Error | undefined
    let looks = 0
    let waiting = 0
    for (const watch of tenant.watches.values()) {
      if (watch.wakeAt === undefined || watch.wakeAt > now) continue
      if (isFull(pace)) return now + paceMs
      if (looks === looksInATurn) return now
      looks += 1
      try {
        watch.wakeAt = await lookOnce(watch)
        waiting = 0
      } catch (error) {
        // one that waits, or is broken, keeps nobody else
        const waits = error instanceof Waits
        watch.wakeAt = now + (waits ? putOffMs : brokenMs)
        trouble = error instanceof Error ? error : new Error(String(error))
        waiting = waits ? waiting + 1 : 0
        if (waiting === awayAfter) throw trouble
        if (!waits)
          deps.log.error(
            { err: error, chargerId: watch.chargerId },
            'the local list of a charger could not be looked at',
          )
      }
    }
    if (trouble !== undefined) throw trouble
    const wakes = [tenant.lookAt, ...[...tenant.watches.values()].map(({ wakeAt }) => wakeAt)]
    return wakes.reduce((next, at) => (at === undefined ? next : Math.min(next ?? at, at)), undefined)
  }

  const heardOfCharger = (watch: Watch, event: Recorded<ChargerEvent>): boolean => {
    const { asking } = watch
    const heard = hearOf(asking, listPrefix, event, deps.now(), isUpdate)
    if (heard !== undefined) {
      if (heard.kind === 'answered' && heard.what === 'keys') watch.limitsOf = watch.bootRevision
      if (heard.kind === 'answered' && heard.what === 'version') watch.versionOf = asking.connection
      // whether it was taken, its version will say
      if (heard.kind !== 'answered') watch.versionOf = undefined
      return true
    }
    const at = Date.parse(event.metadata.receivedAt)
    switch (event.type) {
      case 'ChargerRegistered':
      case 'ChargerRegistrationChanged':
        watch.accepted = event.data.registration === 'Accepted'
        return true
      case 'ChargerConnected':
        watch.connected = true
        watch.readyAt = at + afterConnectMs
        return true
      case 'ChargerDisconnected':
        watch.connected = false
        return false
      case 'ChargerBooted': {
        const firmware = event.data.firmwareVersion
        watch.newFirmware ||= watch.firmware !== undefined && firmware !== undefined && firmware !== watch.firmware
        watch.firmware = firmware ?? watch.firmware
        watch.accepted = event.data.registration === 'Accepted'
        watch.readyAt = at + afterBootMs
        watch.bootRevision = event.revision
        watch.versionOf = undefined
        return true
      }
      case 'AuthorizationDecided':
        return spelt(watch, event.data.idToken.ref, event.data.spelling)
      case 'TransactionOpened':
        return spelt(watch, event.data.tokenRef, event.data.spelling)
      default:
        return false
    }
  }
  const heardOfDevice = (watch: Watch, event: Recorded<DeviceEvent>): boolean => {
    hearOutcome(watch.asking, event)
    switch (event.type) {
      case 'LocalListDesired':
        watch.policy = event.data.policy
        return true
      case 'LocalListSyncRequested':
        watch.newFirmware = false
        return true
      case 'LocalListWritten':
      case 'LocalListRefused':
      case 'LocalListSeen':
        // it is asked for the version that it has before it gets the next
        if (event.type === 'LocalListRefused') watch.versionOf = undefined
        return true
      case 'ConfigurationChanged':
        return [...event.data.set.map(({ key }) => key), ...event.data.gone].some((key) =>
          listLimitKeys.some((name) => name.toLowerCase() === key.toLowerCase()),
        )
      default:
        return false
    }
  }
  const heardOfToken = (id: TenantId, ref: TokenRef, event: Recorded<IdTokenEvent>): readonly string[] => {
    if (event.type === 'IdTokenAliasGiven') return []
    const tenant = tenantOf(id)
    const { status, expiresAt, group } = event.data
    tenant.tokens.set(ref, { status, expiresAt, groupRef: group?.ref })
    tenant.changes += 1
    return wakeAll(id, tenant, status === 'Accepted' ? debounceMs : 0)
  }
  const wakeAll = (id: TenantId, tenant: Tenant, inMs: number): readonly string[] => {
    const now = deps.now()
    tenant.changedAt ??= now
    const soon = Math.min(now + inMs, tenant.changedAt + longestDebounceMs)
    // one who may no longer charge is not put off by others who may
    const isDue = tenant.lookAt !== undefined && tenant.lookAt <= now
    if (!isDue) tenant.lookAt = inMs === 0 ? now : Math.max(tenant.lookAt ?? 0, soon)
    return [tenantStream(id)]
  }

  return {
    name: 'local-lists',
    hear(event) {
      const address = parseStream(event.stream)
      switch (address?.category) {
        case 'token':
          return heardOfToken(address.tenant, address.tokenRef, event as unknown as Recorded<IdTokenEvent>)
        case 'tenant': {
          const heard = event as unknown as Recorded<TenantEvent>
          if (heard.type !== 'LocalListDefaultDesired') return []
          const tenant = tenantOf(address.tenant)
          tenant.policy = heard.data.policy
          return wakeAll(address.tenant, tenant, 0)
        }
        case 'charger':
        case 'device': {
          const [key, watch] = watchOf(address.tenant, address.chargerId)
          const wake =
            address.category === 'charger'
              ? heardOfCharger(watch, event as unknown as Recorded<ChargerEvent>)
              : heardOfDevice(watch, event as unknown as Recorded<DeviceEvent>)
          return wake && policyOf(watch) !== null ? [key] : []
        }
        default:
          return []
      }
    },
    async look(key) {
      const watch = byKey.get(key)
      if (watch !== undefined) return lookOnce(watch)
      const address = parseStream(key)
      return address?.category === 'tenant' ? lookAtTenant(tenantOf(address.tenant)) : undefined
    },
  }
}

/** A list is taken or refused: something always comes of it. */
const isUpdate = (what: string): boolean => what.startsWith('v') && what !== 'version'

/** How the charger wrote a token. @returns whether that is another form than before */
const spelt = (watch: Watch, ref: TokenRef, spelling: { readonly own?: unknown } | undefined): boolean => {
  if (spelling === undefined || watch.own.has(ref) === (spelling.own !== undefined)) return false
  if (spelling.own === undefined) watch.own.delete(ref)
  else watch.own.add(ref)
  return true
}

const inItsForm = (entries: readonly ListedToken[], own: ReadonlySet<TokenRef>): readonly ListedToken[] =>
  own.size === 0 ? entries : entries.map((one) => (own.has(one.tokenRef) ? { ...one, own: true } : one))
