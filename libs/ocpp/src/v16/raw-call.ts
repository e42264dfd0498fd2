import { ChargerCommand, type ChargerCommandType } from '@voltrail/contracts/charger-commands'
import { isAction16 } from '../schemas.ts'
import { readInstant } from '../timestamp.ts'
import { defined } from './fields.ts'
import type { Fields } from './inbound-message.ts'
import type { OutboundMessage } from './outbound-message.ts'

/**
 * An operator's own call. Of an action that 1.6 knows the payload must be valid, as everything that we send; of any other it
 * goes out as it was given, and its answer comes back as it came.
 */
export const rawCall: OutboundMessage<'RawCall'> = {
  action: ({ action }) => action,
  write: ({ action, payload }) => {
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
      return { unsupported: 'the payload of a call is an object' }
    return { payload, ...(isAction16(action) ? {} : { opaque: true as const }) }
  },
  statusless: true,
}

type Messages = { readonly [T in ChargerCommandType]: OutboundMessage<T> }

/**
 * The typed command that a call means: the one that makes the same call again, but for the spelling of its times. What no
 * command of ours can say stays a call that nobody but its operator understands.
 * @param payload valid by the schema of its action
 * @param requestId for a file transfer, which plain 1.6 does not name
 */
export const meaningOf = (
  messages: Messages,
  action: string,
  payload: Fields,
  requestId: number,
): ChargerCommand | undefined => {
  for (const [type, message] of Object.entries(messages) as [ChargerCommandType, OutboundMessage][]) {
    const { read } = message
    const actions = typeof message.action === 'string' ? [message.action] : (message.actions ?? [])
    if (read === undefined || !actions.includes(action)) continue
    const parsed = ChargerCommand.safeParse({ type, ...defined(read(payload, { action, requestId })) })
    if (!parsed.success) continue
    const said = typeof message.action === 'string' ? message.action : message.action(parsed.data)
    const written = message.write(parsed.data)
    if (said === action && 'payload' in written && means(written.payload, payload)) return parsed.data
  }
  return undefined
}

/** Whether two payloads are the same to a charger: times at the same moment, an empty list as none. */
const means = (one: unknown, other: unknown): boolean => {
  if (one === other) return true
  if (typeof one === 'string' && typeof other === 'string') {
    const at = readInstant(one)
    return at !== undefined && at === readInstant(other)
  }
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((value, i) => means(value, other[i]))
  if (!isObject(one) || !isObject(other)) return isEmptyList(one) && isEmptyList(other)
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((name) => means(one[name], other[name]))
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isEmptyList = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.length === 0)
