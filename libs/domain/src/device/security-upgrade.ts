import type { Part } from './device-state.ts'

/** A change to another security profile or key that is under way: both are good until the first accepted boot on the new one. */
export const securityUpgradeWith: Part = (state, event) => {
  switch (event.type) {
    case 'SecurityUpgradeBegun': {
      const { toProfile, until } = event.data
      return { ...state, securityUpgrade: { toProfile, until } }
    }
    case 'SecurityUpgradeEnded': {
      const { securityUpgrade: _, ...ended } = state
      return ended
    }
    default:
      return state
  }
}
