import { decimalRules, readDecimal } from './decimal.ts'
import type { InboundContext } from './inbound-context.ts'
import type { Direction } from './schemas.ts'
import { readTimestamp, timestampRules } from './timestamp.ts'

/**
 * The quirk rules of OCPP 1.6: what a payload that the schema refuses may still mean. A rule sees one breach of the schema and
 * says what to do with the value. They are tried in the order of the table; the first that answers is used and named.
 */

/** A place in a payload where the official schema is not met. */
export type Breach = {
  direction: Direction
  action: string
  /** JSON pointer to the value */
  path: string
  /** the last name in the path that is not an index */
  field: string
  keyword: string
  /** what stands there; undefined when it is missing */
  value: unknown
  /** the keyword's own value in the schema: the type, the enum, the length */
  expected: unknown
  /** the names that the object which holds the value may have, and those it has */
  siblings: { allowed: readonly string[]; present: readonly string[] }
}

/** `keep` waives the breach; `reason` names a finer rule than the one that answered. */
export type Repair =
  | { do: 'keep'; reasons?: readonly string[] }
  | { do: 'put'; value: unknown }
  | { do: 'remove' }
  | { do: 'rename'; to: string }

export type QuirkRule = {
  id: string
  what: string
  /** who was seen to do it */
  why: string
  repair(breach: Breach, context: InboundContext): Repair | undefined
}

const keep: Repair = { do: 'keep' }
const put = (value: unknown): Repair => ({ do: 'put', value })
const isRequest = (breach: Breach, ...actions: string[]): boolean =>
  breach.direction === 'request' && actions.includes(breach.action)
const isMissing = (breach: Breach, ...fields: string[]): boolean =>
  breach.keyword === 'required' && fields.includes(breach.field)
const isMeterRegister = (breach: Breach): boolean => breach.field === 'meterStart' || breach.field === 'meterStop'

/** Longer id tags than any card or contract id has are not kept: a fact's token has this many characters at most. */
const longestIdTag = 512

