import type { ChargerEvent, DeviceEvent, SessionEvent } from '@voltrail/contracts/events/registry'
import { CommandId, type ChargerId, type EvseId, type TenantId } from '@voltrail/contracts/ids'
import { instant, type Instant } from '@voltrail/contracts/quantities'
import { deviceStream, parseStream, sessionParts } from '@voltrail/contracts/streams'
import type { Decision, Recorded } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import {
  confirmShown,
  expireReservation,
  honourStart,
  isAboutOver,
  releaseReservation,
  reservationUnsent,
  type StartSeen,
} from '@voltrail/domain/device/reservation-end'
import type { Duty, DutyDeps } from './duty.ts'
import { commandOwn, decideOwn } from './own-name.ts'

/** What is followed of one reservation, as long as it goes on. */
interface Followed {
  readonly evseId: EvseId
  readonly expiresAt: number
  /** when its command should have been asked by; undefined: it was asked, or needs none */
  sendBy: number | undefined
  /** it never reached the charger */
  offline: boolean
  /** whether the charger took it is not known */
  unanswered: boolean
  /** the charger was told to let go of it when its time was over: `asked`, or that came to nothing */
  release: 'asked' | 'failed' | undefined
}

interface Watch {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  readonly followed: Map<number, Followed>
  /** EVSEs that the charger shows as Reserved, since when */
  readonly reserved: Map<EvseId, Instant>
  /** EVSEs that were Reserved and are Available, since when; `unshown`: not shown as Reserved since that boot */
  released: { readonly evseId: EvseId; readonly at: Instant; readonly restarted: boolean; readonly unshown?: true }[]
  /** EVSEs that went from Reserved to something else than Available just after a boot: Available comes next */
  readonly restarting: Set<EvseId>
  /** starts that may use a reservation, oldest first; `seen`: decided on, as long as no other reservation is made */
  starts: { readonly start: StartSeen; seen: boolean }[]
  /** commands that ask for a reservation, or take one back at its end, by the reservation */
  readonly commands: Map<CommandId, number>
  bootedAt: number
}

const minute = 60_000
/** A reservation whose command was not even asked so long after will not be any more. */
const unsentMs = 2 * minute
/** How long a charger that shows a connector as Reserved may take to let go of it by itself, and then when it is told to. */
const letGoMs = minute
/** From Reserved over Available to a start: some chargers go that way when the driver shows a card. */
const releaseGraceMs = 30_000
/** What a charger shows so soon after a boot, it shows because of it. */
const afterBootMs = 5 * minute
const commandMs = 30_000
const keptStarts = 16
const prefix = 'reservation-over-'

/**
 * Follows reservations to their end: the start that uses them, the time that is over, the charger that lets go too early or not
 * at all. That one is told to, once.
 */
