import type { InboundContext } from './inbound-context.ts'

/** What a charger says of itself at boot; a selector fits when each of its patterns does. */
export type MakePattern = { vendor?: RegExp; model?: RegExp; firmware?: RegExp }

/** One way in which real chargers deviate, and what is done about it. */
export type Quirk = {
  /** the row of the field reports, and a name: `Q1-time-no-zone` */
  id: `Q${number}-${string}`
  /**
   * `format`: how a message is written; `correlation`: what belongs together; `transport`: the connection below messages;
   * `command`: how we write what we ask of it
   */
  kind: 'format' | 'correlation' | 'transport' | 'command'
  what: string
  /** public threads and sources where it was seen, or the law that wants it */
  evidence: readonly string[]
  /** the makes that it is for; `all` of them, or those that one of the patterns fits */
  matches: 'all' | readonly MakePattern[]
  /** whether it works for the makes that it is for, unless a charger's settings say otherwise */
  default: 'on' | 'off'
  /** whether a charger's settings may switch it; what keeps the log sound and energy facts from being lost may not be switched */
  switchable: boolean
  /** the test that proves it: a file of this repository and the name of the test in it; or what is not done yet */
  proof: { file: string; test: string } | { open: string }
}

/** Whether a make is one of those that a rule is for. What the charger has not said yet fits no pattern. */
export const fitsMake = (
  matches: Quirk['matches'],
  make: Pick<InboundContext, 'vendor' | 'model' | 'firmwareVersion'>,
): boolean => {
  if (matches === 'all') return true
  const fits = (pattern: RegExp | undefined, value: string | undefined): boolean =>
    pattern === undefined || (value !== undefined && pattern.test(value))
  return matches.some(
    ({ vendor, model, firmware }) =>
      fits(vendor, make.vendor) && fits(model, make.model) && fits(firmware, make.firmwareVersion),
  )
}

/** A make's patterns for people: `vendor /keba/i, model /P30/`. */
export const describeMatches = (matches: Quirk['matches']): string =>
  matches === 'all'
    ? 'all'
    : matches
        .map((pattern) =>
          Object.entries(pattern)
            .map(([part, expression]) => `${part} ${String(expression)}`)
            .join(', '),
        )
        .join('; or ')
