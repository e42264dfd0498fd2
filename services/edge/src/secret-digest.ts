import { createHmac } from 'node:crypto'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import type { Digest } from '@voltrail/ocpp/redact'

/**
 * What stands in the place of a secret in everything that leaves the edge: equal for equal secrets of one charger, so that an
 * auditor can see whether a key changed, and useless as a proof of the password (another purpose is hashed in).
 */
export const createSecretDigest =
  (pepper: Uint8Array, tenant: TenantId, chargerId: ChargerId): Digest =>
  (secret) => {
    const mac = createHmac('sha256', pepper).update(`redaction\0${tenant}\0${chargerId}\0`).update(secret)
    return `redacted:${mac.digest('hex').slice(0, 32)}`
  }
