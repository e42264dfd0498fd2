import { z } from 'zod'
import { TenantSettings } from '../admin-commands.ts'
import { DecimalString } from '../ids.ts'

const described = {
  adoption: TenantSettings.shape.adoption.describe(
    'an unknown charger that connects is: open, accepted; pending, connected but not accepted until an operator does; closed, refused',
  ),
  unknownTokens: TenantSettings.shape.unknownTokens.describe('the answer to a token that was never issued here'),
  heartbeatSeconds: TenantSettings.shape.heartbeatSeconds.describe(
    'how often chargers are told to send a heartbeat, in seconds',
  ),
}
export const SettingsView = z
  .object({
    ...described,
    revision: DecimalString.nullable().describe(
      'of the tenant’s stream; `null`: never changed, these are the defaults',
    ),
  })
  .meta({ id: 'Settings' })
export type SettingsView = z.infer<typeof SettingsView>

export const PatchSettingsBody = z
  .strictObject(described)
  .partial()
  .meta({ id: 'PatchSettings', examples: [{ adoption: 'open' }] })
