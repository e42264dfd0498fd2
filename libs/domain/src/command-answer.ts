import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { CommandResult } from '@voltrail/contracts/facts'
import { isSecretKey } from './secret-keys.ts'

/** Answers to these may hold anything: vendor data, or what an action that we do not know tells. */
const mayHoldAnything: ReadonlySet<ChargerCommand['type']> = new Set(['DataTransfer', 'RawCall'])

const withheld = 'it stands in the sealed frame'

/**
 * A charger's answer as the log may hold it: without the id tokens and keys that its command named, which a charger may repeat,
 * and without what nobody here can vouch for. The frame has it sealed, and whole but for the keys.
 */
export const answerForLog = (command: ChargerCommand, result: CommandResult): CommandResult => {
  const opaque = mayHoldAnything.has(command.type)
  const unspoken = [...tokensOf(command), ...secretsOf(command)]
  const names = (value: unknown): boolean => unspoken.some(isIn(JSON.stringify(value)))
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
        : {
            ...result,
            description: secretsOf(command).reduce(
              (text, secret) => without(text, secret, '[secret]'),
              tokensOf(command).reduce((text, token) => without(text, token, '[id token]'), result.description),
            ),
          }
    case 'invalidAnswer':
      return opaque || names(result.payload) ? { ...result, payload: { withheld } } : result
    default:
      return result
  }
}

/** However it is spelled: chargers write hex as they like. */
const spelled = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi')
const isIn =
  (json: string) =>
  (text: string): boolean =>
    spelled(JSON.stringify(text).slice(1, -1)).test(json)

/** A text, or JSON, with a text in it taken out, however it is spelled. */
export const without = (text: string, taken: string, by: string): string =>
  [...new Set([taken, JSON.stringify(taken).slice(1, -1)])].reduce(
    (left, one) => left.replace(spelled(one), () => by),
    text,
  )

/** What a command sets that must never be kept: a charger may repeat it in its answer, outside of where it belongs. */
export const secretsOf = (command: ChargerCommand): readonly string[] =>
  command.type === 'ChangeConfiguration' && isSecretKey(command.key) && command.value !== '' ? [command.value] : []

/** The id tokens that a command names. */
const tokensOf = (command: ChargerCommand): readonly string[] => {
  const named = (): readonly (string | undefined)[] => {
    switch (command.type) {
      case 'RemoteStart':
        return [command.idToken.value, command.idToken.value.trim(), command.alias]
      case 'ReserveNow':
        return [command.idToken.value, command.alias, command.groupIdToken?.value, command.groupAlias]
      case 'SendLocalList':
        return command.entries.flatMap(({ idToken, alias, authorization }) => [
          idToken.value,
          alias,
          authorization?.groupToken,
          authorization?.groupAlias,
        ])
      default:
        return []
    }
  }
  return named().filter((token): token is string => token !== undefined && token !== '')
}
