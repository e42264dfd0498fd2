import type { AskedListPolicy } from '@voltrail/contracts/admin-commands'
import type { ChargerCommand, ChargerCommandRequest } from '@voltrail/contracts/charger-commands'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import type { ListedToken, LocalListPolicy } from '@voltrail/contracts/local-list'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import type { CentralDeps } from '../central-deps.ts'
import { textOpener, writtenBy, type OpenText } from './remote-start-token.ts'

type Entries = Extract<ChargerCommand, { type: 'SendLocalList' }>['entries']

/** Whom a list shall hold, by reference: a token that is named by its alias is the one that it stands for. */
export const listPolicy = async (
  deps: CentralDeps,
  tenant: TenantId,
  { mode, groups, tokens, whenTooLong }: AskedListPolicy,
): Promise<LocalListPolicy | { readonly refused: string }> => {
  const found = await Promise.all(tokens.map((token) => deps.lookUps.token(tenant, deps.vault.tokenRef(tenant, token))))
  const missing = found.flatMap(({ value }, i) => (value.idToken === undefined ? [i] : []))
  if (missing.length > 0)
    return {
      refused: `idTokens: those at ${missing.slice(0, 20).join(', ')} (counted from 0) were never issued here: issue them first`,
    }
  const once = (refs: readonly TokenRef[]) => [...new Set(refs)].toSorted()
  return {
    mode,
    groups: once(groups.map((group) => deps.vault.tokenRef(tenant, group))),
    tokens: once(found.map(({ ref }) => ref)),
    whenTooLong,
  }
}

/** Entries that an operator gave, as the log may hold them; an alias is the token that it stands for. */
export const asListed = (deps: CentralDeps, tenant: TenantId, entries: Entries): Promise<ListedToken[]> => {
  const meant = async (text: string) => (await deps.lookUps.token(tenant, deps.vault.tokenRef(tenant, text))).ref
  return inTurns(entries, async ({ idToken, authorization }) => {
    const tokenRef = await meant(idToken.value)
    if (authorization === undefined) return { tokenRef }
    const { status, expiresAt, groupToken } = authorization
    return {
      tokenRef,
      authorization: {
        status,
        ...(expiresAt === undefined ? {} : { expiresAt }),
        ...(groupToken === undefined ? {} : { groupRef: await meant(groupToken) }),
      },
    }
  })
}

/**
 * A list that was given by references, with the texts that this charger reads: as it wrote a token last, else in the usual form,
 * or as it writes all others. The references stay with the request, for the log. A token whose text was erased cannot be put on
 * the list and is left out; it cannot be taken off either, so that the whole list has to be sent.
 */
export const withListTexts = async (
  deps: CentralDeps,
  tenant: TenantId,
  request: ChargerCommandRequest,
): Promise<ChargerCommandRequest | { readonly refused: string }> => {
  const { command, listed, chargerId } = request
  if (listed === undefined) return request
  if (command.type !== 'SendLocalList' || command.entries.length > 0)
    return { refused: 'listed: it stands for the entries of a SendLocalList that has none' }
  const { state } = await deps.load(charger, chargerStream(tenant, chargerId))
  const open = textOpener(deps, tenant)
  const lower = await writesLowerCase(state, open)
  const entries = await inTurns(listed, (one) => entryOf(one, { deps, tenant, state, open, lower }))
  if (entries.some((entry, i) => entry === undefined && listed[i]?.authorization === undefined))
    return { refused: 'listed: a token that is to leave the list has no text any more: send the whole list' }
  return { ...request, command: { ...command, entries: entries.filter((entry) => entry !== undefined) } }
}

const entryOf = async (
  { tokenRef, authorization }: ListedToken,
  given: {
    readonly deps: CentralDeps
    readonly tenant: TenantId
    readonly state: ChargerState
    readonly open: OpenText
    readonly lower: boolean
  },
): Promise<Entries[number] | undefined> => {
  const { deps, tenant, state, open, lower } = given
  const { value: known } = await deps.lookUps.token(tenant, tokenRef)
  const text = await open(known.idToken?.sealed)
  if (text === undefined || known.idToken === undefined) return undefined
  const { type } = known.idToken
  const alias = await open(known.terms?.alias?.sealed)
  const written = await writtenBy(state, { ref: tokenRef, text, alias, tenant }, deps, open)
  const value = written.unknown === true && lower ? written.text.toLowerCase() : written.text
  const short = written.alias === undefined ? {} : { alias: written.alias }
  if (authorization === undefined) return { idToken: { value, type }, ...short }
  const { groupRef, ...told } = authorization
  const group = known.terms?.group?.ref === groupRef ? known.terms?.group : undefined
  const [groupToken, groupAlias] = [await open(group?.sealed), await open(group?.alias?.sealed)]
  return {
    idToken: { value, type },
    ...short,
    authorization: {
      ...told,
      ...(groupToken === undefined ? {} : { groupToken }),
      ...(groupAlias === undefined ? {} : { groupAlias }),
    },
  }
}

/** Whether this charger writes tokens in lower case, as far as it wrote any: then also those that it never named. */
const writesLowerCase = async ({ spellings = [] }: ChargerState, open: OpenText): Promise<boolean> => {
  const own = spellings.flatMap((one) => (one.own === undefined ? [] : [one.own]))
  // of digits alone there is but one form
  if (own.length === 0) return false
  const texts = await inTurns(own, open)
  return texts.every((text) => text === undefined || (text === text.toLowerCase() && text !== text.toUpperCase()))
}

const atOnce = 50

/** Each in its order, a few at once: every text is a key to unwrap. */
const inTurns = async <T, R>(all: readonly T[], take: (one: T) => Promise<R>): Promise<R[]> => {
  const taken: R[] = []
  for (let i = 0; i < all.length; i += atOnce) taken.push(...(await Promise.all(all.slice(i, i + atOnce).map(take))))
  return taken
}
