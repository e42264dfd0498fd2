import { z } from 'zod'
import { RevocationReason } from '../admin-commands.ts'
import { CertificateHash, CertificateUse } from '../charger-commands.ts'
import { CertificateFacts } from '../events/device.ts'
import { ChargerId, CommandId } from '../ids.ts'
import { Instant } from '../quantities.ts'
import { ChargerParams } from './chargers.ts'
import { AnyInstant, page, pageQuery } from './paging.ts'

/** Certificates of chargers: their own, the roots that they trust, and whom edges trust. */

const Root = z.object({
  use: CertificateUse,
  hash: CertificateHash.describe('as the charger names it: what deleting it takes'),
  facts: CertificateFacts.nullable().describe(
    'null: it is none that was installed from here, its hash is all that is known',
  ),
})

export const ChargerCertificatesView = z
  .object({
    chargerId: ChargerId,
    certificate: CertificateFacts.nullable().describe('its own, the newest that was issued and not revoked'),
    delivery: z
      .object({ fingerprint: z.string(), outcome: z.string().nullable(), attempts: z.int(), at: Instant.nullable() })
      .nullable()
      .describe('whether the charger has taken it: `outcome` is its newest word'),
    waitingSince: Instant.nullable().describe('since when a request of it waits to be signed'),
    issued: z.array(
      z.object({ serial: z.string(), fingerprint: z.string(), notAfter: Instant, revokedAt: Instant.nullable() }),
    ),
    lastRefusal: z
      .object({ at: Instant, subject: z.string(), reasons: z.array(z.string()) })
      .nullable()
      .describe('the newest request that was refused, and why, where that is still near the end of the stream'),
    roots: z.array(Root).describe('those that the charger listed when it was last asked'),
    rootsSeen: z.array(CertificateUse).describe('the uses that it has been asked for'),
  })
  .meta({ id: 'ChargerCertificates' })
export type ChargerCertificatesView = z.infer<typeof ChargerCertificatesView>

export const CertificatePage = page(ChargerCertificatesView).meta({ id: 'CertificatePage' })

export const ListCertificatesQuery = z.strictObject({
  ...pageQuery,
  expiringBefore: AnyInstant.optional().describe(
    'only chargers of which a certificate or a known root ends before; a page may then have fewer items than its limit',
  ),
})

export const InstallRootBody = z
  .strictObject({
    use: CertificateUse.default('CentralSystemRootCertificate'),
    pem: z.string().max(5_500).optional().describe('one root certificate, PEM; absent: the root of our own authority'),
  })
  .meta({ id: 'InstallRoot', examples: [{ use: 'CentralSystemRootCertificate' }] })

export const DeleteRootBody = z.strictObject({ certificate: CertificateHash }).meta({
  id: 'DeleteRoot',
  examples: [
    {
      certificate: { hashAlgorithm: 'SHA256', issuerNameHash: 'ab12', issuerKeyHash: 'cd34', serialNumber: '0a1b' },
    },
  ],
})

export const RevokeParams = ChargerParams.extend({
  serial: z
    .string()
    .regex(/^[0-9a-fA-F]{1,64}$/, 'must be a serial number in hex')
    .transform((serial) => serial.toLowerCase()),
})
export const RevokeBody = z
  .strictObject({ reason: RevocationReason.default('unspecified') })
  .meta({ id: 'RevokeCertificate', examples: [{ reason: 'keyCompromise' }] })

export const RootOutcome = z
  .object({
    outcomes: z.array(
      z.object({
        use: CertificateUse.optional(),
        commandId: CommandId,
        outcome: z.string().describe('`result`: the charger answered, see `status`; else why it did not'),
        status: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'RootOutcome' })
export type RootOutcome = z.infer<typeof RootOutcome>

export const TrustedRoots = z
  .object({
    authority: z.string(),
    at: Instant,
    roots: z.array(z.object({ facts: CertificateFacts, hash: CertificateHash, pem: z.string() })),
    intermediates: z.array(z.object({ facts: CertificateFacts, pem: z.string() })),
    revoked: z.array(z.string()).describe('serial numbers that were revoked here and have not expired'),
  })
  .meta({ id: 'TrustedRoots' })
