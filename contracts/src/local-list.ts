import { z } from 'zod'
import { TokenRef } from './ids.ts'
import { AuthorizationStatus } from './personal.ts'
import { Instant } from './quantities.ts'

/** The list of id tokens that a charger keeps for when it cannot ask (OCPP 1.6 §3.5.2): whom it shall hold. */

/** More is never kept on one charger: a list has to fit into what is known of a device. */
export const mostListEntries = 5_000

/** What happens when a charger has no room for all: nothing new is sent, or those of least priority are left out. */
export const WhenTooLong = z.enum(['refuse', 'shorten'])
export type WhenTooLong = z.infer<typeof WhenTooLong>

/**
 * `none`: an empty list; `all`: every token that may charge; `selected`: those of `groups` and `tokens`. With a list that must be
 * shortened `tokens` come first, then those of `groups`, then the others.
 */
export const LocalListPolicy = z.object({
  mode: z.enum(['none', 'all', 'selected']),
  groups: z.array(TokenRef).max(50),
  tokens: z.array(TokenRef).max(500),
  whenTooLong: WhenTooLong,
})
export type LocalListPolicy = z.infer<typeof LocalListPolicy>

/**
 * An entry of a list without its text. `own`: it is written as the charger itself writes the token, not in the usual form.
 * Without authorization (differential updates only) the token is taken off the list.
 */
export const ListedToken = z.object({
  tokenRef: TokenRef,
  authorization: z
    .object({ status: AuthorizationStatus, expiresAt: Instant.optional(), groupRef: TokenRef.optional() })
    .optional(),
  own: z.literal(true).optional(),
})
export type ListedToken = z.infer<typeof ListedToken>

/** An entry as the charger has it: 32 hex digits of the token's reference, 8 of a digest of what is said of it. */
export const ListedEntry = z.string().regex(/^[0-9a-f]{40}$/)
