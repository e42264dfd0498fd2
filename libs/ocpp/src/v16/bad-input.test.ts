import * as schemas from 'typed-ocpp/dist/ocpp16/schemas.js'
import { quirks } from '../quirks.ts'
import { inbound16 } from './actions.ts'
import { heartbeatAction } from './heartbeat.ts'
import { protocol16 } from './protocol16.ts'

type Schema = {
  $ref?: string
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: string[]
  format?: string
  maxLength?: number
  additionalProperties?: boolean
}
const schemaOf = (action: string): Schema => {
  const root = (schemas as unknown as Record<string, Schema & { definitions?: Record<string, Schema> }>)[
    `${action}Request`
  ]!
  const resolved = (schema: Schema): Schema => {
    const { $ref, properties, items, ...rest } = schema
    if ($ref !== undefined) return resolved(root.definitions![$ref.split('/').at(-1)!]!)
    return {
      ...rest,
      ...(properties && {
        properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, resolved(one)])),
      }),
      ...(items && { items: resolved(items) }),
    }
  }
  return resolved(root)
}

/** A valid value with every field of its schema. */
const whole = (schema: Schema): unknown => {
  if (schema.enum !== undefined) return schema.enum[0]
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, one]) => [name, whole(one)]))
    case 'array':
      return [whole(schema.items ?? {})]
    case 'string':
      return schema.format === 'date-time' ? '2026-01-31T12:00:00Z' : '1'
    default:
      return 1
  }
}

type Case = readonly [action: string, fault: string, payload: object, code: string]
type Path = readonly string[]

/** A copy of the value in which the member at the path is changed; `undefined` takes it out. */
const changed = (value: unknown, [first, ...more]: Path, to: unknown): unknown => {
  if (first === undefined) return to
  const copy = structuredClone(value) as Record<string, unknown>
  const member = changed(copy[first], more, to)
  if (member === undefined) delete copy[first]
  else copy[first] = member
  return copy
}

/** Each way in which each field can be wrong, with the code that OCPP-J 1.6 table 7 has for it. */
const faults = (schema: Schema, path: Path = []): readonly (readonly [Path, string, unknown, string])[] => {
  const wrongType = schema.type === 'string' ? 5 : 'text'
  const own: (readonly [Path, string, unknown, string])[] =
    path.length === 0 ? [] : [[path, 'of a wrong type', wrongType, 'TypeConstraintViolation']]
  if (schema.maxLength !== undefined)
    own.push([path, 'too long', 'x'.repeat(schema.maxLength + 1), 'PropertyConstraintViolation'])
  if (schema.enum !== undefined) own.push([path, 'an unknown word', 'Soggy', 'PropertyConstraintViolation'])
  if (schema.format === 'date-time') own.push([path, 'no time', 'yesterday', 'PropertyConstraintViolation'])
  if (schema.type === 'object') own.push([[...path, 'unheardOf'], 'unknown', 'x', 'FormationViolation'])
  for (const name of schema.required ?? [])
    own.push([[...path, name], 'missing', undefined, 'OccurenceConstraintViolation'])
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, one]) => faults(one, [...path, name]))
  return [...own, ...inner, ...(schema.items === undefined ? [] : faults(schema.items, [...path, '0']))]
}

const actions = [...inbound16.keys(), heartbeatAction]
const cases: readonly Case[] = actions.flatMap((action) => {
  const schema = schemaOf(action)
  const valid = whole(schema)
  return faults(schema).map(([path, fault, to, code]): Case => [
    action,
    `/${path.join('/')} ${fault}`,
    changed(valid, path, to) as object,
    code,
  ])
})
const context = { tenant: 'default', chargerId: 'CP1' }
const energy = new Set(['StartTransaction', 'StopTransaction', 'MeterValues'])

describe('bad input', () => {
  it('is tried for every field of every message that chargers send', () => {
    expect(cases.length).toBeGreaterThan(150)
    for (const action of actions) {
      const read = protocol16.inbound(action, whole(schemaOf(action)), { ...context, strict: true })
      expect([action, read.kind]).toEqual([action, action === heartbeatAction ? 'heartbeat' : 'fact'])
      expect(read).not.toHaveProperty('fact.type', 'Malformed')
    }
  })

  it.each(cases)('in strict mode, %s with %s is answered by its code', (action, _fault, payload, code) => {
    expect(protocol16.inbound(action, payload, { ...context, strict: true })).toMatchObject({ kind: 'error', code })
  })

  it.each(cases)(
    '%s with %s is otherwise repaired by a named rule, or recorded, or refused by the same code',
    (...one) => {
      const [action, , payload, code] = one
      const read = protocol16.inbound(action, payload, context)
      if (read.kind === 'error') {
        expect([energy.has(action), read.code]).toEqual([false, code])
        return
      }
      const rules = new Set<string>(quirks.map(({ id }) => id))
      const malformed = read.kind === 'fact' && read.fact.type === 'Malformed'
      if (!malformed) expect(read.normalisations.filter(({ rule }) => rules.has(rule))).not.toEqual([])
      else expect(energy.has(action)).toBe(true)
    },
  )

  it('says the gravest fault of several: structure, presence, type, value', () => {
    const strict = (payload: object) => protocol16.inbound('StatusNotification', payload, { ...context, strict: true })
    const wrong = { connectorId: 'one', errorCode: 'Soggy' }
    expect(strict({ ...wrong, unheardOf: 1 })).toHaveProperty('code', 'FormationViolation')
    expect(strict(wrong)).toHaveProperty('code', 'OccurenceConstraintViolation')
    expect(strict({ ...wrong, status: 'Available' })).toHaveProperty('code', 'TypeConstraintViolation')
    expect(strict({ ...wrong, status: 'Available', connectorId: 1 })).toHaveProperty(
      'code',
      'PropertyConstraintViolation',
    )
  })

  it('is an action that nobody knows (NotImplemented), that only we send (NotSupported), or no object', () => {
    for (const strict of [true, false]) {
      const read = (action: string, payload: unknown) => protocol16.inbound(action, payload, { ...context, strict })
      expect(read('CustomOperation', {})).toHaveProperty('code', 'NotImplemented')
      expect(read('Reset', { type: 'Soft' })).toHaveProperty('code', 'NotSupported')
      expect(read('MeterValues', [])).toHaveProperty('code', 'FormationViolation')
    }
  })

  it('repairs nothing in strict mode: a time without its zone is refused', () => {
    const payload = { connectorId: 1, idTag: 'A', meterStart: 0, timestamp: '2026-01-31T12:00:00' }
    expect(protocol16.inbound('StartTransaction', payload, { ...context, strict: true })).toMatchObject({
      kind: 'error',
      code: 'PropertyConstraintViolation',
      description: expect.stringContaining('/timestamp'),
    })
  })
})
