import type { ChargerCommand, ChargerCommandType } from '@voltrail/contracts/charger-commands'
import type { Fields } from './inbound-message.ts'

/** Why a command cannot be said in this version, for the one who gave it. Holds no personal data. */
export type Unsupported = { unsupported: string }

/** What every command is to a 1.6 charger: one file, one test, one row in `actions.ts`. */
export type OutboundMessage<T extends ChargerCommandType = ChargerCommandType> = {
  /** in the frame; a function where the version has several for it */
  action: string | ((command: Extract<ChargerCommand, { type: T }>) => string)
  /** all that `action` may give, where it is a function */
  actions?: readonly string[]
  /** @returns the payload of the call, or why it cannot be made; `opaque`: no schema of ours knows the action */
  write(command: Extract<ChargerCommand, { type: T }>): { payload: object; opaque?: true } | Unsupported
  /**
   * The fields of the command that a payload of an operator's own call means; of what is absent, `undefined`. It may be wrong
   * about what the command cannot say: it is taken only if `write` makes the same of it again.
   */
  read?(payload: Fields, asked: { action: string; requestId: number }): { readonly [field: string]: unknown }
  /** What the answer says in words of every version, beside those of its own. */
  told?(fields: Fields): Readonly<Record<string, unknown>>
  /** The answer has no status: that it came is the success (GetConfiguration, GetDiagnostics, UpdateFirmware, GetLocalListVersion). */
  statusless?: true
}
