import { z } from 'zod'
import { DecimalString, TariffId } from '../ids.ts'
import { Instant } from '../quantities.ts'
import { TariffScope } from '../admin-commands.ts'
import { checkNewTerms, Rounding, TariffElement, TariffTerms } from '../tariff-shape.ts'
import { AnyInstant, page, pageQuery } from './paging.ts'

export const TariffAssignment = z.object({ scope: TariffScope, validFrom: Instant })
export const TariffView = z
  .object({
    tariffId: TariffId,
    ...TariffTerms.shape,
    elements: z.array(TariffElement),
    rounding: Rounding,
    revision: DecimalString.describe('of the definition: the version that a bill names'),
    definedAt: Instant,
    assignments: z.array(TariffAssignment),
  })
  .meta({ id: 'Tariff' })
export type TariffView = z.infer<typeof TariffView>
export const TariffPage = page(TariffView).meta({ id: 'TariffPage' })
export const ListTariffsQuery = z.strictObject(pageQuery)
export const TariffParams = z.object({ id: TariffId })

const strictElements = z
  .array(
    z.strictObject({
      price_components: z
        .array(z.strictObject(TariffElement.shape.price_components.element.shape))
        .min(1)
        .describe(
          'OCPI 2.2.1 §11.4: ENERGY per kWh, TIME and PARKING_TIME per hour, FLAT per session, each once; prices without VAT as decimal text of at most 4 decimals, vat in per cent',
        ),
    }),
  )
  .min(1)
  .max(20)

/** Defines a tariff, or its next version. */
export const PostTariffBody = z
  .strictObject({
    id: TariffId,
    ...TariffTerms.shape,
    elements: strictElements,
    assign: z
      .literal('tenant')
      .optional()
      .describe('also make it the tariff of every charger that has none of its own, from now on'),
  })
  .superRefine(checkNewTerms)
  .meta({
    id: 'PostTariff',
    examples: [
      {
        id: 'standard',
        name: 'Standard',
        currency: 'EUR',
        elements: [
          {
            price_components: [
              { type: 'ENERGY', price: '0.39', vat: '19', step_size: 1 },
              { type: 'TIME', price: '1.20', vat: '19', step_size: 60 },
              { type: 'FLAT', price: '0.50', vat: '19' },
            ],
          },
        ],
      },
    ],
  })
export const PostAssignmentBody = z
  .strictObject({ scope: TariffScope, validFrom: AnyInstant.optional().describe('now unless told') })
  .meta({
    id: 'PostAssignment',
    examples: [{ scope: { kind: 'charger', chargerId: 'CP-7' }, validFrom: '2026-02-01T00:00:00Z' }],
  })
