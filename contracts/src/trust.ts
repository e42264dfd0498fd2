import { z } from 'zod'
import { Instant } from './quantities.ts'

/**
 * Whom edges trust, and whom no more: upkeep → edges and api, the one entry of a key-value bucket. It is written anew with every
 * revocation and at least each day; its revision grows with every writing.
 */
export const trustBucket = 'pki'
export const trustKey = 'trust'

export const TrustBundle = z.object({
  /** which kind of authority signs */
  authority: z.string().max(50),
  at: Instant,
  /** how much of the log had been heard when it was made, as a commit position: none takes the place of one made of more */
  logPosition: z.string().regex(/^\d+$/).default('0'),
  /** what chargers' certificates chain to, PEM each */
  roots: z.array(z.string()),
  /** what stands between those and chargers' certificates, PEM each: who checks `crl` needs its issuer */
  intermediates: z.array(z.string()),
  /** PEM with the header `X509 CRL`, as TLS servers take it; absent when the list is another authority's to make */
  crl: z.string().optional(),
  /** serial numbers of what was revoked here and has not expired, lower-case hex: what an edge refuses whoever the authority is */
  revoked: z.array(z.string()),
})
export type TrustBundle = z.infer<typeof TrustBundle>
