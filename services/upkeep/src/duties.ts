import { setTimeout as sleep } from 'node:timers/promises'
import type { LogEvent } from '@voltrail/event-store/event-log'
import { createSchedule } from '@voltrail/runtime/schedule'
import { Waits, type Duty } from './duty.ts'

export interface DutiesOptions {
  readonly duties: readonly Duty[]
  /** ms since 1970 */
  readonly now: () => number
  readonly onWaits?: (duty: string, reason: string) => void
  /** a key that fails for good; the others go on */
  readonly onFailed?: (error: unknown, what: string) => void
}

export interface Duties {
  hear(event: LogEvent): void
  /** Looks at every key whose time has come; stops early when `goOn` says so. */
  run(goOn?: () => boolean): Promise<void>
  status(): { readonly waiting: number; readonly failing: string | undefined }
}

/** after a part was away, or a key failed, it is looked at again */
const awayMs = 5_000
const againMs = 60_000
const atOnce = 16
/** a look that takes longer waits for somebody else (a charger, an authority): its place goes to others */
const patienceMs = 1_000
const busyMs = 250

/** All duties under one schedule, each key of each looked at when its time has come. */
export const createDuties = ({ duties, now, onWaits, onFailed }: DutiesOptions): Duties => {
  const schedule = createSchedule()
  const byName = new Map(duties.map((duty) => [duty.name, duty]))
  const failures = new Map<string, string>()
  for (const duty of duties) for (const key of duty.keys ?? []) schedule.wake(`${duty.name} ${key}`, now())

  /** keys that are looked at now: one look of each at a time */
  const underWay = new Set<string>()

  const look = async (name: string): Promise<void> => {
    const space = name.indexOf(' ')
    const duty = byName.get(name.slice(0, space))
    if (duty === undefined) return
    try {
      const next = await duty.look(name.slice(space + 1))
      failures.delete(name)
      if (next !== undefined) schedule.wake(name, next)
    } catch (error) {
      if (error instanceof Waits) {
        onWaits?.(duty.name, error.message)
        schedule.wake(name, now() + awayMs)
        return
      }
      failures.set(name, `${name}: ${error instanceof Error ? error.message : String(error)}`)
      onFailed?.(error, name)
      schedule.wake(name, now() + againMs)
    }
  }

  return {
    hear(event) {
      for (const duty of duties) for (const key of duty.hear(event)) schedule.wake(`${duty.name} ${key}`, now())
    },
    async run(goOn = () => true) {
      while (goOn()) {
        const woken = schedule.take(now(), atOnce)
        if (woken.length === 0) return
        const looks: Promise<void>[] = []
        for (const { key } of woken) {
          if (underWay.has(key)) {
            schedule.wake(key, now() + busyMs)
            continue
          }
          underWay.add(key)
          looks.push(look(key).finally(() => underWay.delete(key)))
        }
        await Promise.race([Promise.all(looks), sleep(patienceMs, undefined, { ref: false })])
      }
    },
    status: () => ({
      waiting: schedule.size,
      failing: failures.size === 0 ? undefined : [...failures.values()].slice(0, 5).join('; '),
    }),
  }
}
