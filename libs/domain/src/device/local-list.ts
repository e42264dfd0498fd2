import type { Part } from './device-state.ts'

/** The local authorisation list as the charger has it, by version and digest. */
export const localListWith: Part = (state, event) => {
  switch (event.type) {
    case 'LocalListWritten': {
      const { version, digest, entries } = event.data
      return { ...state, localList: { version, digest, entries } }
    }
    case 'LocalListSeen': {
      const { localList, ...others } = state
      // another version than ours: whatever it holds, we do not know it
      return localList?.version === event.data.version ? state : others
    }
    default:
      return state
  }
}
