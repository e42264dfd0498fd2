import type { ChargerId, TariffId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import type { TariffScope } from '@voltrail/contracts/admin-commands'
import type { TariffTerms } from '@voltrail/contracts/tariff-shape'
import type { TariffEvent } from '@voltrail/contracts/events/registry'
import { canonicalJson } from './canonical-json.ts'
import { accept, reject, type Aggregate, type Decision, type Recorded } from './decider.ts'

/** A tariff with its versions and where it applies: `tariff-<tenant>.<id>`. */

export interface TariffVersion {
  readonly revision: number
  readonly definedAt: Instant
  readonly terms: TariffTerms
}
export interface TariffAssignment {
  readonly revision: number
  readonly scope: TariffScope
  readonly validFrom: Instant
}
export interface TariffState {
  readonly versions: readonly TariffVersion[]
  readonly assignments: readonly TariffAssignment[]
}

const evolve = (state: TariffState, event: Recorded<TariffEvent>): TariffState => {
  const { revision } = event
  switch (event.type) {
    case 'TariffDefined': {
      const version = { revision, definedAt: event.metadata.receivedAt, terms: event.data.terms }
      return { ...state, versions: [...state.versions, version] }
    }
    case 'TariffAssigned': {
      const { scope, validFrom } = event.data
      return { ...state, assignments: [...state.assignments, { revision, scope, validFrom }] }
    }
    default:
      return event satisfies never
  }
}

export const tariff: Aggregate<TariffState, TariffEvent> = { initialState: { versions: [], assignments: [] }, evolve }

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b)

/** A new version of the terms; the terms that hold already make nothing. */
export const defineTariff = (
  command: { readonly tariffId: TariffId; readonly terms: TariffTerms },
  state: TariffState,
): Decision<TariffEvent> =>
  same(state.versions.at(-1)?.terms ?? null, command.terms)
    ? accept()
    : accept<TariffEvent>({ type: 'TariffDefined', data: { tariffId: command.tariffId, terms: command.terms } })

export const assignTariff = (
  command: { readonly tariffId: TariffId; readonly scope: TariffScope; readonly validFrom: Instant },
  state: TariffState,
): Decision<TariffEvent, { kind: 'undefined-tariff'; detail: string }> => {
  if (state.versions.length === 0)
    return reject({ kind: 'undefined-tariff', detail: `there is no tariff ${command.tariffId}: define it first` })
  const { scope, validFrom } = command
  if (state.assignments.some((known) => same([known.scope, known.validFrom], [scope, validFrom]))) return accept()
  return accept<TariffEvent>({ type: 'TariffAssigned', data: { tariffId: command.tariffId, scope, validFrom } })
}

export interface ChosenTariff {
  readonly tariffId: TariffId
  readonly revision: number
  readonly terms: TariffTerms
  readonly reason: 'charger' | 'tenant'
}

/**
 * The tariff of a session that starts at `at`: an assignment to the charger before one to the tenant, the latest that is
 * valid by then; of it the version that was in force (the first one, if the session began before any). Ties go to the
 * assignment that was decided last within its tariff, then to the greater tariff id, so that every pod finds the same.
 */
export const chooseTariff = (
  book: ReadonlyMap<TariffId, TariffState>,
  session: { readonly chargerId: ChargerId; readonly at: Instant },
): ChosenTariff | undefined => {
  for (const reason of ['charger', 'tenant'] as const) {
    let best: { tariffId: TariffId; validFrom: Instant; state: TariffState } | undefined
    for (const [tariffId, state] of [...book].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      for (const { scope, validFrom } of state.assignments) {
        const applies = scope.kind === reason && (scope.kind === 'tenant' || scope.chargerId === session.chargerId)
        if (applies && validFrom <= session.at && (best === undefined || validFrom >= best.validFrom))
          best = { tariffId, validFrom, state }
      }
    const versions = best?.state.versions ?? []
    const version = versions.findLast((one) => one.definedAt <= session.at) ?? versions[0]
    if (best !== undefined && version !== undefined)
      return { tariffId: best.tariffId, revision: version.revision, terms: version.terms, reason }
  }
  return undefined
}
