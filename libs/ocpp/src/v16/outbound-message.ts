import type { ChargerCommand, ChargerCommandType } from '@voltrail/contracts/charger-commands'

/** Why a command cannot be said in this version, for the one who gave it. Holds no personal data. */
export type Unsupported = { unsupported: string }

/** What every command is to a 1.6 charger: one file, one test, one row in `actions.ts`. */
export type OutboundMessage<T extends ChargerCommandType = ChargerCommandType> = {
  /** in the frame; a function where the version has several for it */
  action: string | ((command: Extract<ChargerCommand, { type: T }>) => string)
  /** @returns the payload of the call, or why it cannot be made; `opaque`: no schema of ours knows the action */
  write(command: Extract<ChargerCommand, { type: T }>): { payload: object; opaque?: true } | Unsupported
  /** The answer has no status: that it came is the success (GetConfiguration, GetDiagnostics, UpdateFirmware, GetLocalListVersion). */
  statusless?: true
}
