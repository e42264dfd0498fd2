import type { TransactionId } from '@voltrail/contracts/ids'

/** What is known about the charger that a message came from. Vendor, model and firmware are there once it has booted. */
export type InboundContext = {
  tenant: string
  chargerId: string
  vendor?: string
  model?: string
  firmwareVersion?: string
  /** how many EVSEs it has, as far as it has told: the highest that it ever named */
  evses?: number
  /** what a time without zone means at this charger: an IANA name or `+02:00` */
  zone?: string
  /** ids of quirk rules that this charger's settings switch off, and on; off wins */
  rulesOff?: readonly string[]
  rulesOn?: readonly string[]
  /** nothing is repaired: what the official schema refuses is answered with its CALLERROR, starts and stops too */
  strict?: boolean
  /**
   * The register last seen per EVSE on this connection, for rules that compare two messages. Whoever holds the connection
   * gives an empty map, and it is written here; without one only registers within a message are compared.
   */
  lastRegisters?: Map<number, LastRegister>
}

/** A register in Wh with the power in W that was read with it, and the transaction that the message named. */
export type LastRegister = {
  atMs: number
  wh: number
  watts: number | undefined
  transaction?: TransactionId
}
