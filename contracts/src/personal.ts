import { z } from 'zod'
import { TokenRef } from './ids.ts'

/**
 * Personal text at rest: AES-256-GCM under a key of its own (one per fact), which is wrapped by the key of the token that it
 * belongs to. Destroying the token's key makes it unreadable for ever; hashes cover the ciphertext and stay valid.
 * - `owner` whose key wraps it
 * - `key`   base64 of iv(12) | wrapped key(32) | tag(16)
 * - `text`  base64 of iv(12) | ciphertext | tag(16)
 */
export const Sealed = z.object({ owner: TokenRef, key: z.string(), text: z.string() })
export type Sealed = z.infer<typeof Sealed>

export const IdTokenType = z.enum([
  'ISO14443',
  'ISO15693',
  'KeyCode',
  'Local',
  'MacAddress',
  'NoAuthorization',
  'Central',
  'eMAID',
  'Unknown',
])
export type IdTokenType = z.infer<typeof IdTokenType>

/** An id token as it travels between processes, never as it is stored. `value` is as received. */
export const ClearIdToken = z.object({ value: z.string().min(0).max(512), type: IdTokenType })
export type ClearIdToken = z.infer<typeof ClearIdToken>

/** What makes two texts the same id token: chargers and people write it as they like. */
export const normalForm = (value: string): string => value.trim().toUpperCase()

/** An id token as it is stored. */
export const StoredIdToken = z.object({ ref: TokenRef, type: IdTokenType, sealed: Sealed })
export type StoredIdToken = z.infer<typeof StoredIdToken>

/** What an id token may do, in OCPP words. */
export const AuthorizationStatus = z.enum(['Accepted', 'Blocked', 'Expired', 'Invalid', 'ConcurrentTx'])
export type AuthorizationStatus = z.infer<typeof AuthorizationStatus>
