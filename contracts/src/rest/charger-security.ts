import { z } from 'zod'
import { AcceptedIdentity } from '../events/device.ts'
import { ChargerId } from '../ids.ts'
import { Instant } from '../quantities.ts'

/** How one charger proves who it is, and how that is changed. */

export const SecurityUpgradeBody = z
  .strictObject({
    toProfile: z
      .int()
      .min(1)
      .max(3)
      .describe(
        '1 Basic, 2 Basic over TLS, 3 client certificate; the one that it is on, or a higher one: it is never lowered',
      ),
    rotateKey: z
      .boolean()
      .default(false)
      .describe('whether a new key (20 random bytes) is made and sent to the charger as its AuthorizationKey'),
    showKey: z.boolean().default(false).describe('whether this answer tells the new key; nothing else ever does'),
    windowSeconds: z
      .int()
      .min(60)
      .max(86_400)
      .default(600)
      .describe('how long the charger may take until its first accepted boot with the new credentials'),
  })
  .meta({ id: 'SecurityUpgrade', examples: [{ toProfile: 2, rotateKey: true }] })
export type SecurityUpgradeBody = z.infer<typeof SecurityUpgradeBody>

export const SecurityUpgradeAnswer = z
  .object({
    chargerId: ChargerId,
    upgradeId: z.string(),
    toProfile: z.int(),
    begun: z.boolean().describe('false when the same request had begun it already'),
    key: z.string().optional().describe('the new key as 40 hex characters, where `showKey` asked for it'),
  })
  .meta({ id: 'SecurityUpgradeAnswer' })
export type SecurityUpgradeAnswer = z.infer<typeof SecurityUpgradeAnswer>

export const ChargerSecurityView = z
  .object({
    chargerId: ChargerId,
    securityProfile: z.int(),
    passwordSet: z.boolean(),
    passwordShort: z.boolean().describe('whether it has fewer than 16 bytes: have a new key made'),
    identities: z.array(AcceptedIdentity).describe('the client certificates that are accepted for this charger'),
    upgrade: z
      .object({
        upgradeId: z.string(),
        toProfile: z.int(),
        newKey: z.boolean(),
        until: Instant,
      })
      .nullable()
      .describe('the upgrade that is under way: until its end the old and the new credentials are both good'),
    lastUpgrade: z
      .object({
        upgradeId: z.string(),
        toProfile: z.int(),
        outcome: z.enum(['done', 'failed']),
        detail: z.string(),
        endedAt: Instant,
      })
      .nullable()
      .describe('what came of the newest upgrade that ended, where that is still near the end of the stream'),
  })
  .meta({ id: 'ChargerSecurity' })
export type ChargerSecurityView = z.infer<typeof ChargerSecurityView>

export const ClientIdentitiesBody = z
  .strictObject({ identities: z.array(AcceptedIdentity).max(8) })
  .meta({ id: 'ClientIdentities', examples: [{ identities: [{ kind: 'common-name', commonName: 'SN-0001' }] }] })
