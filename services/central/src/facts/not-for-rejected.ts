import { charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { reject } from '@voltrail/domain/decider'
import type { Deciding } from '../deciding.ts'

/** A decision was asked for a charger that its operator has rejected. Nothing was appended. */
export class ChargerRejected extends Error {
  constructor() {
    super('this charger is rejected by its operator')
    this.name = 'ChargerRejected'
  }
}

const rejected = Symbol('the charger is rejected')

/**
 * Decisions that are made for a charger only while its operator has not rejected it, as the log says at the very revision that
 * they are appended at.
 * @throws {ChargerRejected}
 */
export const notForRejected = ({ decide }: Pick<Deciding, 'decide'>): Pick<Deciding, 'decide'> => ({
  async decide(aggregate, stream, decision, meta) {
    const ofCharger = (aggregate as object) === charger
    const decided = await decide(
      aggregate,
      stream,
      (state, revision) =>
        ofCharger && (state as unknown as ChargerState).registration === 'Rejected'
          ? reject(rejected as never)
          : decision(state, revision),
      meta,
    )
    if (decided.outcome === 'rejected' && (decided.rejection as unknown) === rejected) throw new ChargerRejected()
    return decided
  },
})
