import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import type { FactOf } from '@voltrail/contracts/facts'
import { passwordDigests } from '@voltrail/key-store/password-digest'

export type Credential = FactOf<'Connect'>['credential']

/** What a charger presented, or why it cannot be read (then the upgrade is answered 401). */
export type PresentedCredential =
  | { readonly kind: 'presented'; readonly credential: Credential }
  | { readonly kind: 'unreadable'; readonly detail: string }

/**
 * Reads `Authorization` (RFC 7617) into proofs: the password itself goes no further than here.
 * Bytes are never taken for text: a key may be binary and may hold ':'.
 */
export const readCredential = (
  header: string | undefined,
  who: { readonly tenant: TenantId; readonly chargerId: ChargerId },
  pepper: Uint8Array,
): PresentedCredential => {
  if (header === undefined || header.trim() === '') return { kind: 'presented', credential: { kind: 'none' } }
  const [, scheme = '', encoded = ''] = /^\s*([^\s]+)\s*(.*?)\s*$/s.exec(header) ?? []
  if (scheme.toLowerCase() !== 'basic') {
    return { kind: 'unreadable', detail: 'the Authorization header must be of the scheme Basic' }
  }
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) {
    return { kind: 'unreadable', detail: 'the Authorization header is not Basic with base64 of <chargerId>:<password>' }
  }
  const password = passwordOf(Buffer.from(encoded, 'base64'), who.chargerId)
  if (password === undefined) {
    return { kind: 'unreadable', detail: 'the Authorization header has no colon between <chargerId> and <password>' }
  }
  const proofs = passwordDigests(pepper, who.tenant, who.chargerId, password)
  return { kind: 'presented', credential: { kind: 'basic', proofs } }
}

/**
 * The password in `<user>:<password>`. The charger's own id is looked for first, because ids with ':' exist
 * (RFC 7617 forbids it, chargers do it). Another user name is let through: the proof is bound to the id of the URL anyway,
 * and some stacks send a fixed name there.
 */
const passwordOf = (pair: Buffer, chargerId: ChargerId): Buffer | undefined => {
  for (const user of [chargerId, encodeURIComponent(chargerId)]) {
    const prefix = Buffer.from(`${user}:`)
    if (pair.subarray(0, prefix.length).equals(prefix)) return pair.subarray(prefix.length)
  }
  const colon = pair.indexOf(0x3a)
  return colon < 0 ? undefined : pair.subarray(colon + 1)
}
