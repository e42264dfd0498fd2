import { Fact, type FactAnswer, type FactType, type FactOf, type Normalisation } from '@voltrail/contracts/facts'
import { ChargerCommand as CommandShape } from '@voltrail/contracts/charger-commands'
import { instant } from '@voltrail/contracts/quantities'
import { parseFrame } from '../framing.ts'
import type { InboundContext } from '../inbound-context.ts'
import { validate16 } from '../schemas.ts'
import { protocol16 } from './protocol16.ts'

/** For tests: one frame from a charger, from its bytes to the fact. */
export const now = instant(Date.UTC(2026, 0, 31, 12))

type Read<T extends FactType> = {
  fact: FactOf<T>
  normalisations: Normalisation[]
  rules: string[]
  answer(answer: FactAnswer): object
}

/** @param bytes a whole CALL frame as the charger sent it */
export const read = <T extends FactType>(type: T, bytes: string, context: Partial<InboundContext> = {}): Read<T> => {
  const frame = parseFrame(bytes)
  if (frame.kind !== 'call') throw new Error(`not a call: ${JSON.stringify(frame)}`)
  const inbound = protocol16.inbound(frame.action, frame.payload, { tenant: 'default', chargerId: 'CP1', ...context })
  if (inbound.kind !== 'fact') throw new Error(`no fact: ${JSON.stringify(inbound)}`)
  if (inbound.fact.type !== type) throw new Error(`another fact: ${JSON.stringify(inbound.fact)}`)
  Fact.parse(inbound.fact)
  return {
    fact: inbound.fact as FactOf<T>,
    normalisations: inbound.normalisations,
    rules: inbound.normalisations.map(({ rule }) => rule),
    answer: (answer) => {
      const payload = inbound.answer(answer, now)
      const violations = validate16('response', frame.action, JSON.parse(JSON.stringify(payload)))
      if (violations.length > 0) throw new Error(`not schema-valid: ${JSON.stringify(violations)}`)
      return payload
    },
  }
}

/** The call that a command becomes. */
export const said = (command: unknown): ReturnType<typeof protocol16.outbound> =>
  protocol16.outbound(CommandShape.parse(command))

export const settled = (command: unknown, payload: unknown): ReturnType<typeof protocol16.settle> =>
  protocol16.settle(CommandShape.parse(command), payload)
