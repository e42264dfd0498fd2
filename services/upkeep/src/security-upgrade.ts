import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { SecurityUpgrade } from '@voltrail/contracts/events/device'
import type { ChargerEvent, DeviceEvent } from '@voltrail/contracts/events/registry'
import { CommandId, type ChargerId, type TenantId, type TransactionId } from '@voltrail/contracts/ids'
import { instant, type Instant } from '@voltrail/contracts/quantities'
import { chargerStream, deviceStream, parseStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { keepCredentials, offerCredentials, withdrawCredentials } from '@voltrail/domain/charger/next-credentials'
import type { Decision, Recorded } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import { endSecurityUpgrade } from '@voltrail/domain/device/security-upgrade'
import type { Duty, DutyDeps } from './duty.ts'
import { commandOwn, decideOwn, type About } from './own-name.ts'

interface Watch {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  /** of the charger, by the log */
  securityProfile: number
  connection:
    | { readonly epoch: string; readonly onNext: boolean; readonly withNextKey: boolean; readonly since: number }
    | undefined
  /** whose credentials are good beside today's */
  nextId: string | undefined
  readonly open: Set<TransactionId>
  upgrade: Under | undefined
}

/** One upgrade that is under way. */
interface Under {
  readonly asked: SecurityUpgrade
  readonly begunAt: string
  /** the profile that is offered beside today's: lower than asked when the charger refused that one; undefined: not offered yet */
  offered: number | undefined
  /** the first accepted boot with the new credentials was */
  proven: boolean
  /** an operator's own word ended it */
  overruled: boolean
  /** what came of our commands, by their names */
  readonly answers: Map<string, Answer>
  readonly sent: Set<string>
  /** what was on its way to the charger, by the log */
  readonly requested: Set<string>
  /** the charger was connected with the new credentials, or with the new key */
  seen: boolean
}
interface Answer {
  readonly status: string
  readonly at: number
}

/** how long a charger may take to come back by itself after it took its new settings, before it is reset */
const reconnectMs = 20_000
/** how long it may be connected with the new credentials without a boot, before it is asked for one, and then reset */
const bootMs = 10_000
/** a charger that is back with the new credentials when the time is over gets this much more for its boot */
const graceMs = 120_000
const commandMs = 30_000
/** in one upgrade */
const mostResets = 2
const againMs = 5_000
const taken = new Set(['Accepted', 'RebootRequired'])

/**
 * Moves chargers to another security profile or key: makes the new credentials good beside the old ones, sends the key, then the
 * profile, has the charger come back, and records how it ended. Everything that it does has a name made of the upgrade and of the
 * connection that it is done on, so that after a crash the same is not done twice.
 */
export const securityUpgrade = (deps: DutyDeps): Duty => {
  const watches = new Map<string, Watch>()
  const watchOf = (tenant: TenantId, chargerId: ChargerId): readonly [string, Watch] => {
    const key = deviceStream(tenant, chargerId)
    const known = watches.get(key)
    if (known !== undefined) return [key, known]
    const watch: Watch = {
      tenant,
      chargerId,
      securityProfile: 0,
      connection: undefined,
      nextId: undefined,
      open: new Set(),
      upgrade: undefined,
    }
    watches.set(key, watch)
    return [key, watch]
  }

  const about = ({ tenant }: Watch, { asked, begunAt }: Under, command: object): About => ({
    tenant,
    correlation: asked.upgradeId,
    command,
    event: begunAt,
  })

  const onCharger = (
    watch: Watch,
    under: Under,
    type: string,
    decision: (state: ChargerState) => Decision<ChargerEvent>,
  ): Promise<ChargerState> => {
    const command = { type, upgradeId: under.asked.upgradeId }
    return decideOwn(
      deps,
      charger,
      chargerStream(watch.tenant, watch.chargerId),
      decision,
      about(watch, under, command),
    )
  }

  const offer = async (watch: Watch, under: Under, securityProfile: number, graceUntil?: Instant): Promise<void> => {
    const { upgradeId, passwordDigests } = under.asked
    const until = graceUntil ?? under.asked.until
    const next = { upgradeId, securityProfile, passwordDigests, until }
    const state = await onCharger(watch, under, 'OfferCredentials', (known) => offerCredentials(next, known))
    if (state.nextCredentials?.upgradeId === upgradeId) under.offered = securityProfile
    else under.overruled = true
  }

  const end = async (watch: Watch, under: Under, outcome: 'done' | 'failed', detail: string): Promise<void> => {
    const { upgradeId, toProfile } = under.asked
    const epoch = watch.connection?.epoch
    const ended = { upgradeId, toProfile, outcome, detail, ...(epoch === undefined ? {} : { epoch }) }
    await decideOwn(
      deps,
      device,
      deviceStream(watch.tenant, watch.chargerId),
      (state): Decision<DeviceEvent> => endSecurityUpgrade(ended, state),
      about(watch, under, { type: 'EndSecurityUpgrade', ...ended }),
    )
  }

  /**
   * The old credentials stay, unless the charger has proven the new ones in this very moment. The new ones stay with them where it
   * may have taken them: they come true when it boots with them, however late that is.
   */
  const fail = async (watch: Watch, under: Under, detail: string): Promise<void> => {
    const { upgradeId } = under.asked
    const kept = mayHaveTaken(under)
    await (kept
      ? onCharger(watch, under, 'KeepCredentials', (state) => keepCredentials(upgradeId, state))
      : onCharger(watch, under, 'WithdrawCredentials', (state) => withdrawCredentials(upgradeId, state)))
    const both = '; the new ones stay good with them, for the charger may have taken them'
    // should a boot have come before, the log says so next and the end waits for that
    if (!under.proven) await end(watch, under, 'failed', kept ? `${detail}${both}` : detail)
  }

  /** Sends a command once for each connection, and does not wait for it: its answer comes back in the log. */
  const send = (watch: Watch, under: Under, name: string, command: ChargerCommand, sealed = false): void => {
    const { sealedKey, upgradeId } = under.asked
    const commandId = CommandId.parse(`${upgradeId}.${name}`)
    if (under.sent.has(name)) return
    under.sent.add(name)
    const { tenant, chargerId } = watch
    commandOwn(deps, tenant, {
      commandId,
      chargerId,
      timeoutMs: commandMs,
      command,
      ...(sealed && sealedKey !== undefined ? { sealedValue: sealedKey } : {}),
    }).then(
      (reply) => {
        // it never left: it may be sent under the same name
        if (reply.outcome === 'unavailable' || reply.outcome === 'refused') under.sent.delete(name)
        if (reply.outcome === 'refused')
          deps.log.warn({ chargerId, detail: reply.detail }, 'a command of an upgrade was refused')
      },
      (error: unknown) => {
        under.sent.delete(name)
        deps.log.warn({ err: error, chargerId }, 'a command of an upgrade could not be sent')
      },
    )
  }

  /** The answer to a step that was given on any connection, the newest that says what came of it. */
  const answerTo = (under: Under, step: string): Answer | undefined =>
    [...under.answers].findLast(([name]) => name.startsWith(`${step}.`))?.[1]

  const look = async (watch: Watch, under: Under): Promise<number | undefined> => {
    const { asked } = under
    const now = deps.now()
    const newKey = asked.sealedKey !== undefined
    if (under.overruled) {
      await end(watch, under, 'failed', 'an operator set the credentials meanwhile')
      return undefined
    }
    if (under.proven) {
      const reached = watch.securityProfile >= asked.toProfile
      const refusal = `the charger took the new key and refused profile ${asked.toProfile}`
      await end(watch, under, reached ? 'done' : 'failed', reached ? 'the first accepted boot with it' : refusal)
      return undefined
    }
    const { connection } = watch
    const until = Date.parse(asked.until)
    const holdsKey = connection?.withNextKey === true
    const grace = connection?.onNext === true || (under.offered ?? asked.toProfile) < asked.toProfile ? graceMs : 0
    if (now > until && holdsKey && under.offered === asked.toProfile) {
      // it has the new key and never took the profile: that key must become good, or it could never connect again
      await offer(watch, under, watch.securityProfile, instant(until + graceMs))
      return now
    }
    if (now > until + grace) {
      await fail(watch, under, 'no accepted boot with the new credentials came in time; the old ones stay')
      return undefined
    }
    if (under.offered === undefined) {
      await offer(watch, under, asked.toProfile)
      return now
    }
    if (connection === undefined) return until + 1
    if (connection.onNext) return haveBoot(watch, under, connection, now)
    return configure(watch, under, connection, now, newKey)
  }

  /** Nobody is interrupted, and no charger is driven into a boot loop: it may come back with its old credentials each time. */
  const reset = (watch: Watch, under: Under, epoch: string): void => {
    const resets = new Set([...under.sent, ...under.answers.keys()].filter((name) => name.startsWith('reset.')))
    if (watch.open.size === 0 && resets.size < mostResets)
      send(watch, under, `reset.${epoch}`, { type: 'Reset', kind: 'Soft' })
  }

  /** The charger is back with the new credentials: now it has to boot, by itself, asked, or made to. */
  const haveBoot = (watch: Watch, under: Under, { epoch, since }: Connection, now: number): number => {
    const waited = now - since
    if (waited < bootMs) return since + bootMs
    send(watch, under, `boot.${epoch}`, { type: 'TriggerMessage', message: 'BootNotification' })
    const asked = under.answers.get(`boot.${epoch}`)
    const unwilling = asked !== undefined && !taken.has(asked.status)
    if (unwilling || waited > bootMs + reconnectMs) reset(watch, under, epoch)
    return now + againMs
  }

  /** The charger is there with the old credentials: it gets the key, then the profile, then time to come back. */
  const configure = async (
    watch: Watch,
    under: Under,
    { epoch }: Connection,
    now: number,
    newKey: boolean,
  ): Promise<number | undefined> => {
    const { toProfile } = under.asked
    const key = answerTo(under, 'key')
    if (newKey && !taken.has(key?.status ?? '')) {
      if (key !== undefined && refuses(key)) {
        await fail(watch, under, `the charger refused the new key (${key.status}); the old one stays`)
        return undefined
      }
      send(watch, under, `key.${epoch}`, { type: 'ChangeConfiguration', key: 'AuthorizationKey', value: '' }, true)
      return now + againMs
    }
    const profile = answerTo(under, 'profile')
    if (toProfile > watch.securityProfile && under.offered === toProfile && !taken.has(profile?.status ?? '')) {
      if (profile !== undefined && refuses(profile)) {
        if (!newKey) {
          await fail(watch, under, `the charger refused profile ${toProfile} (${profile.status}); the old one stays`)
          return undefined
        }
        // it has the new key already: that one must become good, or it could never connect again
        await offer(watch, under, watch.securityProfile)
        return now
      }
      const value = String(toProfile)
      send(watch, under, `profile.${epoch}`, { type: 'ChangeConfiguration', key: 'SecurityProfile', value })
      return now + againMs
    }
    const last = profile ?? key
    const due = last?.status === 'RebootRequired' ? 0 : (last?.at ?? now) + reconnectMs
    if (now >= due) reset(watch, under, epoch)
    return Math.max(now + againMs, due)
  }

  const heardOfCharger = (watch: Watch, event: Recorded<ChargerEvent>): boolean => {
    const under = watch.upgrade
    switch (event.type) {
      case 'ChargerRegistered':
        watch.securityProfile = event.data.securityProfile
        return false
      case 'ChargerCredentialsChanged': {
        const { securityProfile, next, upgradeId } = event.data
        watch.securityProfile = securityProfile
        // a connection made with the credentials of one upgrade proves nothing for another
        if (watch.connection !== undefined && next?.upgradeId !== watch.nextId)
          watch.connection = { ...watch.connection, onNext: false }
        watch.nextId = next?.upgradeId
        if (under === undefined) return false
        const { upgradeId: own } = under.asked
        if (upgradeId === own) under.proven = true
        else if (next?.upgradeId === own) under.offered = next.securityProfile
        // not by our own hand: an operator said how the charger connects
        else if (under.offered !== undefined && event.metadata.correlation !== own) under.overruled = true
        return true
      }
      case 'ChargerConnected': {
        const since = Date.parse(event.metadata.receivedAt)
        const { onNext = false, withNextKey = false } = event.data
        if (under !== undefined && watch.nextId === under.asked.upgradeId && (onNext || withNextKey)) under.seen = true
        watch.connection = { epoch: String(event.revision), onNext, withNextKey, since }
        return under !== undefined
      }
      case 'ChargerDisconnected':
        if (watch.connection?.epoch === event.data.epoch) watch.connection = undefined
        return false
      case 'TransactionOpened':
        watch.open.add(event.data.transactionId)
        return false
      case 'TransactionClosed':
        watch.open.delete(event.data.transactionId)
        return under !== undefined
      case 'CommandRequested':
      case 'CommandOffline': {
        const name = under && nameOf(under, event.data.commandId)
        if (under === undefined || name === undefined) return false
        if (event.type === 'CommandRequested') under.requested.add(name)
        else under.requested.delete(name)
        return false
      }
      case 'CommandSettled': {
        const name = under && nameOf(under, event.data.commandId)
        if (under === undefined || name === undefined) return false
        const { result } = event.data
        const status =
          result.outcome === 'result' ? result.status : result.outcome === 'callError' ? result.code : result.outcome
        under.answers.set(name, { status, at: Date.parse(event.metadata.receivedAt) })
        return true
      }
      default:
        return false
    }
  }

  return {
    name: 'security-upgrade',
    hear(event) {
      const address = parseStream(event.stream)
      if (address?.category === 'charger') {
        const [key, watch] = watchOf(address.tenant, address.chargerId)
        return heardOfCharger(watch, event as unknown as Recorded<ChargerEvent>) ? [key] : []
      }
      if (address?.category !== 'device') return []
      const heard = event as unknown as Recorded<DeviceEvent>
      if (heard.type === 'SecurityUpgradeBegun') {
        const [key, watch] = watchOf(address.tenant, address.chargerId)
        watch.upgrade = {
          asked: heard.data,
          begunAt: `${event.stream}@${heard.revision}`,
          offered: undefined,
          proven: false,
          overruled: false,
          answers: new Map(),
          sent: new Set(),
          requested: new Set(),
          seen: false,
        }
        return [key]
      }
      if (heard.type === 'SecurityUpgradeEnded') {
        const [, watch] = watchOf(address.tenant, address.chargerId)
        if (watch.upgrade?.asked.upgradeId === heard.data.upgradeId) watch.upgrade = undefined
      }
      return []
    },
    async look(key) {
      const watch = watches.get(key)
      return watch?.upgrade === undefined ? undefined : look(watch, watch.upgrade)
    },
  }
}

type Connection = NonNullable<Watch['connection']>

/** An answer that says no, for good; one that never came does not. */
const refuses = ({ status }: Answer): boolean => status !== 'timeout' && status !== 'notSent' && !taken.has(status)

/** Whether the charger may have the new key or profile: it took it, or nobody knows, as where its answer never came. */
const mayHaveTaken = ({ seen, requested, answers }: Under): boolean =>
  seen ||
  [...requested].some((name) => {
    const answer = answers.get(name)
    const isStep = name.startsWith('key.') || name.startsWith('profile.')
    return isStep && (answer === undefined || (answer.status !== 'notSent' && !refuses(answer)))
  })

/** Our own name of a command, if it is one of this upgrade. */
const nameOf = ({ asked }: Under, commandId: string): string | undefined =>
  commandId.startsWith(`${asked.upgradeId}.`) ? commandId.slice(asked.upgradeId.length + 1) : undefined
