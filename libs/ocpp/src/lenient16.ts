import type { ErrorObject } from 'ajv'
import { cleanJson } from './clean-text.ts'
import type { InboundContext } from './inbound-context.ts'
import type { Notes } from './notes.ts'
import { withheldOrRaw } from './private-fields.ts'
import { rulesInForce } from './quirks.ts'
import { rules16, type Breach, type Repair } from './rules16.ts'
import { isAction16, schemaErrors16, toViolation, type Direction, type Violation } from './schemas.ts'

/**
 * Lenient in: the payload is held against the official schema; each breach is put to the quirk rules, which repair or waive
 * it; then it is held against the schema again. What no rule answers for is refused.
 */
export type Lenient = { payload: unknown; violations: Violation[] }

/** A null in a null in a list takes this many rounds; a rule that never ends is a defect of ours and stops here. */
const mostRounds = 8

/**
 * @param payload as received; it is copied and never changed
 * @param notes takes every repair with its rule and raw value
 * @returns the repaired payload and the violations that remain. Throws `TooDeep`
 */
export const readLeniently = (
  direction: Direction,
  action: string,
  payload: unknown,
  context: InboundContext,
  notes: Notes,
): Lenient => {
  if (!isAction16(action)) throw new Error(`OCPP 1.6 defines no action ${action}`)
  let current = cleanJson(payload, (rule, path, raw) =>
    notes.add(rule, path, () => withheldOrRaw(action, path, false, raw)),
  )
  const waived = new Set<string>()
  const inForce = rulesInForce(context)
  const rules = rules16.filter(({ id }) => inForce.has(id))

  for (let round = 0; ; round++) {
    const errors = schemaErrors16(direction, action, current).filter((error) => !waived.has(nameOf(error)))
    if (errors.length === 0) return { payload: current, violations: [] }
    if (round === mostRounds) return { payload: current, violations: errors.map(toViolation) }

    let progress = false
    const changes: { path: string; repair: Exclude<Repair, { do: 'keep' }> }[] = []
    const touched = new Set<string>()
    let renamed = false
    // what stands there comes before what is missing: a renamed field may be the missing one
    for (const error of [...errors.filter(isPresent), ...errors.filter((other) => !isPresent(other))]) {
      if (renamed && !isPresent(error)) break
      const breach = breachOf(direction, action, error)
      if (touched.has(breach.path)) continue
      for (const rule of rules) {
        const repair = rule.repair(breach, context)
        if (repair === undefined) continue
        const raw = (): string =>
          withheldOrRaw(action, breach.path, breach.keyword !== 'additionalProperties', breach.value)
        if (repair.do === 'keep') {
          waived.add(nameOf(error))
          for (const id of repair.reasons ?? [rule.id]) notes.add(id, breach.path, raw)
        } else {
          changes.push({ path: breach.path, repair })
          touched.add(breach.path)
          renamed ||= repair.do === 'rename'
          notes.add(rule.id, breach.path, raw)
        }
        progress = true
        break
      }
    }
    if (!progress) return { payload: current, violations: errors.map(toViolation) }
    if (changes.length > 0) {
      current = applyAll(current, changes)
      // indices may have moved; what is still in breach is waived again
      waived.clear()
    }
  }
}

const isPresent = (error: ErrorObject): boolean => error.keyword !== 'required'

const nameOf = (error: ErrorObject): string => `${error.keyword} ${toViolation(error).path}`

const breachOf = (direction: Direction, action: string, error: ErrorObject): Breach => {
  const { path } = toViolation(error)
  const names = namesIn(path)
  const field = names.findLast((name) => !/^\d+$/.test(name)) ?? ''
  const holder: unknown =
    error.keyword === 'required' || error.keyword === 'additionalProperties' ? error.data : undefined
  const allowed = (error.parentSchema as { properties?: object } | undefined)?.properties ?? {}
  return {
    direction,
    action,
    path,
    field,
    keyword: error.keyword,
    value: holder === undefined ? error.data : (holder as Record<string, unknown>)[names.at(-1) ?? ''],
    expected: error.schema,
    siblings: {
      allowed: Object.keys(allowed),
      present: typeof holder === 'object' && holder !== null ? Object.keys(holder) : [],
    },
  }
}

/** RFC 6901 */
const namesIn = (pointer: string): string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))

const gone = Symbol('removed')

/** Applies all changes of a round, then closes the gaps in lists, so that no index moves under a later change. */
const applyAll = (root: unknown, changes: { path: string; repair: Exclude<Repair, { do: 'keep' }> }[]): unknown => {
  const lists = new Set<unknown[]>()
  for (const { path, repair } of changes) {
    const names = namesIn(path)
    const last = names.pop()
    if (last === undefined) {
      if (repair.do === 'put') return repair.value
      continue
    }
    const holder = names.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], root)
    if (typeof holder !== 'object' || holder === null) continue
    if (Array.isArray(holder)) {
      ;(holder as unknown[])[Number(last)] = repair.do === 'put' ? repair.value : gone
      lists.add(holder)
    } else if (repair.do === 'put') {
      define(holder, last, repair.value)
    } else {
      if (repair.do === 'rename') define(holder, repair.to, (holder as Record<string, unknown>)[last])
      delete (holder as Record<string, unknown>)[last]
    }
  }
  for (const list of lists) {
    let at = 0
    for (const item of list) if (item !== gone) list[at++] = item
    list.length = at
  }
  return root
}

/** assignment would follow a setter named __proto__ */
const define = (holder: object, name: string, value: unknown): void => {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true })
}
