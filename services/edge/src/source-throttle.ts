import { createDebt } from './token-bucket.ts'
import type { Debt } from './token-bucket.ts'
import type { EdgeLimits } from './limits.ts'

/**
 * Who tries keys or ids is slowed down by where it comes from, never by the id that it names: otherwise anybody could lock any
 * charger out. A charger that was let in from an address stays welcome there, however many others fail behind the same address.
 */
export type SourceThrottle = {
  /** Why an upgrade is turned away now; undefined: it may go on. */
  refusal(address: string, charger: string, now: number): string | undefined
  /** It could not show who it is. */
  failed(address: string, charger: string | undefined, now: number): void
  letIn(address: string, charger: string): void
}

/** Enough for the chargers of a pod, and for whoever else tries. The oldest is forgotten. */
const mostRemembered = 50_000

export const createSourceThrottle = (
  limits: Pick<EdgeLimits, 'failuresPerMinute'>,
  most: number = mostRemembered,
): SourceThrottle => {
  const debts = new Map<string, Debt>()
  const welcome = new Set<string>()
  const pair = (address: string, charger: string): string => `${address} ${charger}`
  return {
    refusal(address, charger, now) {
      if (welcome.has(pair(address, charger)) || debts.get(address)?.due(now) !== true) return undefined
      return 'too many attempts from your address were refused, connect again later'
    },
    failed(address, charger, now) {
      if (charger !== undefined) welcome.delete(pair(address, charger))
      const debt = debts.get(address) ?? createDebt(limits.failuresPerMinute / 60, limits.failuresPerMinute, now)
      debt.add(now)
      debts.delete(address)
      debts.set(address, debt)
      forgetOldest(debts, most)
    },
    letIn(address, charger) {
      const name = pair(address, charger)
      welcome.delete(name)
      welcome.add(name)
      forgetOldest(welcome, most)
    },
  }
}

/** Maps and sets keep the order of insertion. */
const forgetOldest = (
  memory: { readonly size: number; keys(): Iterator<string>; delete(key: string): boolean },
  most: number,
) => {
  if (memory.size <= most) return
  const oldest = memory.keys().next()
  if (oldest.done !== true) memory.delete(oldest.value)
}
