import type { FastifySchemaCompiler } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import type { $ZodType } from 'zod/v4/core'
import {
  CommandAnswer,
  CommandBody,
  CommandHeaders,
  CommandPage,
  CommandParams,
  CommandQuery,
  ListCommandsQuery,
} from '@voltrail/contracts/rest/commands'
import { instant } from '@voltrail/contracts/quantities'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import { commandType, readCommand } from '../command-request.ts'
import { commandOfCall, requestIdOf } from '../operator-call.ts'
import { notFound } from '../problem.ts'
import { problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import { answerOf, commandIdOf, sendCommand } from '../send-command.ts'
import type { Sources } from '../sources.ts'

const tags = ['Commands']

export function commandRoutes(app: Routes, sources: Sources): void {
  app.route({
    method: 'POST',
    url: '/chargers/:id/commands/:command',
    schema: {
      tags,
      operationId: 'sendCommand',
      summary: 'Send a command to a charger',
      description:
        'Asks the charger and answers what came of it, once that is in the log. The body has the fields of the command. ' +
        '`connectorId` alone is taken for `evseId`, and the field names of OCPP 1.6 (`idTag`, `type`, `requestedMessage`) are understood. ' +
        'An `Idempotency-Key` makes a repeated request the same command.',
      params: CommandParams,
      querystring: CommandQuery,
      headers: CommandHeaders,
      body: CommandBody.optional(),
      response: {
        200: CommandAnswer.describe('What came of it; see `outcome`.'),
        ...problems(400, 403, 404, 413, 415, 422),
      },
    },
    validatorCompiler: bodyByCommand as never,
    handler: async ({ params, query, headers, body }): Promise<CommandAnswer> => {
      const commandId = commandIdOf(sources, params.id, headers['idempotency-key'], {
        [commandType(params.command)]: body ?? {},
      })
      const made = { now: instant(sources.now()), requestId: requestIdOf(commandId) }
      const asked = readCommand(commandType(params.command), body, made)
      const asCall = asked.type === 'RawCall'
      const command = asked.type === 'RawCall' ? await commandOfCall(sources, params.id, asked, commandId) : asked
      const { timeoutMs } = query
      const reply = await sendCommand(sources, { commandId, chargerId: params.id, command, timeoutMs, asCall })
      return answerOf(reply)
    },
  })

  app.route({
    method: 'GET',
    url: '/chargers/:id/commands',
    schema: {
      tags,
      operationId: 'listCommands',
      summary: 'The commands of a charger, newest first',
      params: ChargerParams,
      querystring: ListCommandsQuery,
      response: { 200: CommandPage, ...problems(400, 404) },
    },
    handler: async ({ params, query }) => {
      const commands = await sources.reporting.listCommands(params.id, query)
      if (commands.items.length === 0 && (await sources.reporting.getCharger(params.id)) === undefined) {
        throw notFound(`There is no charger ${JSON.stringify(params.id)}.`)
      }
      return commands
    },
  })
}

/** The path says which member of the union the body is: `readCommand` checks it against that one alone. */
const bodyByCommand: FastifySchemaCompiler<$ZodType> = ({ schema, method, url, httpPart = '' }) =>
  httpPart === 'body' ? (value: unknown) => ({ value }) : validatorCompiler({ schema, method, url, httpPart })
