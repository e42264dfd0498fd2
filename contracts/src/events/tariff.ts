import { z } from 'zod'
import { TariffId } from '../ids.ts'
import { Instant } from '../quantities.ts'
import { TariffTerms } from '../tariff-shape.ts'
import { TariffScope } from '../admin-commands.ts'

/** Events of the stream `tariff-<tenant>.<id>`. A version is the revision of its `TariffDefined`. */
export const tariffEvents = {
  TariffDefined: z.object({ tariffId: TariffId, terms: TariffTerms }),
  TariffAssigned: z.object({ tariffId: TariffId, scope: TariffScope, validFrom: Instant }),
} as const
