import type { OcppProtocol } from './protocol.ts'
import { protocol16 } from './v16/protocol16.ts'

/** The versions that are spoken, by the name in Sec-WebSocket-Protocol. */
export const protocols: Readonly<Record<string, OcppProtocol>> = {
  'ocpp1.6': protocol16,
}

/**
 * The first of the charger's offers that we speak: its order is its preference (OCPP-J 1.6 §3.1.2).
 * @returns our spelling of it, or undefined when there is none in common
 */
export const chooseSubprotocol = (
  offered: readonly string[],
  supported: readonly string[] = Object.keys(protocols),
): string | undefined => offered.map((name) => name.trim()).find((name) => supported.includes(name))
