import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { TenantId } from '@voltrail/contracts/ids'
import { normalForm, type Sealed } from '@voltrail/contracts/personal'
import type { ChargerState } from '@voltrail/domain/charger/charger'
import { spellingOf } from '@voltrail/domain/charger/spellings'
import { SealBroken } from '@voltrail/key-store/vault-errors'
import type { CentralDeps } from '../central-deps.ts'

type RemoteStart = Extract<ChargerCommand, { type: 'RemoteStart' }>

/**
 * A remote start with its token as this charger wrote it last, or as it was given where the charger never named it; with the alias
 * of a long token, which the edge sends where the protocol takes no longer one. Where a text was erased, it is as if nobody had
 * ever written it.
 */
export const withTokenAsKnown = async (
  command: RemoteStart,
  { tenant, state }: { readonly tenant: TenantId; readonly state: ChargerState },
  deps: CentralDeps,
): Promise<RemoteStart> => {
  const { alias: _, ...asked } = command
  const { value, type } = command.idToken
  const { vault, log } = deps
  const open = async (sealed: Sealed | undefined): Promise<string | undefined> => {
    if (sealed === undefined) return undefined
    const opened = await vault.open(tenant, sealed).catch((error: unknown) => {
      if (!(error instanceof SealBroken)) throw error
      log.error({ err: error, tenant }, 'a spelling of a token cannot be opened')
      return undefined
    })
    return opened?.kind === 'clear' ? opened.text : undefined
  }

  const shown = vault.tokenRef(tenant, value)
  const { ref, value: known } = await deps.lookUps.token(tenant, shown)
  // an operator may name a long token by its alias
  const meant = ref === shown ? value : ((await open(known.idToken?.sealed)) ?? value)
  const alias = await open(known.terms?.alias?.sealed)
  const issuedType = known.idToken?.type ?? type
  const written = (text: string, short = alias): RemoteStart => ({
    ...asked,
    idToken: { value: text, type: issuedType },
    ...(short === undefined ? {} : { alias: short }),
  })

  const spelling = spellingOf(state, ref)
  if (spelling === undefined) return written(meant)
  if (spelling.own === undefined) return written(normalForm(meant))
  const own = await open(spelling.own)
  if (own === undefined) return written(meant)
  return vault.tokenRef(tenant, own) === ref ? written(own) : written(meant, own)
}
