import { z } from 'zod'
import { TenantSettings } from '../admin-commands.ts'

/** Events of the stream `tenant-<tenant>`: settings that decisions read. Each event holds all of them. */
export const tenantEvents = {
  TenantSettingsChanged: z.object({ settings: TenantSettings }),
} as const
