import type { OcppProtocol } from './protocol.ts'
import { protocol16 } from './v16/protocol16.ts'

/** The versions that are spoken, by the name in Sec-WebSocket-Protocol. */
export const protocols: Readonly<Record<string, OcppProtocol>> = {
  'ocpp1.6': protocol16,
}

/** The names in Sec-WebSocket-Protocol, in the charger's order, each once; RFC 6455 §4.1 wants them so, chargers repeat them. */
export const offeredSubprotocols = (header: string | undefined): readonly string[] => [
  ...new Set((header ?? '').split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))),
]

/**
 * The first of the charger's offers that we speak: its order is its preference (OCPP-J 1.6 §3.1.2). Case is ignored.
 * @returns our spelling of it, or undefined when there is none in common
 */
export const chooseSubprotocol = (
  offered: readonly string[],
  supported: readonly string[] = Object.keys(protocols),
): string | undefined =>
  offered
    .map((name) => supported.find((ours) => ours.toLowerCase() === name.trim().toLowerCase()))
    .find((ours) => ours !== undefined)

/**
 * What we put into Sec-WebSocket-Protocol: nothing but what the charger named (RFC 6455 §4.2.2), in its spelling. A charger that
 * is spoken to in another version than it names hears its own first: else it would close.
 */
export const echoedSubprotocol = (offered: readonly string[], spoken: string): string | undefined =>
  offered.find((name) => name.toLowerCase() === spoken.toLowerCase()) ?? offered[0]
