import { createHmac, hkdfSync } from 'node:crypto'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import { normalForm } from '@voltrail/contracts/personal'
import { keyBytes } from './sealing.ts'

/**
 * Keys that follow from the master key (HKDF-SHA-256, RFC 5869) and are stored nowhere. The label is part of the derivation:
 * a token's reference and a redacted secret of the same text have nothing in common.
 */
type TenantLabel = 'token-ref' | 'raw-ref' | 'secret-digest'

const derive = (master: Buffer, ...info: string[]): Buffer =>
  Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), JSON.stringify(['voltrail', ...info]), keyBytes))

/** The key that wraps every token's key. */
export const wrappingKey = (master: Buffer): Buffer => derive(master, 'wrap-token-keys')

export interface TenantKeys {
  tokenRef(tenant: TenantId, value: string): TokenRef
  rawRef(tenant: TenantId, raw: string): string
  secretDigest(tenant: TenantId, value: string): string
}

export const tenantKeys = (master: Buffer): TenantKeys => {
  const known = new Map<string, Buffer>()
  const keyOf = (tenant: TenantId, label: TenantLabel): Buffer => {
    const name = `${label} ${tenant}`
    let key = known.get(name)
    if (key === undefined) {
      key = derive(master, label, tenant)
      known.set(name, key)
    }
    return key
  }
  const hmac = (tenant: TenantId, label: TenantLabel, text: string): string =>
    createHmac('sha256', keyOf(tenant, label)).update(text, 'utf8').digest('hex').slice(0, 32)

  return {
    tokenRef: (tenant, value) => hmac(tenant, 'token-ref', normalForm(value)) as TokenRef,
    rawRef: (tenant, raw) => hmac(tenant, 'raw-ref', raw),
    secretDigest: (tenant, value) => `digest:${hmac(tenant, 'secret-digest', value)}`,
  }
}
