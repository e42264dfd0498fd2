import { createHash } from 'node:crypto'
import type { Actor, ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { ChargerEvent, DeviceEvent, TenantEvent } from '@voltrail/contracts/events/registry'
import { CommandId, type ChargerId, type TenantId, type TransactionId } from '@voltrail/contracts/ids'
import { instant, type Instant } from '@voltrail/contracts/quantities'
import { deviceStream, parseStream } from '@voltrail/contracts/streams'
import type { Decision, Recorded } from '@voltrail/domain/decider'
import {
  bootAfterChange,
  keyStep,
  noticeDrift,
  reconcilePrefix,
  settleMs,
  suspendKey,
} from '@voltrail/domain/device/configuration'
import { isSameKey, keyName } from '@voltrail/domain/device/key-name'
import { device } from '@voltrail/domain/device/device'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import { wantedOf } from '@voltrail/domain/model-configuration'
import { tenant, type TenantState } from '@voltrail/domain/tenant'
import type { Duty, DutyDeps } from './duty.ts'
import { commandOwn, decideOwn } from './own-name.ts'

interface Watch {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  connected: boolean
  accepted: boolean
  bootedAt: Instant | undefined
  bootRevision: number
  /** its newest boot or connection: from then on it has to settle */
  since: number
  firmware: string | undefined
  make: { readonly vendor: string; readonly model: string } | undefined
  /** the firmware whose configuration was seen whole; undefined: none was */
  snapshotOf: string | undefined
  snapshotTries: number
  readonly open: Set<TransactionId>
  /** by their names without case: keys that somebody else asked it to change, and may have changed, since they are desired */
  readonly byHand: Map<string, ByHand>
  /** a boot whose blame has not been looked at */
  unjudged: Instant | undefined
  /** after which boot the keys that needed one were read again */
  checkedBoot: number
  /** the command of ours that is under way */
  pending: { readonly commandId: string; readonly until: number } | undefined
  /** after which boot it was reset for keys that need it */
  resetBoot: number
  /** the revision of the newest desire in the device's stream; undefined: nothing was ever desired */
  desiredAt: number | undefined
}

interface ByHand {
  readonly commandId: CommandId
  readonly at: Instant
  readonly by: Actor
  /** the charger has not answered yet */
  open: boolean
}

const commandMs = 30_000
/** after our own command has had no end in the log for so long, it is taken for lost */
const lostMs = 120_000
const againMs = 60_000
const mostSnapshotTries = 3

/**
 * Brings chargers to the configuration that is desired of them: one key at a time, after the newest boot has settled, and never
 * again and again what the charger refuses or what makes it boot. Has it show all of its configuration when it was accepted for the
 * first time and after its firmware changed, not at each boot.
 */
export const configuration = (deps: DutyDeps): Duty => {
  const watches = new Map<string, Watch>()
  const tenants = new Map<TenantId, { readonly state: TenantState; readonly revision: number }>()
  const watchOf = (tenant: TenantId, chargerId: ChargerId): readonly [string, Watch] => {
    const key = deviceStream(tenant, chargerId)
    const known = watches.get(key)
    if (known !== undefined) return [key, known]
    const watch: Watch = {
      tenant,
      chargerId,
      connected: false,
      accepted: false,
      bootedAt: undefined,
      bootRevision: -1,
      since: 0,
      firmware: undefined,
      make: undefined,
      snapshotOf: undefined,
      snapshotTries: 0,
      open: new Set(),
      byHand: new Map(),
      unjudged: undefined,
      checkedBoot: -1,
      pending: undefined,
      resetBoot: -1,
      desiredAt: undefined,
    }
    watches.set(key, watch)
    return [key, watch]
  }

  const decide = async (watch: Watch, type: string, decision: (state: DeviceState) => Decision<DeviceEvent>) => {
    const { tenant, chargerId, bootRevision } = watch
    const about = { tenant, correlation: `${reconcilePrefix}${bootRevision}`, command: { type } }
    return decideOwn(deps, device, deviceStream(tenant, chargerId), decision, about)
  }

  /** Sends one command and lets the log say what came of it. */
  const send = (watch: Watch, name: string, command: ChargerCommand): number => {
    const commandId = CommandId.parse(`${reconcilePrefix}${name}`)
    const until = deps.now() + lostMs
    watch.pending = { commandId, until }
    const unsent = (reason: unknown) => {
      if (watch.pending?.commandId === commandId) watch.pending = { commandId, until: deps.now() + againMs }
      deps.log.warn({ chargerId: watch.chargerId, reason }, 'a command for the configuration could not be sent')
    }
    const { tenant, chargerId } = watch
    commandOwn(deps, tenant, { commandId, chargerId, timeoutMs: commandMs, command }).then((reply) => {
      if (reply.outcome === 'unavailable' || reply.outcome === 'refused') unsent(reply)
    }, unsent)
    return until
  }

  const look = async (watch: Watch): Promise<number | undefined> => {
    const at = watch.unjudged
    if (at !== undefined && isDesired(watch))
      await decide(watch, 'BootAfterChange', (state) => bootAfterChange(at, state))
    // the charger may have booted again meanwhile
    if (watch.unjudged === at) watch.unjudged = undefined
    if (!watch.connected || !watch.accepted || watch.bootedAt === undefined) return undefined
    const now = deps.now()
    if (watch.pending !== undefined && watch.pending.until > now) return watch.pending.until
    watch.pending = undefined
    const snapshotDue = watch.snapshotOf !== (watch.firmware ?? '') && watch.snapshotTries < mostSnapshotTries
    if (!snapshotDue && !isDesired(watch)) return undefined
    const { state } = await deps.loop.load(device, deviceStream(watch.tenant, watch.chargerId))
    const settled = watch.since + settleMs(state)
    if (now < settled) return settled
    const { bootRevision } = watch
    if (snapshotDue) return send(watch, `${bootRevision}-all-${++watch.snapshotTries}`, { type: 'GetConfiguration' })
    return reconcile(watch, state, now)
  }

  const reconcile = async (watch: Watch, state: DeviceState, now: number): Promise<number | undefined> => {
    const { bootRevision, bootedAt } = watch
    // what needed a boot and had one is read again, so that it is judged by what the charger shows
    const booted = (state.keys ?? []).filter(({ outcome, at }) => outcome === 'RebootRequired' && at < (bootedAt ?? ''))
    if (booted.length > 0 && watch.checkedBoot < bootRevision) {
      watch.checkedBoot = bootRevision
      const keys = booted.map(({ key }) => key)
      return send(watch, `${bootRevision}-booted`, { type: 'GetConfiguration', keys })
    }
    let next: number | undefined
    let reset: string | undefined
    const desired = wantedOf(watch.make, tenants.get(watch.tenant)?.state.models ?? [], state)
    for (const wanted of desired.keys) {
      const { key, value } = wanted
      const byHand = watch.byHand.get(keyName(key))
      if (byHand !== undefined && byHand.at > wanted.since) {
        const answered = Date.parse(byHand.at) + lostMs
        if (byHand.open && now < answered) {
          next = Math.min(next ?? answered, answered)
          continue
        }
        await decide(watch, 'SuspendKey', (before) => suspendKey(key, byHand.at, byHand.by, before))
        if (watch.byHand.get(keyName(key)) === byHand) watch.byHand.delete(keyName(key))
        return now
      }
      const step = keyStep(wanted, state, bootedAt)
      if (step.do === 'drift') {
        await decide(watch, 'NoticeDrift', (before) => noticeDrift(key, instant(deps.now()), before))
        return now
      }
      if (step.do === 'reset') reset = state.keys?.find((one) => isSameKey(one.key, key))?.at
      if (step.do !== 'set') continue
      if (step.at <= now) {
        // a key that is desired anew is another change, also after the same boot
        const change = `${bootRevision}-${watch.desiredAt ?? 0}.${tenants.get(watch.tenant)?.revision ?? 0}-${step.attempt}`
        return send(watch, `${change}-${digestOf(key)}`, { type: 'ChangeConfiguration', key, value })
      }
      next = Math.min(next ?? step.at, step.at)
    }
    // nobody is interrupted; a reset is tried once for what needs it
    if (reset === undefined || !desired.mayReset || watch.open.size > 0) return next
    if (watch.resetBoot === bootRevision) return next
    watch.resetBoot = bootRevision
    send(watch, `${bootRevision}-reset`, { type: 'Reset', kind: 'Soft' })
    return next
  }

  const heardOfCharger = (watch: Watch, event: Recorded<ChargerEvent>): boolean => {
    const at = event.metadata.receivedAt
    switch (event.type) {
      case 'ChargerRegistered':
      case 'ChargerRegistrationChanged':
        watch.accepted = event.data.registration === 'Accepted'
        return true
      case 'ChargerConnected':
        watch.connected = true
        watch.since = Date.parse(at)
        return true
      case 'ChargerDisconnected':
        watch.connected = false
        return false
      case 'ChargerBooted':
        watch.accepted = event.data.registration === 'Accepted'
        watch.bootedAt = at
        watch.since = Date.parse(at)
        watch.bootRevision = event.revision
        watch.unjudged = at
        watch.pending = undefined
        watch.snapshotTries = 0
        watch.make = { vendor: event.data.vendor, model: event.data.model }
        watch.firmware = event.data.firmwareVersion ?? ''
        return true
      case 'TransactionOpened':
        watch.open.add(event.data.transactionId)
        return false
      case 'TransactionClosed':
        watch.open.delete(event.data.transactionId)
        return isDesired(watch)
      case 'CommandRequested': {
        const { command, commandId } = event.data
        if (command.type === 'ChangeConfiguration' && !commandId.startsWith(reconcilePrefix))
          watch.byHand.set(keyName(command.key), { commandId, at, by: event.metadata.actor, open: true })
        return false
      }
      case 'CommandSettled':
      case 'CommandOffline':
      case 'CommandOutcomeUnknown': {
        const { commandId } = event.data
        const answered = event.type === 'CommandSettled' && event.data.result.outcome === 'result'
        if (answered && isSnapshot(commandId)) watch.snapshotOf = watch.firmware ?? ''
        if (watch.pending?.commandId === commandId)
          // its outcome has to reach the device's stream before the next step
          watch.pending = { commandId, until: deps.now() + (answered ? outcomeMs : againMs) }
        return settleByHand(watch, event) || commandId.startsWith(reconcilePrefix)
      }
      default:
        return false
    }
  }

  const heardOfTenant = (id: TenantId, event: Recorded<TenantEvent>): readonly string[] => {
    const known = tenants.get(id)?.state ?? tenant.initialState
    const revision = event.type === 'ModelConfigurationDesired' ? event.revision : (tenants.get(id)?.revision ?? 0)
    tenants.set(id, { state: tenant.evolve(known, event), revision })
    if (event.type !== 'ModelConfigurationDesired') return []
    return [...watches].filter(([, watch]) => watch.tenant === id).map(([key]) => key)
  }
  /** Whether anything was ever desired of the charger, or of chargers of its tenant by their model. */
  const isDesired = (watch: Watch): boolean =>
    watch.desiredAt !== undefined || (tenants.get(watch.tenant)?.state.models ?? []).length > 0

  return {
    name: 'configuration',
    hear(event) {
      const address = parseStream(event.stream)
      if (address?.category === 'tenant')
        return heardOfTenant(address.tenant, event as unknown as Recorded<TenantEvent>)
      if (address?.category !== 'charger' && address?.category !== 'device') return []
      const [key, watch] = watchOf(address.tenant, address.chargerId)
      if (address.category === 'charger')
        return heardOfCharger(watch, event as unknown as Recorded<ChargerEvent>) ? [key] : []
      const heard = event as unknown as Recorded<DeviceEvent>
      if (heard.type === 'ConfigurationDesired') {
        watch.desiredAt = heard.revision
        for (const key of [...heard.data.keys.map((one) => one.key), ...(heard.data.released ?? [])])
          watch.byHand.delete(keyName(key))
      }
      return heard.type === 'ConfigurationDesired' || heard.type === 'ConfigurationKeyTried' ? [key] : []
    },
    async look(key) {
      const watch = watches.get(key)
      return watch === undefined ? undefined : look(watch)
    },
  }
}

/** how long the outcome of a command may take from the charger's stream to the device's */
const outcomeMs = 2_000
const isSnapshot = (commandId: string): boolean => /^cfg-\d+-all-\d+$/.test(commandId)

type Ended = Extract<ChargerEvent, { type: 'CommandSettled' | 'CommandOffline' | 'CommandOutcomeUnknown' }>
/** A change by hand is over. What the charger surely did not take changes nothing. @returns whether it was one */
const settleByHand = ({ byHand }: Watch, event: Ended): boolean => {
  const [key, change] = [...byHand].find(([, { commandId }]) => commandId === event.data.commandId) ?? []
  if (key === undefined || change === undefined) return false
  change.open = false
  const result = event.type === 'CommandSettled' ? event.data.result : undefined
  const refused =
    result?.outcome === 'callError' ||
    result?.outcome === 'notSent' ||
    (result?.outcome === 'result' && result.status !== 'Accepted' && result.status !== 'RebootRequired')
  if (event.type === 'CommandOffline' || refused) byHand.delete(key)
  return true
}

/** Keys may be longer than the name of a command, and differ at their end alone. */
const digestOf = (key: string): string => createHash('sha256').update(keyName(key)).digest('hex').slice(0, 16)
