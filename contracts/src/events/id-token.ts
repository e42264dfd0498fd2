import { z } from 'zod'
import { TokenRef } from '../ids.ts'
import { Sealed, StoredIdToken } from '../personal.ts'
import { Instant } from '../quantities.ts'
import { TokenStatus } from '../admin-commands.ts'

/** Events of the stream `token-<tenant>.<hmac>`: one id token and what it may do. */
const terms = {
  status: TokenStatus,
  expiresAt: Instant.optional(),
  /** the group (parent) token: its reference for comparing, sealed under this token's key for showing it to chargers */
  group: z.object({ ref: TokenRef, sealed: Sealed }).optional(),
  /** a note for people: sealed for reading, digested for comparing */
  label: z.object({ digest: z.string(), sealed: Sealed }).optional(),
}
export const idTokenEvents = {
  IdTokenIssued: z.object({ idToken: StoredIdToken, ...terms }),
  IdTokenChanged: z.object(terms),
} as const
