import { z } from 'zod'
import { TokenRef } from '../ids.ts'
import { Sealed, StoredIdToken } from '../personal.ts'
import { Instant } from '../quantities.ts'
import { TokenStatus } from '../admin-commands.ts'

/** Events of the stream `token-<tenant>.<hmac>`: one id token and what it may do. */

/** A short token that stands for a long one, with its own reference; sealed under the key of the token that it stands for. */
const IdTokenAlias = z.object({ ref: TokenRef, sealed: Sealed })

const terms = {
  status: TokenStatus,
  expiresAt: Instant.optional(),
  /** the group (parent) token: its reference for comparing, sealed under this token's key for showing it to chargers */
  group: z
    .object({
      ref: TokenRef,
      sealed: Sealed,
      /** of a group token that is too long for some protocols */
      alias: IdTokenAlias.optional(),
    })
    .optional(),
  /** a note for people: sealed for reading, digested for comparing */
  label: z.object({ digest: z.string(), sealed: Sealed }).optional(),
  /** of a token that is too long for some protocols (OCPP 1.6 takes 20 characters) */
  alias: IdTokenAlias.optional(),
}
export const idTokenEvents = {
  IdTokenIssued: z.object({ idToken: StoredIdToken, ...terms }),
  IdTokenChanged: z.object(terms),
  /** On the stream of a token that is nobody's own: it stands for `aliasOf` from now on, for ever. */
  IdTokenAliasGiven: z.object({ aliasOf: TokenRef }),
} as const
