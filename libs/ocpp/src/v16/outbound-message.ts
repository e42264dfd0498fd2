import type { ChargerCommand, ChargerCommandType } from '@voltrail/contracts/charger-commands'

/** Why a command cannot be said in this version, for the one who gave it. Holds no personal data. */
export type Unsupported = { unsupported: string }

/** What every command is to a 1.6 charger: one file, one test, one row in `actions.ts`. */
export type OutboundMessage<T extends ChargerCommandType = ChargerCommandType> = {
  action: string
  /** @returns the payload of the call, or why it cannot be made */
  write(command: Extract<ChargerCommand, { type: T }>): { payload: object } | Unsupported
  /** 1.6 answers every command with a status, but for GetConfiguration. */
  statusless?: true
}
