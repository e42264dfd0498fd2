/**
 * When the first CALL may go to a charger. Some stacks fall into a boot loop when they are called before their
 * BootNotification is answered (https://github.com/lbbrhzn/ocpp/issues/1503), so a charger that was never accepted before is
 * left alone until then, 30 s at most; others need not boot again after a reconnect and are called soon.
 * A boot that is under way is waited for in both cases.
 */
export type OutboundHold = {
  bootReceived(): void
  bootAnswered(): void
  readonly open: boolean
  /** Milliseconds until it opens if nothing happens, 0 when open. */
  remainingMs(now: number): number
  /** To be called when that time has passed. */
  elapse(now: number): void
}

export const createOutboundHold = (options: {
  readonly known: boolean
  readonly bootHoldMs: number
  readonly knownHoldMs: number
  readonly connectedAt: number
}): OutboundHold => {
  const latest = options.connectedAt + options.bootHoldMs
  const soon = options.connectedAt + Math.min(options.knownHoldMs, options.bootHoldMs)
  let booting = false
  let open = false
  const opensAt = (): number => (options.known && !booting ? soon : latest)
  return {
    bootReceived() {
      booting = true
    },
    bootAnswered() {
      booting = false
      open = true
    },
    get open() {
      return open
    },
    remainingMs: (now) => (open ? 0 : Math.max(0, opensAt() - now)),
    elapse(now) {
      if (now >= opensAt()) open = true
    },
  }
}
