import { z } from 'zod'
import { TenantSettings } from '../admin-commands.ts'
import { LocalListPolicy } from '../local-list.ts'

/**
 * Events of the stream `tenant-<tenant>`: settings that decisions read (each event holds all of them), and what is
 * wanted of chargers by their model.
 */
export const tenantEvents = {
  TenantSettingsChanged: z.object({ settings: TenantSettings }),
  /** The keys that every charger of a model shall have, by what it says at boot; a charger's own desires come before them. */
  ModelConfigurationDesired: z.object({
    vendor: z.string().min(1).max(100),
    model: z.string().min(1).max(100),
    keys: z.array(z.object({ key: z.string().min(1).max(50), value: z.string().max(500) })),
    released: z.array(z.string()).optional(),
    mayReset: z.boolean().optional(),
  }),
  /** Whom the local lists of chargers shall hold that have no word of their own. null: they are left alone. */
  LocalListDefaultDesired: z.object({ policy: LocalListPolicy.nullable() }),
} as const
