import type { Fact, FactAnswer, MalformedFact, ReadableEnergy } from '@voltrail/contracts/facts'
import type { Instant } from '@voltrail/contracts/quantities'
import type { z } from 'zod'
import type { InboundContext } from '../inbound-context.ts'
import type { Notes } from '../notes.ts'
import type { Violation } from '../schemas.ts'

/** A payload whose members are still to be looked at one by one. */
export type Fields = Readonly<Record<string, unknown>>

export type Desk = { action: string; context: InboundContext; notes: Notes }

/** What every message from a charger is to us: one file, one test, one row in `actions.ts`. */
export type InboundMessage = {
  action: string
  /**
   * @param payload after the quirk rules, valid but for waived breaches
   * @param received the payload exactly as received
   * @returns the fact, or what keeps us from making one
   */
  read(payload: Fields, received: Fields, desk: Desk): Fact | { refused: Violation[] }
  /** The payload of the answer. Throws `AnswerMismatch` when the answer is for another fact. */
  answer(answer: FactAnswer, now: Instant): object
  /** What can be read of one that is refused though its other violations are left out: its connector cannot be read. */
  placeless?(payload: Fields, desk: Desk): ReadableEnergy
  /** What a malformed one is recorded as. Only messages that carry energy have it: they are answered, never refused. */
  energy?: z.infer<typeof MalformedFact>['meant']
}

/** A defect on our side: the answer does not belong to the fact. */
export class AnswerMismatch extends Error {
  constructor(action: string, answer: FactAnswer) {
    super(`${action} cannot be answered with an answer for ${answer.type}`)
    this.name = 'AnswerMismatch'
  }
}
