/** Keys whose values are never logged: secrets, and id tags because they are personal data. Compared without case, `-` and `_`. */
export const secretKeys = [
  'authorization',
  'proxyAuthorization',
  'password',
  'passphrase',
  'secret',
  'key',
  'apiKey',
  'privateKey',
  'operatorKey',
  'authorizationKey',
  'basicAuthPassword',
  'token',
  'accessToken',
  'cookie',
  'setCookie',
  'idTag',
  'parentIdTag',
  'idToken',
  'groupIdToken',
  'groupToken',
  'groupAlias',
  'alias',
]

const plain = (key: string): string => key.toLowerCase().replace(/[-_]/g, '')
const secrets = new Set(secretKeys.map(plain))
const censored = '[redacted]'
const deepest = 8

/** A copy of a value fit for a log: secrets' values and passwords in URLs replaced, depth bounded, cycles cut. */
export function redact<T>(value: T): T {
  return copy(value, 0) as T
}

/** Replaces the user part of every URL in a text (`nats://user:pass@host` becomes `nats://[redacted]@host`). */
export function redactText(text: string): string {
  return text.includes('://') ? text.replace(/:\/\/[^/\s@]+@/g, `://${censored}@`) : text
}

function copy(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value)
  // pino cannot write a bigint
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth >= deepest) return '[too deep]'
  if (Array.isArray(value)) return value.map((part) => copy(part, depth + 1))
  if (value instanceof Error) return copyError(value, depth)
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return copy(toJSON.call(value), depth + 1)
  const result: Record<string, unknown> = {}
  for (const [key, part] of Object.entries(value)) {
    result[key] = secrets.has(plain(key)) && part !== undefined && part !== null ? censored : copy(part, depth + 1)
  }
  return result
}

/** An error with its own fields and causes; its name, message and stack are not enumerable, so a plain copy would lose them. */
function copyError(error: Error, depth: number): unknown {
  const fields = copy(Object.fromEntries(Object.entries(error)), depth + 1) as object
  return {
    ...fields,
    name: undefined,
    type: error.name,
    message: redactText(error.message),
    stack: redactText(error.stack ?? ''),
    ...(error.cause !== undefined && { cause: copy(error.cause, depth + 1) }),
  }
}
