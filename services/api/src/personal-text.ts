import { Sealed } from '@voltrail/contracts/personal'
import type { TenantId } from '@voltrail/contracts/ids'
import type { Vault } from '@voltrail/key-store/vault'
import { SealBroken } from '@voltrail/key-store/vault-errors'

/** What a sealed text says. `broken`: it lies in the log but does not open, which an operator must see, not a blank page. */
export type PersonalText = { readonly text: string | null; readonly erased: boolean; readonly broken?: string }

export async function openText(
  vault: Pick<Vault, 'open'>,
  tenant: TenantId,
  sealed: Sealed | null | undefined,
): Promise<PersonalText> {
  if (!sealed) return { text: null, erased: false }
  try {
    const opened = await vault.open(tenant, sealed)
    return opened.kind === 'clear' ? { text: opened.text, erased: false } : { text: null, erased: true }
  } catch (error) {
    if (error instanceof SealBroken) return { text: null, erased: false, broken: error.message }
    throw error
  }
}

/** Every sealed text inside a value, with its place as a JSON pointer. */
export function sealedTexts(value: unknown, path = ''): { path: string; sealed: Sealed }[] {
  if (typeof value !== 'object' || value === null) return []
  const sealed = Sealed.safeParse(value)
  if (sealed.success) return [{ path, sealed: sealed.data }]
  return Object.entries(value).flatMap(([key, part]) =>
    sealedTexts(part, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  )
}
