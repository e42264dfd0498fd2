import { correlationQuirks, transportQuirks } from './quirk-table-session.ts'
import { fieldQuirks } from './quirk-table-field.ts'
import { messageQuirks } from './quirk-table-message.ts'
import { powerQuirks } from './quirk-table-power.ts'
import type { InboundContext } from './inbound-context.ts'
import { fitsMake, type Quirk } from './quirk.ts'

/** Which row of the field reports it is. */
export const rowOf = ({ id }: Pick<Quirk, 'id'>): number => Number(/^Q(\d+)-/.exec(id)?.[1])

/** Every quirk that is handled, wherever its code is: by the row of the field reports. */
export const quirks: readonly Quirk[] = [
  ...messageQuirks,
  ...fieldQuirks,
  ...correlationQuirks,
  ...transportQuirks,
  ...powerQuirks,
].toSorted((a, b) => rowOf(a) - rowOf(b))

export type FormatRuleId = (typeof messageQuirks)[number]['id'] | (typeof fieldQuirks)[number]['id']
export type PowerRuleId = (typeof powerQuirks)[number]['id']

const formatQuirks: readonly Quirk[] = [...messageQuirks, ...fieldQuirks, ...powerQuirks]

/** The rules for messages of both directions that work for a charger: by its make, and by what its settings switch. */
export type RulesInForce = { has(id: FormatRuleId | PowerRuleId): boolean }

const known = new WeakMap<InboundContext, RulesInForce>()

/** @param context is taken as it is at the first call: a change of it is a new object */
export const rulesInForce = (context: InboundContext): RulesInForce => {
  const found = known.get(context)
  if (found !== undefined) return found
  const on = new Set<string>(formatQuirks.filter((quirk) => isOn(quirk, context)).map(({ id }) => id))
  known.set(context, on)
  return on
}

const isOn = (quirk: Quirk, context: InboundContext): boolean => {
  if (context.strict) return false
  if (quirk.switchable && context.rulesOff?.includes(quirk.id)) return false
  if (quirk.switchable && context.rulesOn?.includes(quirk.id)) return true
  return quirk.default === 'on' && fitsMake(quirk.matches, context)
}
