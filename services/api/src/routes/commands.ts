import { createHash } from 'node:crypto'
import type { FastifySchemaCompiler } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import type { $ZodType } from 'zod/v4/core'
import { CommandId } from '@voltrail/contracts/ids'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import {
  CommandAnswer,
  CommandBody,
  CommandHeaders,
  CommandPage,
  CommandParams,
  CommandQuery,
  ListCommandsQuery,
} from '@voltrail/contracts/rest/commands'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import { traceHeaders } from '@voltrail/runtime/trace'
import { commandType, readCommand } from '../command-request.ts'
import { ApiProblem, notFound, unavailable } from '../problem.ts'
import { problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
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
        ...problems(400, 404, 413, 415, 422),
      },
    },
    validatorCompiler: bodyByCommand as never,
    handler: async ({ params, query, headers, body }): Promise<CommandAnswer> => {
      const command = readCommand(commandType(params.command), body)
      const { traceparent } = traceHeaders()
      const key = headers['idempotency-key']
      const reply = await sources.central.command({
        commandId: key === undefined ? CommandId.parse(sources.newId()) : idempotentId(sources.tenant, params.id, key),
        chargerId: params.id,
        actor: { kind: 'operator', id: sources.actorId },
        requestedAt: instant(sources.now()),
        timeoutMs: query.timeoutMs ?? sources.commandTimeoutMs,
        ...(traceparent !== undefined && { traceparent }),
        command,
      })
      switch (reply.outcome) {
        case 'result':
          return { commandId: reply.commandId, outcome: reply.outcome, status: reply.status, payload: reply.payload }
        case 'callError':
          return { commandId: reply.commandId, outcome: reply.outcome, status: reply.code, detail: reply.description }
        case 'timeout':
          return { commandId: reply.commandId, outcome: reply.outcome, detail: 'The charger did not answer in time.' }
        case 'offline':
          return { commandId: reply.commandId, outcome: reply.outcome, detail: 'The charger is not connected.' }
        case 'unknown':
          return { commandId: reply.commandId, outcome: reply.outcome, detail: reply.detail }
        case 'refused':
          if (reply.reason === 'unknown-charger') throw notFound(`There is no charger ${JSON.stringify(params.id)}.`)
          throw new ApiProblem('refused', reply.detail)
        case 'unavailable':
          throw unavailable(`The command was not sent: ${reply.reason}. Ask again.`)
        default:
          return reply satisfies never
      }
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

/** The same key means the same command of the same charger; a charger's keys are no business of another's. */
function idempotentId(tenant: TenantId, chargerId: ChargerId, key: string): CommandId {
  const digest = createHash('sha256')
    .update(JSON.stringify([tenant, chargerId, key]))
    .digest('hex')
  return CommandId.parse(`key-${digest.slice(0, 40)}`)
}
