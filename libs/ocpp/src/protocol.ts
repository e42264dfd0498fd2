import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { CommandResult, Fact, FactAnswer, Normalisation } from '@voltrail/contracts/facts'
import type { Instant } from '@voltrail/contracts/quantities'
import type { InboundContext } from './inbound-context.ts'
import type { Spoken } from './power-dialect.ts'

/** One OCPP version, as the edge uses it. Nothing behind the edge sees more than facts and commands. */
export interface OcppProtocol {
  /** the name in Sec-WebSocket-Protocol */
  readonly subprotocol: string
  /** What a CALL from the charger means. Never throws, whatever the payload. */
  inbound(action: string, payload: unknown, context: InboundContext): Inbound
  /** A command in the dialect of the charger's make: what it is to be told for it, see `Spoken`. */
  spoken(command: ChargerCommand, context: InboundContext): Spoken
  /** The CALL for a command. Throws `OutboundInvalid` if the official schema refuses it. */
  outbound(command: ChargerCommand): { action: string; payload: object } | { unsupported: string }
  /**
   * What an operator's own call means: a typed command where one says the same, else the call as it is; or what the official
   * schema has against it, by JSON pointer and without values. Never throws.
   * @param requestId names a file transfer where the call itself does not
   */
  call(
    action: string,
    payload: unknown,
    requestId: number,
  ):
    | { command: ChargerCommand }
    /** why nobody can be sent such a call, whatever its payload: a sentence without a stop */
    | { unsendable: string }
    | { violations: readonly { path: string; message: string }[] }
  /**
   * What the charger's CALLRESULT to a command says. Its numbers are whole; a fraction is text, as everything that goes into
   * the log. Never throws.
   */
  settle(command: ChargerCommand, payload: unknown): CommandResult
  heartbeatPayload(now: Instant): object
}

export type Inbound =
  | InboundFact
  | { kind: 'heartbeat'; normalisations: Normalisation[]; answer(now: Instant): object }
  | { kind: 'error'; code: string; description: string; details: object; normalisations: Normalisation[] }

export type InboundFact = {
  kind: 'fact'
  fact: Fact
  normalisations: Normalisation[]
  /**
   * The CALLRESULT payload for central's answer. Throws `OutboundInvalid` if the official schema refuses it, and
   * `AnswerMismatch` if the answer is for another fact: both are defects of ours.
   */
  answer(answer: FactAnswer, now: Instant): object
}

/** We were about to send what the official schema refuses. The message holds no values. */
export class OutboundInvalid extends Error {
  readonly action: string
  readonly violations: readonly string[]

  constructor(action: string, violations: readonly string[]) {
    super(`${action} is not sent, the official schema refuses it: ${violations.join('; ')}`.slice(0, 1000))
    this.name = 'OutboundInvalid'
    this.action = action
    this.violations = violations
  }
}
