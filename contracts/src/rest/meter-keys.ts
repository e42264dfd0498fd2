import { z } from 'zod'
import { Actor } from '../charger-commands.ts'
import { MeterKeyDecision } from '../events/device.ts'
import { ChargerId, EvseId, MeterKeyId } from '../ids.ts'
import { Instant } from '../quantities.ts'
import { ChargerParams } from './chargers.ts'
import { page, pageQuery } from './paging.ts'

/** Public keys that chargers claim for their meters, and what operators say of them. */

export const MeterKeyState = z.enum(['claimed', ...MeterKeyDecision.options])

export const MeterKeyView = z
  .object({
    id: MeterKeyId,
    chargerId: ChargerId,
    publicKey: z.string().describe('as the charger tells it'),
    meterSerial: z.string().nullable(),
    evseId: EvseId.nullable(),
    state: MeterKeyState.describe('claimed: told by the charger, vouched for by nobody'),
    claimedAt: Instant,
    decidedAt: Instant.nullable(),
    decidedBy: Actor.nullable(),
  })
  .meta({ id: 'MeterKey' })
export type MeterKeyView = z.infer<typeof MeterKeyView>
export const MeterKeyPage = page(MeterKeyView).meta({ id: 'MeterKeyPage' })

export const ListMeterKeysQuery = z.strictObject({
  ...pageQuery,
  state: MeterKeyState.optional(),
  chargerId: ChargerId.optional(),
})

export const MeterKeyParams = ChargerParams.extend({ keyId: MeterKeyId })
export const DecideMeterKeyBody = z
  .strictObject({
    decision: MeterKeyDecision.describe('confirmed: compared with the meter by a person who vouches for it'),
    note: z.string().min(1).max(500).optional().describe('why; it stays in the log: name no person'),
  })
  .meta({ id: 'DecideMeterKey', examples: [{ decision: 'confirmed', note: 'compared with the type plate' }] })
