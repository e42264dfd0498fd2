import type { BillingEvent, ChargerEvent, SessionEvent, TenantEvent } from '@voltrail/contracts/events/registry'
import { inferenceDefaults } from '@voltrail/contracts/admin-commands'
import type { Lookup } from '@voltrail/contracts/envelope'
import type { TenantId, TransactionId } from '@voltrail/contracts/ids'
import {
  chargerStream,
  parseStream,
  sessionId,
  sessionParts,
  sessionStream,
  tenantStream,
} from '@voltrail/contracts/streams'
import type { Recorded } from '@voltrail/domain/decider'
import type { LogEvent } from '@voltrail/event-store/event-log'
import { dueOfCharger, dueOfSession, type InferenceSettings, type TimeOut, type TimeOutKind } from './due.ts'
import { edgeGone, fire, Waits, type Because, type FireDeps } from './fire.ts'
import type { Presence } from './presence.ts'
import { createSchedule } from '@voltrail/runtime/schedule'
import {
  hearCharger,
  hearSession,
  newChargerWatch,
  newSessionWatch,
  type ChargerWatch,
  type SessionWatch,
} from './watch.ts'

export interface EngineDeps extends FireDeps {
  readonly presence: Presence
  /** ms since 1970 */
  readonly now: () => number
  readonly onFired?: (kind: TimeOutKind | 'edge-gone', types: readonly string[], lagMs: number) => void
  readonly onWaits?: (reason: string) => void
  /** a time-out that fails for good; the others go on */
  readonly onFailed?: (error: unknown, what: string) => void
}

export interface Engine {
  /** Takes the next event of the log, of a charger, session, billing or tenant stream. */
  hear(event: LogEvent): void
  /** Fires what is due now; stops early when `goOn` says so. */
  run(goOn?: () => boolean): Promise<void>
  /** Looks whether the edges of all connected chargers still keep their presence. */
  sweep(goOn?: () => boolean): Promise<void>
  /** `dueAt`: the earliest wake-up, in ms since 1970 */
  status(): { readonly waiting: number; readonly dueAt: number | undefined; readonly failing: string | undefined }
}

/** A presence that has not worked for so long proves nothing by an absence. */
export const provenAbsenceMs = 180_000
/** after a time-out found nothing to do, or the log was away, it is looked at again */
const againMs = 60_000
const awayMs = 5_000
const atOnce = 16

/**
 * Time-outs from the log alone: what is heard builds, per charger and per session, what is waited for; when its time has come the
 * deciders say what it means. What is fired comes back as an event and ends the wait, so nothing here has to survive the process.
 */
