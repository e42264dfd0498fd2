import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import { normalForm, type Sealed } from '@voltrail/contracts/personal'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { spellingOf } from '@voltrail/domain/charger/spellings'
import { SealBroken } from '@voltrail/key-store/vault-errors'
import type { CentralDeps } from '../central-deps.ts'

type WithToken = Extract<ChargerCommand, { type: 'RemoteStart' | 'ReserveNow' }>
type Deps = Pick<CentralDeps, 'vault' | 'log'>

/** Opens a sealed text; undefined where it was erased, or never was. */
export type OpenText = (sealed: Sealed | undefined) => Promise<string | undefined>

export const textOpener =
  ({ vault, log }: Deps, tenant: TenantId): OpenText =>
  async (sealed) => {
    if (sealed === undefined) return undefined
    const opened = await vault.open(tenant, sealed).catch((error: unknown) => {
      if (!(error instanceof SealBroken)) throw error
      log.error({ err: error, tenant }, 'a spelling of a token cannot be opened')
      return undefined
    })
    return opened?.kind === 'clear' ? opened.text : undefined
  }

/**
 * A token as this charger wrote it last, in the usual form where it writes it so; `unknown` where it never named it. `alias` is what
 * stands for a long token, in the charger's own spelling if it is the alias that it wrote.
 */
export const writtenBy = async (
  state: ChargerState,
  token: {
    readonly tenant: TenantId
    readonly ref: TokenRef
    readonly text: string
    readonly alias: string | undefined
  },
  { vault }: Deps,
  open: OpenText,
): Promise<{ readonly text: string; readonly alias: string | undefined; readonly unknown?: true }> => {
  const { ref, text, alias, tenant } = token
  const usual = { text: normalForm(text), alias }
  const spelling = spellingOf(state, ref)
  if (spelling === undefined) return { ...usual, unknown: true }
  if (spelling.own === undefined) return usual
  const own = await open(spelling.own)
  if (own === undefined) return { ...usual, unknown: true }
  return vault.tokenRef(tenant, own) === ref ? { text: own, alias } : { text, alias: own }
}

/**
 * A remote start, or a reservation, with its token as this charger wrote it last, or as it was given where the charger never named it; with the alias
 * of a long token, which the edge sends where the protocol takes no longer one. Where a text was erased, it is as if nobody had
 * ever written it.
 */
export const withTokenAsKnown = async <C extends WithToken>(
  command: C,
  { tenant, state }: { readonly tenant: TenantId; readonly state: ChargerState },
  deps: CentralDeps,
): Promise<C> => {
  const { alias: _, ...asked } = command
  const { value, type } = command.idToken
  const open = textOpener(deps, tenant)
  const shown = deps.vault.tokenRef(tenant, value)
  const { ref, value: known } = await deps.lookUps.token(tenant, shown)
  // an operator may name a long token by its alias
  const meant = ref === shown ? value : ((await open(known.idToken?.sealed)) ?? value)
  const token = { tenant, ref, text: meant, alias: await open(known.terms?.alias?.sealed) }
  const { text, alias, unknown } = await writtenBy(state, token, deps, open)
  return {
    ...asked,
    idToken: { value: unknown ? meant : text, type: known.idToken?.type ?? type },
    ...(alias === undefined ? {} : { alias }),
  } as C
}
