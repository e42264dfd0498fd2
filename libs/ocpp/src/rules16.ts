import { readDecimal } from './decimal.ts'
import type { InboundContext } from './inbound-context.ts'
import type { FormatRuleId } from './quirks.ts'
import type { Direction } from './schemas.ts'
import { timeInForce } from './reading-in-force.ts'

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

/** What it does and where it was seen stands under its id in the tables of quirks. */
export type QuirkRule = {
  id: FormatRuleId
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
    id: 'Q25-null-field',
    repair: (breach) =>
      breach.value === null && breach.path !== '' && breach.keyword !== 'required' ? { do: 'remove' } : undefined,
  },
  {
    id: 'Q26-field-name-case',
    repair: ({ keyword, field, siblings }) => {
      if (keyword !== 'additionalProperties') return undefined
      const to = siblings.allowed.find((name) => name.toLowerCase() === field.trim().toLowerCase())
      return to !== undefined && !siblings.present.includes(to) ? { do: 'rename', to } : undefined
    },
  },
  {
    id: 'Q25-extra-field',
    repair: ({ keyword }) => (keyword === 'additionalProperties' ? { do: 'remove' } : undefined),
  },
  {
    id: 'Q23-meter-register-loose',
    repair: (breach) => {
      if (!isMeterRegister(breach) || breach.keyword !== 'type') return undefined
      const read = readDecimal(breach.value)
      return read.value === undefined ? undefined : keep
    },
  },
  {
    id: 'Q21-missing-meter-register',
    repair: (breach) => {
      if (!isMeterRegister(breach)) return undefined
      if (breach.keyword === 'required') return keep
      return breach.keyword === 'type' && typeof breach.value !== 'object' ? { do: 'remove' } : undefined
    },
  },
  {
    id: 'Q2-time-as-number',
    repair: ({ keyword, field, value }) =>
      keyword === 'type' && field === 'timestamp' && typeof value === 'number' ? put(String(value)) : undefined,
  },
  {
    id: 'Q2-time-missing',
    repair: (breach) =>
      isRequest(breach, 'StartTransaction', 'StopTransaction', 'MeterValues') && isMissing(breach, 'timestamp')
        ? put('')
        : undefined,
  },
  {
    id: 'Q2-time-unreadable',
    repair: ({ direction, keyword, field, value }, context) =>
      direction === 'request' && keyword === 'format' && field === 'timestamp' && typeof value === 'string'
        ? { do: 'keep', reasons: timeInForce(value, context).rules }
        : undefined,
  },
  {
    id: 'Q27-missing-id-tag',
    repair: (breach) =>
      isRequest(breach, 'StartTransaction', 'Authorize') && isMissing(breach, 'idTag') ? put('') : undefined,
  },
  {
    id: 'Q13-missing-transaction',
    repair: (breach) => (isRequest(breach, 'StopTransaction') && isMissing(breach, 'transactionId') ? keep : undefined),
  },
  {
    id: 'Q18-missing-connector',
    repair: (breach) => (isRequest(breach, 'MeterValues') && isMissing(breach, 'connectorId') ? put(0) : undefined),
  },
  {
    id: 'Q25-missing-error-code',
    repair: (breach) =>
      isRequest(breach, 'StatusNotification') && isMissing(breach, 'errorCode') ? put('NoError') : undefined,
  },
  {
    id: 'Q25-missing-boot-field',
    repair: (breach) =>
      isRequest(breach, 'BootNotification') && isMissing(breach, 'chargePointVendor', 'chargePointModel')
        ? put('')
        : undefined,
  },
  {
    id: 'Q25-missing-sample',
    repair: (breach) => {
      if (breach.direction !== 'request') return undefined
      if (isMissing(breach, 'value') && breach.path.includes('/sampledValue/')) return put('')
      return isMissing(breach, 'sampledValue') ? put([]) : undefined
    },
  },
  {
    id: 'Q25-single-as-list',
    repair: ({ keyword, expected, value }) =>
      keyword === 'type' && expected === 'array' && typeof value === 'object' && value !== null && !Array.isArray(value)
        ? put([value])
        : undefined,
  },
  {
    id: 'Q23-number-as-text',
    repair: ({ keyword, expected, value }) => {
      if (keyword !== 'type' || typeof value !== 'string' || (expected !== 'integer' && expected !== 'number'))
        return undefined
      const text = readDecimal(value).value
      return text === undefined ? undefined : put(Number(text))
    },
  },
  {
    id: 'Q13-transaction-unreadable',
    repair: (breach) =>
      isRequest(breach, 'StopTransaction', 'MeterValues') &&
      breach.field === 'transactionId' &&
      breach.keyword === 'type' &&
      typeof breach.value !== 'object'
        ? { do: 'remove' }
        : undefined,
  },
  {
    id: 'Q23-text-as-number',
    repair: ({ keyword, expected, value }) =>
      keyword === 'type' && expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')
        ? put(String(value))
        : undefined,
  },
  {
    id: 'Q23-boolean-as-text',
    repair: ({ keyword, expected, value }) => {
      if (keyword !== 'type' || expected !== 'boolean' || typeof value !== 'string') return undefined
      const text = value.trim().toLowerCase()
      return text === 'true' || text === 'false' ? put(text === 'true') : undefined
    },
  },
  {
    id: 'Q25-data-as-json',
    repair: ({ keyword, action, field, value }) =>
      keyword === 'type' && action === 'DataTransfer' && field === 'data' && typeof value === 'object' && value !== null
        ? put(JSON.stringify(value))
        : undefined,
  },
  {
    id: 'Q25-text-too-long',
    repair: ({ keyword, field, value }) => {
      if (keyword !== 'maxLength' || typeof value !== 'string') return undefined
      return field === 'idTag' && value.length > longestIdTag ? undefined : keep
    },
  },
  {
    id: 'Q26-enum-case',
    repair: ({ keyword, expected, value }) => {
      if (keyword !== 'enum' || typeof value !== 'string' || !Array.isArray(expected)) return undefined
      const text = value.replace(/^[\s"']+|[\s"']+$/g, '').toLowerCase()
      const word = (expected as string[]).find((candidate) => candidate.toLowerCase() === text)
      return word === undefined ? undefined : put(word)
    },
  },
  {
    id: 'Q26-enum-open',
    // a command's outcome is not open: an answer that we cannot understand settles it as failed
    repair: ({ direction, keyword }) => (direction === 'request' && keyword === 'enum' ? keep : undefined),
  },
]
