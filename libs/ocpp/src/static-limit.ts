import { fitsMake, type MakePattern } from './quirk.ts'

/** The configuration key by which a make limits the current of the whole station, and what its numbers count. */
export interface StaticLimit {
  readonly make: MakePattern
  readonly key: string
  /** the value for 1 A */
  readonly perAmpere: 1 | 10 | 1_000
}

/** OCPP 1.6 has no key for it: each make has one of its own, with a unit of its own (ev-server, vendor integrations). */
export const staticLimits: readonly StaticLimit[] = [
  { make: { vendor: /ev-?box/i }, key: 'evb_MaximumStationCurrent', perAmpere: 10 },
  { make: { vendor: /\bkeba\b/i }, key: 'MaxAvailableCurrent', perAmpere: 1_000 },
  { make: { vendor: /schneider/i }, key: 'maxintensitysocket', perAmpere: 1 },
  { make: { vendor: /webasto/i }, key: 'OperatorCurrentLimit', perAmpere: 1 },
]

/** The change of configuration that limits a station to so many A, rounded down; undefined for a make without such a key. */
export const staticLimit = (
  make: { readonly vendor?: string; readonly model?: string; readonly firmwareVersion?: string },
  amperes: number,
): { readonly key: string; readonly value: string } | undefined => {
  const found = staticLimits.find((one) => fitsMake([one.make], make))
  return found && { key: found.key, value: String(Math.floor(Math.round(amperes * 1_000 * found.perAmpere) / 1_000)) }
}
