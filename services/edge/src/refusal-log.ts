import type { Log } from '@voltrail/runtime/log'
import { createRepeats } from '@voltrail/runtime/repeats'

/** Who was not let in. An address that tries again and again is one line at first, and one a minute with how often it tried. */
export type RefusalLog = {
  say(line: RefusalLine, message: string): void
  /** Says what came often and comes no more; with Infinity what is left. */
  sweep(now: number): void
}

/** What a sender wrote and can write anew each time. */
const quoted = /"(?:\\.|[^"\\])*"/g

type RefusalLine = {
  readonly remoteAddress?: string | undefined
  readonly status?: number
  readonly code?: string | undefined
  readonly detail?: string
} & Readonly<Record<string, unknown>>

/** @param ticks milliseconds that never go back */
export const createRefusalLog = (log: Log, ticks: () => number): RefusalLog => {
  const repeats = createRepeats()
  return {
    say(line, message) {
      const { remoteAddress, status, code, detail } = line
      // what is wrong in a request tells its installer something each time it is another; elsewhere the text names the charger
      const flaw = status === 400 || status === 426 ? detail?.replace(quoted, '') : undefined
      const key = [message, remoteAddress, status, code, flaw].join(' ')
      repeats.say(key, (times) => log.info({ ...line, ...(times > 1 && { times }) }, message), ticks())
    },
    sweep: (now) => repeats.sweep(now),
  }
}
