import { createRequire } from 'node:module'
import { validate16 } from './schemas.ts'

/** As far as the schemas of 1.6 go. */
interface Schema {
  readonly $id?: string
  readonly $ref?: string
  readonly type?: string
  readonly enum?: readonly string[]
  readonly format?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly definitions?: Readonly<Record<string, Schema>>
  readonly $defs?: Readonly<Record<string, Schema>>
}

// the package's exports offer no schemas, so its file is read
const second = createRequire(__filename)('ocpp-rpc/lib/schemas/ocpp1_6.json') as readonly Schema[]
const messages = second.map((schema) => {
  const [, action, kind] = /^urn:(\w+)\.(req|conf)$/.exec(schema.$id!)!
  return [`${action}.${kind}`, action!, kind === 'req' ? 'request' : 'response', schema] as const
})

const resolved = (schema: Schema, whole: Schema): Schema =>
  schema.$ref === undefined ? schema : { ...whole.definitions, ...whole.$defs }[schema.$ref.split('/').at(-1)!]!

/** The least that a schema takes: what it requires, and nothing else. */
const least = (given: Schema, whole: Schema): unknown => {
  const schema = resolved(given, whole)
  if (schema.enum !== undefined) return schema.enum[0]
  switch (schema.type) {
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((name) => [name, least(schema.properties![name]!, whole)]))
    case 'array':
      return [least(schema.items!, whole)]
    case 'integer':
    case 'number':
      return 1
    case 'boolean':
      return true
    default:
      return schema.format === 'date-time'
        ? '2026-01-31T12:00:00Z'
        : schema.format === 'uri'
          ? 'https://files.example.com/x'
          : 'x'
  }
}
const problems = (direction: 'request' | 'response', action: string, payload: unknown): string[] =>
  validate16(direction, action, payload).map(({ path, code }) => `${path} ${code}`)

describe('a message of OCPP 1.6', () => {
  it('is one of 78, by a second copy of the official schemas', () => expect(messages).toHaveLength(78))

  it.each(messages)(
    '%s: the least that the second copy requires is taken, and each breach of it is named',
    (_name, action, direction, schema) => {
      const payload = least(schema, schema) as Record<string, unknown>
      expect(problems(direction, action, payload)).toEqual([])
      expect(problems(direction, action, { ...payload, somethingElse: 1 })).toEqual([
        '/somethingElse FormationViolation',
      ])
      for (const name of schema.required ?? []) {
        const { [name]: _, ...without } = payload
        expect(problems(direction, action, without)).toEqual([`/${name} OccurenceConstraintViolation`])
      }
      for (const [name, given] of Object.entries(schema.properties ?? {})) {
        const { type, enum: words } = resolved(given, schema)
        const wrong = type === 'string' ? { a: 1 } : 'text'
        expect([name, problems(direction, action, { ...payload, [name]: wrong })]).toEqual([
          name,
          expect.arrayContaining([`/${name} TypeConstraintViolation`]),
        ])
        if (words !== undefined)
          expect([name, problems(direction, action, { ...payload, [name]: 'NoSuchWord' })]).toEqual([
            name,
            [`/${name} PropertyConstraintViolation`],
          ])
      }
    },
  )
})
