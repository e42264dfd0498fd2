import type { MsgHdrs } from 'nats'
import { headers } from 'nats'
import { BusError } from './bus-error.ts'

/** Names keep their case. Values are one line; the bus trims white space around them. */
export type MessageHeaders = Readonly<Record<string, string>>

const NONE: MessageHeaders = Object.freeze({})

export function toWire(given: MessageHeaders): MsgHdrs {
  const wire = headers()
  for (const [name, value] of Object.entries(given)) {
    try {
      wire.set(name, value)
    } catch (cause) {
      throw new BusError(
        'bad-header',
        `header ${JSON.stringify(name)} cannot be sent: a name is of printable ASCII without ":", a value of one line`,
        { cause },
      )
    }
  }
  return wire
}

/** The first value of each header. */
export function fromWire(wire: MsgHdrs | undefined): MessageHeaders {
  if (wire === undefined) return NONE
  return Object.fromEntries(wire.keys().map((name) => [name, wire.get(name)]))
}

/** Headers as JetStream stores them: a status line, then `name: value` lines. */
export function fromStored(base64: string | undefined): MessageHeaders {
  if (!base64) return NONE
  const [, ...lines] = Buffer.from(base64, 'base64').toString('utf8').split('\r\n')
  const found: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const name = line.slice(0, colon)
    found[name] ??= line.slice(colon + 1).trim()
  }
  return found
}