export const createEngine = (deps: EngineDeps): Engine => {
  const { presence, now } = deps
  const schedule = createSchedule()
  const chargers = new Map<string, ChargerWatch>()
  const sessions = new Map<string, SessionWatch>()
  const tenants = new Map<string, { readonly settings: InferenceSettings; readonly revision: number }>()
  /** connections without presence, and since when */
  const missing = new Map<string, { readonly epoch: string; readonly since: number }>()
  const failures = new Map<string, string>()

  const settingsOf = (tenant: TenantId) => tenants.get(tenant) ?? { settings: inferenceDefaults, revision: -1 }

  const dueOf = (stream: string): readonly TimeOut[] => {
    const charger = chargers.get(stream)
    if (charger !== undefined) {
      const { tenant, chargerId } = charger
      const sessionOf = (id: TransactionId) => sessions.get(sessionStream(tenant, sessionId(chargerId, id)))
      return dueOfCharger(charger, sessionOf, settingsOf(tenant).settings)
    }
    const address = parseStream(stream)
    const session = sessions.get(stream)
    if (session === undefined || address?.category !== 'session') return []
    return dueOfSession(address.tenant, address.sessionId, session, settingsOf(address.tenant).settings)
  }
  const wake = (stream: string): void => {
    const due = dueOf(stream)
    if (due.length > 0) schedule.wake(stream, Math.min(...due.map(({ dueAt }) => dueAt)))
  }

  const watchOf = <W>(all: Map<string, W>, stream: string, create: () => W): W => {
    const known = all.get(stream)
    if (known !== undefined) return known
    const watch = create()
    all.set(stream, watch)
    return watch
  }
  /** What is settled, and whose transaction is closed, is waited for no more. */
  const forgetSettled = (stream: string, charger: ChargerWatch | undefined, id: TransactionId): void => {
    if (sessions.get(stream)?.settled === true && charger?.open.has(id) !== true) sessions.delete(stream)
  }

  const hear = (event: LogEvent): void => {
    const address = parseStream(event.stream)
    switch (address?.category) {
      case 'charger': {
        const { tenant, chargerId } = address
        const watch = watchOf(chargers, event.stream, () => newChargerWatch(tenant, chargerId))
        const heard = event as unknown as Recorded<ChargerEvent>
        hearCharger(watch, heard)
        if (heard.type === 'TransactionClosed') {
          const id = heard.data.transactionId
          forgetSettled(sessionStream(tenant, sessionId(chargerId, id)), watch, id)
        }
        return wake(event.stream)
      }
      case 'session': {
        const { tenant } = address
        const heard = event as unknown as Recorded<SessionEvent>
        hearSession(watchOf(sessions, event.stream, newSessionWatch), heard)
        const { chargerId, transactionId } = sessionParts(address.sessionId)
        const owner = chargerStream(tenant, chargerId)
        const charger = chargers.get(owner)
        if (charger !== undefined && heard.metadata.actor.kind === 'charger')
          charger.heardAt = Math.max(charger.heardAt, Date.parse(heard.metadata.receivedAt))
        forgetSettled(event.stream, charger, transactionId)
        if (charger !== undefined) wake(owner)
        return wake(event.stream)
      }
      case 'billing': {
        const heard = event as unknown as Recorded<BillingEvent>
        const watch = sessions.get(sessionStream(address.tenant, address.sessionId))
        if (watch !== undefined) watch.newestAt = Math.max(watch.newestAt, Date.parse(heard.metadata.receivedAt))
        return
      }
      case 'tenant': {
        const { tenant } = address
        const heard = event as unknown as Recorded<TenantEvent>
        if (heard.type !== 'TenantSettingsChanged') return
        const { settings } = heard.data
        tenants.set(tenant, { settings: { ...inferenceDefaults, ...settings }, revision: event.revision })
        for (const [stream, watch] of chargers) if (watch.tenant === tenant) wake(stream)
        for (const stream of sessions.keys()) if (parseStream(stream)?.tenant === tenant) wake(stream)
        return
      }
      default:
        // other categories begin or end no wait
        return
    }
  }

  const because = (tenant: TenantId, stream: string, revision: number): Because => {
    const { settings, revision: decidedAt } = settingsOf(tenant)
    const { inferAvailableMinutes, inferSilentHours, settleAfterHours } = settings
    const value = { inferAvailableMinutes, inferSilentHours, settleAfterHours }
    const lookups: Lookup[] = [{ stream: tenantStream(tenant), revision: decidedAt < 0 ? null : decidedAt, value }]
    return { now: now(), event: `${stream}@${revision}`, lookups, settings: value }
  }

  /** Until when a silent charger is given time, or `undefined` when it is silent indeed. */
  const stillHeard = async (stream: string, watch: ChargerWatch): Promise<number | undefined> => {
    const seen = await presence.look(watch.tenant, watch.chargerId)
    if (seen.kind === 'there') {
      watch.heardAt = Math.max(watch.heardAt, seen.lastSeenAt)
      wake(stream)
      return now() + againMs
    }
    const since = presence.worksSince()
    if (seen.kind === 'unknown' || since === undefined) return now() + againMs
    return now() - since < provenAbsenceMs ? since + provenAbsenceMs : undefined
  }

  const fireOne = async (stream: string, timeOut: TimeOut): Promise<void> => {
    const charger = chargers.get(stream)
    if (timeOut.kind === 'charger-silent' && charger !== undefined) {
      const putOff = await stillHeard(stream, charger)
      if (putOff !== undefined) return schedule.wake(stream, putOff)
    }
    const revision = charger?.revision ?? sessions.get(stream)?.revision ?? 0
    const what = `${timeOut.kind} of ${stream}`
    try {
      const types = await fire(timeOut, because(timeOut.tenant, stream, revision), deps)
      failures.delete(what)
      if (types.length > 0) deps.onFired?.(timeOut.kind, types, now() - timeOut.dueAt)
      // what was appended is heard and ends the wait; what was not is looked at again, should it still be due
      schedule.wake(stream, now() + againMs)
    } catch (error) {
      if (error instanceof Waits) {
        deps.onWaits?.(error.message)
        schedule.wake(stream, now() + awayMs)
        return
      }
      failures.set(what, `${what}: ${error instanceof Error ? error.message : String(error)}`)
      deps.onFailed?.(error, what)
      schedule.wake(stream, now() + againMs)
    }
  }

  return {
    hear,
    async run(goOn = () => true) {
      while (goOn()) {
        const at = now()
        const woken = schedule.take(at, atOnce)
        if (woken.length === 0) return
        await Promise.all(
          woken.map(async ({ key }) => {
            const due = dueOf(key)
            for (const timeOut of due.filter(({ dueAt }) => dueAt <= at)) await fireOne(key, timeOut)
            const later = due.map(({ dueAt }) => dueAt).filter((dueAt) => dueAt > at)
            if (later.length > 0) schedule.wake(key, Math.min(...later))
          }),
        )
      }
    },

    async sweep(goOn = () => true) {
      const connected = [...chargers].filter(([, { connection }]) => connection !== undefined)
      for (const stream of missing.keys()) if (chargers.get(stream)?.connection === undefined) missing.delete(stream)
      for (let from = 0; from < connected.length && goOn(); from += atOnce) {
        const looked = await Promise.all(
          connected.slice(from, from + atOnce).map(async ([stream, watch]) => {
            const seen = await presence.look(watch.tenant, watch.chargerId)
            return { stream, watch, seen }
          }),
        )
        for (const { stream, watch, seen } of looked) {
          const { connection } = watch
          if (connection === undefined) continue
          if (seen.kind === 'unknown' || presence.worksSince() === undefined) {
            // nobody can tell: all absences begin anew
            missing.clear()
            return
          }
          if (seen.kind === 'there' && BigInt(seen.epoch) >= BigInt(connection.epoch)) {
            missing.delete(stream)
            continue
          }
          const known = missing.get(stream)
          const since = known?.epoch === connection.epoch ? known.since : now()
          missing.set(stream, { epoch: connection.epoch, since })
          if (now() - since < provenAbsenceMs) continue
          const what = `edge-gone of ${stream}`
          try {
            const types = await edgeGone(watch, connection, because(watch.tenant, stream, watch.revision), deps)
            failures.delete(what)
            missing.delete(stream)
            if (types.length > 0) deps.onFired?.('edge-gone', types, now() - since - provenAbsenceMs)
          } catch (error) {
            if (error instanceof Waits) deps.onWaits?.(error.message)
            else {
              failures.set(what, `${what}: ${error instanceof Error ? error.message : String(error)}`)
              deps.onFailed?.(error, what)
            }
          }
        }
      }
    },

    status: () => ({
      waiting: schedule.size,
      dueAt: schedule.next(),
      failing: failures.size === 0 ? undefined : [...failures.values()].slice(0, 5).join('; '),
    }),
  }
}
