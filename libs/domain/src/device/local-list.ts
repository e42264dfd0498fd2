import { createHash } from 'node:crypto'
import type { Outcome } from './command-outcome.ts'
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

/** What the charger took of a list is the list, until it shows another version. */
export const listOutcome: Outcome = ({ command, commandId, result }, state) => {
  if (result.outcome !== 'result') return []
  if (command.type === 'GetLocalListVersion') {
    const version = Number(result.payload['listVersion'])
    return Number.isSafeInteger(version) && version !== state.localList?.version
      ? [{ type: 'LocalListSeen', data: { version } }]
      : []
  }
  if (command.type !== 'SendLocalList' || result.status !== 'Accepted') return []
  const { listVersion: version, updateType, entries } = command
  const digest = createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 32)
  return [{ type: 'LocalListWritten', data: { version, updateType, digest, entries: entries.length, commandId } }]
}