export const rules16: readonly QuirkRule[] = [
  {
    id: 'null-field',
    what: 'A field that is null counts as absent',
    why: 'https://github.com/steve-community/steve/issues/1109',
    repair: (breach) =>
      breach.value === null && breach.path !== '' && breach.keyword !== 'required' ? { do: 'remove' } : undefined,
  },
  {
    id: 'field-name-case',
    what: 'A field written in another case is read as the field that it means',
    why: 'Key case differs: https://github.com/lbbrhzn/ocpp/issues/1248',
    repair: ({ keyword, field, siblings }) => {
      if (keyword !== 'additionalProperties') return undefined
      const to = siblings.allowed.find((name) => name.toLowerCase() === field.trim().toLowerCase())
      return to !== undefined && !siblings.present.includes(to) ? { do: 'rename', to } : undefined
    },
  },
  {
    id: 'extra-field',
    what: 'A field that the standard does not have is left out; the verbatim frame keeps it',
    why: 'https://github.com/lbbrhzn/ocpp/issues/213',
    repair: ({ keyword }) => (keyword === 'additionalProperties' ? { do: 'remove' } : undefined),
  },
  {
    id: 'meter-register-loose',
    what: 'A meter register with decimals or as text is kept as its exact decimal',
    why: 'KEBA "236.1": https://github.com/lbbrhzn/ocpp/issues/1576',
    repair: (breach) => {
      if (!isMeterRegister(breach) || breach.keyword !== 'type') return undefined
      const read = readDecimal(breach.value)
      return read.value === undefined ? undefined : keep
    },
  },
  {
    id: 'missing-meter-register',
    what: 'A start or stop without a readable meter register is a start or stop all the same',
    why: 'Nothing is refused that carries energy: the register may come with the meter values',
    repair: (breach) => {
      if (!isMeterRegister(breach)) return undefined
      if (breach.keyword === 'required') return keep
      return breach.keyword === 'type' && typeof breach.value !== 'object' ? { do: 'remove' } : undefined
    },
  },
  {
    id: 'time-as-number',
    what: 'A time as a JSON number is read as its text',
    why: 'Seconds since 1970: ev-server, OCPPValidator.validateStatusNotification',
    repair: ({ keyword, field, value }) =>
      keyword === 'type' && field === 'timestamp' && typeof value === 'number' ? put(String(value)) : undefined,
  },
  {
    id: 'time-missing',
    what: timestampRules['time-missing'],
    why: 'Nothing is refused that carries energy',
    repair: (breach) =>
      isRequest(breach, 'StartTransaction', 'StopTransaction', 'MeterValues') && isMissing(breach, 'timestamp')
        ? put('')
        : undefined,
  },
  {
    id: 'time-unreadable',
    what: 'A time in another notation, or none that we can read: the text is kept',
    why: 'https://github.com/lorenzodonini/ocpp-go/issues/237',
    repair: ({ direction, keyword, field, value }, context) =>
      direction === 'request' && keyword === 'format' && field === 'timestamp' && typeof value === 'string'
        ? { do: 'keep', reasons: readTimestamp(value, context.zone).rules }
        : undefined,
  },
  {
    id: 'missing-id-tag',
    what: 'A start or Authorize without id tag in free mode has the empty tag',
    why: 'https://github.com/lorenzodonini/ocpp-go/issues/277',
    repair: (breach) =>
      isRequest(breach, 'StartTransaction', 'Authorize') && isMissing(breach, 'idTag') ? put('') : undefined,
  },
  {
    id: 'missing-transaction',
    what: 'A stop without transaction id names no transaction',
    why: 'https://github.com/EVerest/libocpp/issues/495',
    repair: (breach) => (isRequest(breach, 'StopTransaction') && isMissing(breach, 'transactionId') ? keep : undefined),
  },
  {
    id: 'missing-connector',
    what: 'Meter values without connector belong to the charging station as a whole',
    why: 'Single-connector boxes: ev-server, OCPPValidator.validateMeterValues',
    repair: (breach) => (isRequest(breach, 'MeterValues') && isMissing(breach, 'connectorId') ? put(0) : undefined),
  },
  {
    id: 'missing-error-code',
    what: 'A status without error code has NoError',
    why: 'The field is required in 1.6, and of no meaning without a fault',
    repair: (breach) =>
      isRequest(breach, 'StatusNotification') && isMissing(breach, 'errorCode') ? put('NoError') : undefined,
  },
  {
    id: 'missing-boot-field',
    what: 'A boot without vendor or model is a boot of an unnamed make',
    why: 'Refusing it would keep the charger off for ever',
    repair: (breach) =>
      isRequest(breach, 'BootNotification') && isMissing(breach, 'chargePointVendor', 'chargePointModel')
        ? put('')
        : undefined,
  },
  {
    id: 'missing-sample',
    what: 'A sampled value without value, or a meter value without sampled values, has none',
    why: 'One bad sample must not cost the others',
    repair: (breach) => {
      if (breach.direction !== 'request') return undefined
      if (isMissing(breach, 'value') && breach.path.includes('/sampledValue/')) return put('')
      return isMissing(breach, 'sampledValue') ? put([]) : undefined
    },
  },
  {
    id: 'single-as-list',
    what: 'One object where a list belongs is a list of one',
    why: 'Stacks that came from SOAP, where one and many look alike',
    repair: ({ keyword, expected, value }) =>
      keyword === 'type' && expected === 'array' && typeof value === 'object' && value !== null && !Array.isArray(value)
        ? put([value])
        : undefined,
  },
  {
    id: 'number-as-text',
    what: 'A number written as text is read as the number',
    why: 'https://github.com/lbbrhzn/ocpp/issues/1576',
    repair: ({ keyword, expected, value }) => {
      if (keyword !== 'type' || typeof value !== 'string' || (expected !== 'integer' && expected !== 'number'))
        return undefined
      const text = readDecimal(value).value
      return text === undefined ? undefined : put(Number(text))
    },
  },
  {
    id: 'transaction-unreadable',
    what: 'A transaction id that is no whole number names no transaction',
    why: 'Nothing is refused that carries energy: it is found by connector, time and meter',
    repair: (breach) =>
      isRequest(breach, 'StopTransaction', 'MeterValues') &&
      breach.field === 'transactionId' &&
      breach.keyword === 'type' &&
      typeof breach.value !== 'object'
        ? { do: 'remove' }
        : undefined,
  },
  {
    id: 'text-as-number',
    what: 'Text written as a number or boolean is read as its text',
    why: 'Autel sends sampled values as numbers: https://github.com/lbbrhzn/ocpp/issues/1989',
    repair: ({ keyword, expected, value }) =>
      keyword === 'type' && expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')
        ? put(String(value))
        : undefined,
  },
  {
    id: 'boolean-as-text',
    what: 'A boolean written as text is read as the boolean',
    why: 'GetConfiguration.conf with "readonly": "true"',
    repair: ({ keyword, expected, value }) => {
      if (keyword !== 'type' || expected !== 'boolean' || typeof value !== 'string') return undefined
      const text = value.trim().toLowerCase()
      return text === 'true' || text === 'false' ? put(text === 'true') : undefined
    },
  },
  {
    id: 'data-as-json',
    what: 'DataTransfer data as a JSON value instead of text is read as its JSON text',
    why: 'Type anyType in the 2.x standard; many 1.6 stacks do the same',
    repair: ({ keyword, action, field, value }) =>
      keyword === 'type' && action === 'DataTransfer' && field === 'data' && typeof value === 'object' && value !== null
        ? put(JSON.stringify(value))
        : undefined,
  },
  {
    id: 'text-too-long',
    what: 'Text longer than the standard allows is kept whole',
    why: 'https://github.com/lbbrhzn/ocpp/issues/1155',
    repair: ({ keyword, field, value }) => {
      if (keyword !== 'maxLength' || typeof value !== 'string') return undefined
      return field === 'idTag' && value.length > longestIdTag ? undefined : keep
    },
  },
  {
    id: 'enum-case',
    what: 'A word of the standard in another case, with spaces or quotes, is read as that word',
    why: 'https://github.com/lbbrhzn/ocpp/issues/1576',
    repair: ({ keyword, expected, value }) => {
      if (keyword !== 'enum' || typeof value !== 'string' || !Array.isArray(expected)) return undefined
      const text = value.replace(/^[\s"']+|[\s"']+$/g, '').toLowerCase()
      const word = (expected as string[]).find((candidate) => candidate.toLowerCase() === text)
      return word === undefined ? undefined : put(word)
    },
  },
  {
    id: 'enum-open',
    what: 'A word that the standard does not have is kept as it is',
    why: 'errorCode "Error": https://github.com/lbbrhzn/ocpp/issues/1248',
    // a command's outcome is not open: an answer that we cannot understand settles it as failed
    repair: ({ direction, keyword }) => (direction === 'request' && keyword === 'enum' ? keep : undefined),
  },
]

/**
 * The rules for a charger, in the order in which they are tried. Rules of a vendor, model or firmware are put before
 * the general ones here.
 */
export const rulesFor = (_context: InboundContext): readonly QuirkRule[] => rules16

/** Rules that the translation applies by itself, beyond the schema. */
export const translationRules = {
  ...timestampRules,
  ...decimalRules,
  'unit-missing':
    'A measurand without unit has the standard one of its kind (https://github.com/lbbrhzn/ocpp/issues/1989)',
  'unit-case': 'A unit of the standard in another case',
  'signed-unmarked': 'A signed record that is not marked SignedData (it begins with OCMF|)',
  'unknown-status': 'A connector status that the standard does not have counts as Unavailable',
  'nul-stripped': 'A NUL character is left out',
  'lone-surrogate-replaced': 'A lone surrogate becomes U+FFFD',
  'number-out-of-range': 'A number that no double can hold becomes null',
} as const
