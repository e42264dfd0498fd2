import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { CommandResult } from '@voltrail/contracts/facts'

/** Answers to these may hold anything: vendor data, or what an action that we do not know tells. */
const mayHoldAnything: ReadonlySet<ChargerCommand['type']> = new Set(['DataTransfer', 'RawCall'])

const withheld = 'it stands in the sealed frame'

/**
 * A charger's answer as the log may hold it: without the id tokens that its command named, which a charger may repeat, and
 * without what nobody here can vouch for. The frame has it whole, sealed.
 */
export const answerForLog = (command: ChargerCommand, result: CommandResult): CommandResult => {
  const opaque = mayHoldAnything.has(command.type)
  const tokens = tokensOf(command)
  const names = (value: unknown): boolean => {
    if (tokens.length === 0) return false
    const text = JSON.stringify(value)
    return tokens.some((token) => text.includes(JSON.stringify(token).slice(1, -1)))
  }
  switch (result.outcome) {
    case 'result': {
      // one word is no id token's business: of a known action it is one of the schema's
      const { status: said, ...rest } = result.payload
      const isWord = /^[A-Za-z]{1,50}$/.test(result.status)
      if (!opaque && isWord && (said === undefined || said === result.status) && !names(rest)) return result
      const status = isWord ? result.status : 'Accepted'
      return { ...result, status, payload: { status, withheld } }
    }
    case 'callError':
      return opaque
        ? { ...result, description: result.description === '' ? '' : withheld }
        : { ...result, description: tokens.reduce(withoutOne, result.description) }
    case 'invalidAnswer':
      return opaque || names(result.payload) ? { ...result, payload: { withheld } } : result
    default:
      return result
  }
}

const withoutOne = (text: string, token: string): string => text.replaceAll(token, '[id token]')

/** The id tokens that a command names. */
const tokensOf = (command: ChargerCommand): readonly string[] => {
  const named = (): readonly (string | undefined)[] => {
    switch (command.type) {
      case 'RemoteStart':
        return [command.idToken.value, command.idToken.value.trim(), command.alias]
      case 'ReserveNow':
        return [command.idToken.value, command.alias, command.groupIdToken?.value, command.groupAlias]
      case 'SendLocalList':
        return command.entries.flatMap(({ idToken, authorization }) => [idToken.value, authorization?.groupToken])
      default:
        return []
    }
  }
  return named().filter((token): token is string => token !== undefined && token !== '')
}
