import type { Registered } from './connections.ts'
import type { PresenceBoard } from './presence.ts'

/** Writes one connection's presence now and then, one write at a time, and takes it away last. */
export type PresenceWriter = {
  /** Writes if the last write is old enough and has ended. */
  refresh(now: number): void
  /** After this nothing is written. */
  hide(): Promise<void>
}

export const serialisePresence = (
  board: PresenceBoard,
  who: Registered,
  options: { readonly everyMs: number; readonly lastHeardAt: () => number; readonly onNewer: () => void },
): PresenceWriter => {
  let writing: Promise<void> | undefined
  let writtenAt = Number.NEGATIVE_INFINITY
  let hidden = false
  return {
    refresh(now) {
      if (hidden || writing !== undefined || now - writtenAt < options.everyMs) return
      writtenAt = now
      writing = board.show(who, options.lastHeardAt()).then((outcome) => {
        writing = undefined
        if (outcome === 'newer') options.onNewer()
      })
    },
    async hide() {
      hidden = true
      await writing
      await board.hide(who)
    },
  }
}
