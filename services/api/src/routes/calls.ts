import { z } from 'zod'
import { CallAnswer, CallBody, CallParams } from '@voltrail/contracts/rest/calls'
import { CommandHeaders, CommandQuery } from '@voltrail/contracts/rest/commands'
import { commandOfCall } from '../operator-call.ts'
import { problems, withoutBody } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import { commandIdOf, sendCommand } from '../send-command.ts'
import type { CommandReply } from '../send-command.ts'
import type { Sources } from '../sources.ts'

export function callRoutes(app: Routes, sources: Sources): void {
  app.route({
    method: 'POST',
    url: '/chargers/:id/calls/:action',
    schema: {
      tags: ['Commands'],
      operationId: 'call',
      summary: 'Make a call of the charger’s own OCPP version',
      description:
        'Sends the body as the payload of the call and answers what came of it. A known action is recorded and remembered like ' +
        'the command that says the same, and must be valid by its official schema; any other goes out as it is, and its payload ' +
        'and answer lie sealed in the log. One that may change limits (SetChargingProfile, ClearChargingProfile, ' +
        'ChangeConfiguration, DataTransfer) needs the role `grid` and leaves the limits of the charger unverified until it ' +
        'tells them (GetCompositeSchedule). An `Idempotency-Key` makes a repeated request the same call.',
      params: CallParams,
      querystring: CommandQuery,
      headers: CommandHeaders,
      body: CallBody.optional(),
      response: {
        200: CallAnswer.describe('What came of it; see `outcome`.'),
        ...problems(400, 403, 404, 413, 415, 422),
      },
    },
    validatorCompiler: withoutBody as never,
    handler: async ({ params, query, headers, body }): Promise<CallAnswer> => {
      const { id, action } = params
      const commandId = commandIdOf(sources, id, headers['idempotency-key'], { [action]: body ?? {} })
      const command = await commandOfCall(sources, id, { action, payload: z.json().parse(body ?? {}) }, commandId)
      const reply = await sendCommand(sources, {
        commandId,
        chargerId: id,
        command,
        timeoutMs: query.timeoutMs,
        asCall: true,
      })
      return { outcome: reply.outcome, payload: payloadOf(reply), commandId: reply.commandId }
    },
  })
}

const payloadOf = (reply: CommandReply): CallAnswer['payload'] => {
  switch (reply.outcome) {
    case 'result':
      return reply.payload
    case 'callError':
      return { code: reply.code, description: reply.description }
    default:
      return null
  }
}
