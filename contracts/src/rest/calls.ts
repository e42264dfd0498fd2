import { z } from 'zod'
import { ChargerId, CommandId } from '../ids.ts'
import { AnyJson } from './paging.ts'

/** `POST /v1/chargers/{id}/calls/{action}`: a call as the charger's own OCPP version has it. */
export const CallParams = z.object({
  id: ChargerId,
  action: z
    .string()
    .regex(
      /^[A-Za-z][A-Za-z0-9]{0,63}$/,
      'must be a word of letters and digits, as it stands in the frame, like ClearCache',
    )
    .describe('as it stands in the frame: `SetChargingProfile`, or one that only this charger knows'),
})

export const CallBody = z
  .record(z.string(), AnyJson)
  .describe('the payload of the call, in the charger’s own OCPP version; absent: `{}`')
  .meta({ id: 'CallBody', examples: [{ type: 'Soft' }] })

export const CallAnswer = z
  .object({
    outcome: z
      .enum(['result', 'callError', 'timeout', 'offline', 'unknown'])
      .describe(
        'result: the charger answered; callError: it refused the message; timeout: no answer in time, a late one is still recorded; offline: it is not connected; unknown: it may or may not have been carried out',
      ),
    payload: AnyJson.describe(
      'the charger’s answer as it came; of a callError its `code` and `description`; else null. Fractions are told as text',
    ),
    commandId: CommandId,
  })
  .meta({
    id: 'CallAnswer',
    examples: [
      { outcome: 'result', payload: { status: 'Accepted' }, commandId: '0199b3c0-7f7e-7000-8000-1b2c3d4e5f60' },
    ],
  })
export type CallAnswer = z.infer<typeof CallAnswer>
