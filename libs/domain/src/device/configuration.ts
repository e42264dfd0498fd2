import type { Part } from './device-state.ts'

/** The keys that a charger shall have, and how far each has come. */
export const configurationWith: Part = (state, event) => {
  switch (event.type) {
    case 'ConfigurationDesired': {
      const { keys, released = [] } = event.data
      const gone = new Set([...keys.map(({ key }) => key), ...released])
      return {
        ...state,
        desired: [...(state.desired ?? []).filter(({ key }) => !gone.has(key)), ...keys],
        // what is wanted anew is tried anew
        keys: (state.keys ?? []).filter(({ key }) => !gone.has(key)),
      }
    }
    case 'ConfigurationKeyTried': {
      const { commandId: _, ...tried } = event.data
      return { ...state, keys: [...(state.keys ?? []).filter(({ key }) => key !== tried.key), tried] }
    }
    default:
      return state
  }
}