export const reservations = (deps: DutyDeps): Duty => {
  const watches = new Map<string, Watch>()
  const watchOf = (tenant: TenantId, chargerId: ChargerId): Watch => {
    const key = deviceStream(tenant, chargerId)
    const known = watches.get(key)
    if (known !== undefined) return known
    const watch: Watch = {
      tenant,
      chargerId,
      followed: new Map(),
      reserved: new Map(),
      released: [],
      restarting: new Set(),
      starts: [],
      commands: new Map(),
      bootedAt: 0,
    }
    watches.set(key, watch)
    return watch
  }

  const decide = async (
    watch: Watch,
    command: object,
    decision: (state: DeviceState) => Decision<DeviceEvent>,
  ): Promise<void> => {
    const { tenant, chargerId } = watch
    const about = { tenant, correlation: `reservations-${chargerId}`, command }
    await decideOwn(deps, device, deviceStream(tenant, chargerId), decision, about)
  }

  /** Tells the charger to let go of a reservation whose time is over. What comes of it is heard. */
  const release = (watch: Watch, reservationId: number, one: Followed): void => {
    const commandId = CommandId.parse(`${prefix}${reservationId}`)
    one.release = 'asked'
    watch.commands.set(commandId, reservationId)
    const failed = (reason: unknown) => {
      one.release = 'failed'
      deps.log.warn({ chargerId: watch.chargerId, reservationId, reason }, 'a reservation could not be taken back')
    }
    const { tenant, chargerId } = watch
    const command = { type: 'CancelReservation', reservationId } as const
    commandOwn(deps, tenant, { commandId, chargerId, timeoutMs: commandMs, command }).then((reply) => {
      if (reply.outcome === 'unavailable' || reply.outcome === 'refused') failed(reply)
    }, failed)
  }

  const heardOfCharger = (watch: Watch, event: Recorded<ChargerEvent>): boolean => {
    const at = Date.parse(event.metadata.receivedAt)
    switch (event.type) {
      case 'ChargerBooted':
        watch.bootedAt = at
        // one that shows the connector as Reserved says so again after its boot (OCPP 1.6 §4.2); that repeat is not heard here
        for (const evseId of new Set([...watch.followed.values()].map((one) => one.evseId))) {
          if (evseId === 0 || watch.reserved.has(evseId)) continue
          watch.released = watch.released.filter((one) => one.evseId !== evseId)
          watch.released.push({ evseId, at: event.metadata.receivedAt, restarted: true, unshown: true })
        }
        return true
      case 'ConnectorStatusChanged': {
        const { evseId, status } = event.data
        if (evseId === 0) return false
        const shown = watch.reserved.delete(evseId)
        const was = watch.restarting.delete(evseId) || shown
        // after a boot only Reserved says that it is still kept
        watch.released = watch.released.filter(
          (one) => one.evseId !== evseId || (one.unshown === true && status !== 'Reserved'),
        )
        if (status === 'Reserved') watch.reserved.set(evseId, event.metadata.receivedAt)
        const restarted = watch.bootedAt > 0 && at - watch.bootedAt < afterBootMs
        if (was && restarted && (status === 'Unavailable' || status === 'Faulted')) watch.restarting.add(evseId)
        if (status === 'Reserved')
          return was || [...watch.followed.values()].some((one) => one.unanswered && one.evseId === evseId)
        if (!was || status !== 'Available') return was
        watch.released.push({ evseId, at: event.metadata.receivedAt, restarted })
        return true
      }
      case 'CommandRequested': {
        const { command, commandId } = event.data
        if (command.type === 'ReserveNow' && command.reservationId !== undefined) {
          watch.commands.set(commandId, command.reservationId)
          const one = watch.followed.get(command.reservationId)
          if (one !== undefined) one.sendBy = undefined
        }
        if (command.type === 'CancelReservation' && commandId === `${prefix}${command.reservationId}`) {
          watch.commands.set(commandId, command.reservationId)
          const one = watch.followed.get(command.reservationId)
          if (one !== undefined) one.release = 'asked'
        }
        return false
      }
      case 'CommandOffline':
      case 'CommandOutcomeUnknown':
      case 'CommandSettled': {
        const { commandId } = event.data
        const reservationId = watch.commands.get(commandId)
        if (reservationId === undefined) return false
        if (event.type !== 'CommandOutcomeUnknown') watch.commands.delete(commandId)
        const one = watch.followed.get(reservationId)
        if (one === undefined) return false
        if (commandId.startsWith(prefix)) {
          // an answer is taken by whoever takes all of them
          if (event.type !== 'CommandSettled') one.release = 'failed'
        } else {
          one.offline ||= event.type === 'CommandOffline'
          one.unanswered =
            event.type === 'CommandOutcomeUnknown' ||
            (event.type === 'CommandSettled' && /^(timeout|invalidAnswer)$/.test(event.data.result.outcome))
        }
        return true
      }
      default:
        return false
    }
  }

  const heardOfDevice = (watch: Watch, event: Recorded<DeviceEvent>): boolean => {
    switch (event.type) {
      case 'ReservationRequested':
      case 'ReservationMade': {
        const { reservationId, evseId, expiresAt } = event.data
        const requestedAt = Date.parse(event.metadata.receivedAt)
        const asked = event.type === 'ReservationMade' || [...watch.commands.values()].includes(reservationId)
        watch.followed.set(reservationId, {
          evseId,
          expiresAt: Date.parse(expiresAt),
          sendBy: asked ? undefined : requestedAt + unsentMs,
          offline: false,
          unanswered: false,
          release: undefined,
        })
        for (const one of watch.starts) one.seen = false
        return true
      }
      case 'ReservationEnded':
        watch.followed.delete(event.data.reservationId)
        // a command without an answer would be kept for ever
        for (const [commandId, reservationId] of watch.commands)
          if (reservationId === event.data.reservationId) watch.commands.delete(commandId)
        if (watch.followed.size === 0) watch.starts = []
        return false
      default:
        return false
    }
  }

  const heardOfSession = (watch: Watch, event: Recorded<SessionEvent>): boolean => {
    if (event.type !== 'SessionStarted') return false
    const { transactionId, evseId, idToken, groupRef, reservationId, startedAt } = event.data
    const named = reservationId !== undefined && reservationId !== '0'
    // nothing is reserved or about to be; what it names may have ended all the same
    if (watch.followed.size === 0 && watch.commands.size === 0 && !named) return false
    const start = { transactionId, evseId, tokenRef: idToken.ref, groupRef, reservationId, startedAt }
    watch.starts = [...watch.starts.slice(1 - keptStarts), { start, seen: false }]
    return true
  }

  /** Ends what is due. @returns when to look again */
  const dueOf = async (watch: Watch, reservationId: number, one: Followed): Promise<number | undefined> => {
    const now = deps.now()
    const { evseId, expiresAt, sendBy, offline } = one
    if (offline || (sendBy !== undefined && sendBy <= now)) {
      const detail = offline ? 'the charger was not connected' : 'it was never sent to the charger'
      const command = { type: 'ReservationUnsent', reservationId, detail }
      await decide(watch, command, (state) => reservationUnsent({ reservationId, detail }, state))
      one.offline = false
      one.sendBy = undefined
    }
    const shownAt = watch.reserved.get(evseId)
    if (one.unanswered && shownAt !== undefined) {
      await decide(watch, { type: 'ConfirmReservation', evseId, shownAt }, (state) =>
        confirmShown({ evseId, shownAt }, state),
      )
      one.unanswered = false
    }
    if (expiresAt > now) return Math.min(expiresAt, one.sendBy ?? Infinity)
    const held = watch.reserved.has(evseId)
    if (held && one.release !== 'failed') {
      if (expiresAt + letGoMs > now) return expiresAt + letGoMs
      if (one.release === undefined) release(watch, reservationId, one)
      if (expiresAt + 2 * letGoMs > now) return expiresAt + 2 * letGoMs
    }
    const over = { reservationId, now: instant(now), held }
    await decide(watch, { type: 'ExpireReservation', ...over }, (state) => expireReservation(over, state))
    return undefined
  }

  return {
    name: 'reservations',
    hear(event) {
      const address = parseStream(event.stream)
      switch (address?.category) {
        case 'charger': {
          const watch = watchOf(address.tenant, address.chargerId)
          const wanted = heardOfCharger(watch, event as unknown as Recorded<ChargerEvent>)
          return wanted && watch.followed.size > 0 ? [deviceStream(address.tenant, address.chargerId)] : []
        }
        case 'device': {
          const watch = watchOf(address.tenant, address.chargerId)
          return heardOfDevice(watch, event as unknown as Recorded<DeviceEvent>) ? [event.stream] : []
        }
        case 'session': {
          const { chargerId } = sessionParts(address.sessionId)
          const watch = watchOf(address.tenant, chargerId)
          const wanted = heardOfSession(watch, event as unknown as Recorded<SessionEvent>)
          return wanted ? [deviceStream(address.tenant, chargerId)] : []
        }
        default:
          return []
      }
    },
    async look(key) {
      const watch = watches.get(key)
      if (watch === undefined) return undefined
      for (const one of watch.starts.filter(({ seen }) => !seen)) {
        // another reservation that is made meanwhile wants it looked at again
        one.seen = true
        try {
          await decide(watch, { type: 'HonourStart', ...one.start }, (state) => honourStart(one.start, state))
        } catch (error) {
          one.seen = false
          throw error
        }
      }
      const now = deps.now()
      let next = Number.POSITIVE_INFINITY
      for (const one of watch.released) {
        const of = [...watch.followed.values()].filter(({ evseId }) => evseId === one.evseId)
        const over = of.every(({ expiresAt }) => isAboutOver({ expiresAt: instant(expiresAt) }, one.at))
        const dueAt = Date.parse(one.at) + (over ? 0 : releaseGraceMs)
        if (of.length > 0 && dueAt > now) {
          next = Math.min(next, dueAt)
          continue
        }
        await decide(watch, { type: 'ReleaseReservation', ...one }, (state) => releaseReservation(one, state))
        watch.released = watch.released.filter((other) => other !== one)
      }
      for (const [reservationId, one] of watch.followed)
        next = Math.min(next, (await dueOf(watch, reservationId, one)) ?? Infinity)
      return Number.isFinite(next) ? next : undefined
    },
  }
}
