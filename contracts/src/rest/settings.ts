import { z } from 'zod'
import { inferenceDefaults, TenantSettingsChange } from '../admin-commands.ts'
import { DecimalString } from '../ids.ts'

/** absent is absent: a default would bring back what was decided before */
const { shape } = TenantSettingsChange
const described = {
  adoption: shape.adoption
    .unwrap()
    .describe(
      'an unknown charger that connects is: open, accepted; pending, connected but not accepted until an operator does; closed, refused',
    ),
  unknownTokens: shape.unknownTokens.unwrap().describe('the answer to a token that was never issued here'),
  heartbeatSeconds: shape.heartbeatSeconds
    .unwrap()
    .describe('how often chargers are told to send a heartbeat, in seconds'),
  concurrentUse: shape.concurrentUse
    .unwrap()
    .describe(
      `whether a token may charge twice at once, judged in the answer to a start only (${inferenceDefaults.concurrentUse})`,
    ),
  inferAvailableMinutes: shape.inferAvailableMinutes
    .unwrap()
    .describe(
      `a session ends by inference when its connector is Available so long without a stop (${inferenceDefaults.inferAvailableMinutes})`,
    ),
  inferSilentHours: shape.inferSilentHours
    .unwrap()
    .describe(`or when its charger is silent so long (${inferenceDefaults.inferSilentHours})`),
  settleAfterHours: shape.settleAfterHours
    .unwrap()
    .describe(
      `a session is settled when nothing came for so long after its bill or its newest correction (${inferenceDefaults.settleAfterHours})`,
    ),
  strict: shape.strict
    .unwrap()
    .describe(
      'for tests of chargers: what the official schema refuses is answered with a CALLERROR, starts, stops and meter values too, and nothing is repaired; takes effect when a charger connects. Refused while a tariff is assigned (false)',
    ),
  defaultSubprotocol: shape.defaultSubprotocol
    .unwrap()
    .describe(
      `spoken with chargers that name no subprotocol, unless one is set for the charger: \`none\` refuses them, \`edge\` speaks what their edge is configured with; takes effect when a charger connects (${inferenceDefaults.defaultSubprotocol})`,
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
  .meta({
    id: 'PatchSettings',
    examples: [{ adoption: 'open' }, { inferAvailableMinutes: 30, concurrentUse: 'refused' }],
  })
