import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
// this file alone, not the package's entry: its validators delete unknown fields, and it loads the schemas of all versions
import * as schemas16 from 'typed-ocpp/dist/ocpp16/schemas.js'
import type { ErrorCode16 } from './error-codes.ts'

/** The official JSON Schemas of OCPP 1.6 with the security extension, compiled per action on first use. Never edited. */

export type Direction = 'request' | 'response'

/** One thing that a schema refuses. `message` never holds the value, which may be personal or secret. */
export type Violation = {
  /** JSON pointer to the value; for a missing or unknown field, to that field */
  path: string
  keyword: string
  message: string
  code: ErrorCode16
}

const ajv = addFormats.default(
  // multipleOfPrecision: 21.4 is a multiple of 0.1; verbose: the leniency needs the schema beside the value
  new Ajv({ strict: false, multipleOfPrecision: 3, allErrors: true, verbose: true, logger: false }),
)
const compiled = new Map<string, ValidateFunction>()
const table: ReadonlyMap<string, object> = new Map(Object.entries(schemas16))

/** Whether 1.6 or its security extension defines the action, in whichever direction. */
export const isAction16 = (action: string): boolean => table.has(`${action}Request`)

export const actions16: readonly string[] = [...table.keys()]
  .filter((name) => name.endsWith('Request'))
  .map((name) => name.slice(0, -'Request'.length))

/** What Ajv says about a payload. Throws on an action that 1.6 does not define. */
export const schemaErrors16 = (direction: Direction, action: string, payload: unknown): ErrorObject[] => {
  const name = `${action}${direction === 'request' ? 'Request' : 'Response'}`
  let validate = compiled.get(name)
  if (validate === undefined) {
    const schema = table.get(name)
    if (schema === undefined) throw new Error(`OCPP 1.6 defines no ${direction} named ${action}`)
    validate = ajv.compile(schema)
    compiled.set(name, validate)
  }
  return validate(payload) ? [] : (validate.errors ?? [])
}

/** Strict validation against the official schema; an empty list means valid. */
export const validate16 = (direction: Direction, action: string, payload: unknown): Violation[] =>
  schemaErrors16(direction, action, payload).map(toViolation)

export const toViolation = (error: ErrorObject): Violation => ({
  path: pointerOf(error),
  keyword: error.keyword,
  message: messages[error.keyword] ?? error.message ?? 'is refused by the schema',
  code: codeOf(error),
})

/** `/meterValue/0/timestamp must match format "date-time"`, for people. */
export const describeViolation = (violation: Violation): string =>
  `${violation.path || 'the payload'} ${violation.message}`.slice(0, 300).toWellFormed()

/** The path names the field itself here, where Ajv speaks of the object that holds it. */
const messages: Readonly<Record<string, string>> = {
  required: 'is missing',
  additionalProperties: 'is not a field of this message',
}

const pointerOf = (error: ErrorObject): string => {
  const params = error.params as { missingProperty?: string; additionalProperty?: string }
  const field = params.missingProperty ?? params.additionalProperty
  return field === undefined
    ? error.instancePath
    : `${error.instancePath}/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** OCPP-J 1.6 table 7, read strictly: structure, presence, type, value. */
const codes: Readonly<Record<string, ErrorCode16>> = {
  type: 'TypeConstraintViolation',
  required: 'OccurenceConstraintViolation',
  minItems: 'OccurenceConstraintViolation',
  maxItems: 'OccurenceConstraintViolation',
  additionalProperties: 'FormationViolation',
  enum: 'PropertyConstraintViolation',
  maxLength: 'PropertyConstraintViolation',
  minLength: 'PropertyConstraintViolation',
  format: 'PropertyConstraintViolation',
  pattern: 'PropertyConstraintViolation',
  minimum: 'PropertyConstraintViolation',
  maximum: 'PropertyConstraintViolation',
  multipleOf: 'PropertyConstraintViolation',
}
const codeOf = (error: ErrorObject): ErrorCode16 =>
  // a payload that is not an object is not conform the PDU structure
  error.instancePath === '' && error.keyword === 'type'
    ? 'FormationViolation'
    : (codes[error.keyword] ?? 'FormationViolation')
