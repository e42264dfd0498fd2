import { createRequire } from 'node:module'
import * as ours from 'typed-ocpp/dist/ocpp16/schemas.js'
import { errorCodes16 } from './error-codes.ts'
import { actions16, describeViolation, isAction16, validate16 } from './schemas.ts'

type Schema = Record<string, unknown>

// the package's exports offer no schemas, so its file is read
const second = createRequire(__filename)('ocpp-rpc/lib/schemas/ocpp1_6.json') as (Schema & { $id: string })[]

/** A schema with references put in and words that say nothing about validity left out, in one order. */
const plain = (schema: unknown, definitions: Schema): unknown => {
  if (Array.isArray(schema)) return schema.map((part) => plain(part, definitions))
  if (typeof schema !== 'object' || schema === null) return schema
  const { $ref, ...rest } = schema as Schema
  if (typeof $ref === 'string') return plain(definitions[$ref.split('/').at(-1)!], definitions)
  const silent = ['$id', '$schema', 'id', 'title', 'description', 'definitions', 'comment', 'javaType']
  return Object.fromEntries(
    Object.entries(rest)
      // `properties` holds names, which may be any word
      .filter(([word]) => !silent.includes(word))
      // on what is no object it says nothing
      .filter(([word]) => word !== 'additionalProperties' || rest['type'] === 'object')
      .map(([word, part]): [string, unknown] => {
        if (word === 'enum' || word === 'required') return [word, [...(part as string[])].sort()]
        if (word === 'properties') {
          return [
            word,
            Object.fromEntries(
              Object.entries(part as Schema)
                .sort(([a], [b]) => (a < b ? -1 : 1))
                .map(([name, it]) => [name, plain(it, definitions)]),
            ),
          ]
        }
        return [word, plain(part, definitions)]
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

const differences = (a: unknown, b: unknown, path = ''): string[] => {
  if (
    typeof a === 'object' &&
    typeof b === 'object' &&
    a !== null &&
    b !== null &&
    Array.isArray(a) === Array.isArray(b)
  ) {
    if (Array.isArray(a))
      return JSON.stringify(a) === JSON.stringify(b) ? [] : [`${path}: ${JSON.stringify(a)} | ${JSON.stringify(b)}`]
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
      differences((a as Schema)[key], (b as Schema)[key], `${path}/${key}`),
    )
  }
  return a === b ? [] : [`${path}: ${JSON.stringify(a)} | ${JSON.stringify(b)}`]
}

describe('the schemas of OCPP 1.6', () => {
  it('are the 28 actions and the 11 of the security extension', () => {
    expect(actions16).toHaveLength(39)
    expect([isAction16('Heartbeat'), isAction16('SignCertificate'), isAction16('constructor')]).toEqual([
      true,
      true,
      false,
    ])
  })

  it('all compile', () => {
    for (const action of actions16)
      for (const direction of ['request', 'response'] as const) validate16(direction, action, {})
  })

  it('are those of a second source but for named differences', () => {
    const found = second.flatMap((theirs) => {
      const [, action, kind] = /^urn:(\w+)\.(req|conf)$/.exec(theirs.$id)!
      const our = (ours as Record<string, Schema>)[`${action}${kind === 'req' ? 'Request' : 'Response'}`]!
      return differences(
        plain(our, (our['definitions'] ?? {}) as Schema),
        plain(theirs, (theirs['definitions'] ?? {}) as Schema),
      ).map((difference) => `${action}.${kind}${difference}`)
    })
    expect(found.toSorted()).toEqual([
      // longer than the standard's; a command is held to 500 characters by its contract
      'ChangeConfiguration.req/properties/value/maxLength: 2048 | 500',
      'GetConfiguration.conf/properties/configurationKey/items/properties/value/maxLength: 2048 | 500',
      // says nothing beside `items` as one schema
      'GetInstalledCertificateIds.conf/properties/certificateHashData/additionalItems: false | undefined',
      // only ever received
      'StatusNotification.req/properties/info/maxLength: 100 | 50',
    ])
  })

  it('name violations without the value, with a code of 1.6', () => {
    const violations = validate16('request', 'StartTransaction', {
      connectorId: 'one',
      idTag: 'SECRET-TAG-OF-SOMEBODY-ELSE',
      timestamp: 'now',
      extra: 1,
    })
    expect(violations.map(({ path, code }) => [path, code]).toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1))).toEqual(
      [
        ['/connectorId', 'TypeConstraintViolation'],
        ['/extra', 'FormationViolation'],
        ['/idTag', 'PropertyConstraintViolation'],
        ['/meterStart', 'OccurenceConstraintViolation'],
        ['/timestamp', 'PropertyConstraintViolation'],
      ],
    )
    expect(violations.map(describeViolation).join()).not.toContain('SECRET')
    for (const { code } of violations) expect(errorCodes16).toHaveProperty(code)
    expect(validate16('request', 'Heartbeat', [])).toMatchObject([{ path: '', code: 'FormationViolation' }])
  })

  it('take 21.4 as a multiple of 0.1', () => {
    const period = { startPeriod: 0, limit: 21.4 }
    const chargingSchedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [period] }
    expect(validate16('response', 'GetCompositeSchedule', { status: 'Accepted', chargingSchedule })).toEqual([])
  })
})
