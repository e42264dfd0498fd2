import { ChargerCommand, chargerCommandTypes } from '@voltrail/contracts/charger-commands'
import type { ChargerCommandType } from '@voltrail/contracts/charger-commands'
import { instant, type Instant } from '@voltrail/contracts/quantities'
import { commandAliases, commandBodies, fieldAliases } from '@voltrail/contracts/rest/commands'
import { ApiProblem, notFound } from './problem.ts'
import { validationProblem, type Issue } from './validation-problem.ts'

const kebab = (name: string): string => name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()

const commandsByName: ReadonlyMap<string, ChargerCommandType> = new Map(
  [...chargerCommandTypes.map((type) => [type, type] as const), ...Object.entries(commandAliases)].flatMap(
    ([name, type]) => [
      [name, type],
      [kebab(name), type],
    ],
  ),
)

/** `RemoteStart`, `remote-start` and the 1.6 name `RemoteStartTransaction` are the same. Throws a 404 that lists what there is. */
export function commandType(name: string): ChargerCommandType {
  const type = commandsByName.get(name)
  if (type === undefined)
    throw notFound(
      `There is no command ${JSON.stringify(name)}; there are ${chargerCommandTypes.map(kebab).join(', ')}.`,
    )
  return type
}

/** What a command is given that does not say it itself. */
export interface Made {
  readonly now: Instant
  /** names a file transfer */
  readonly requestId: number
}

/**
 * The command that a request's body means. Throws a 400 that names each field that is wrong and what is allowed.
 * @param body an object, or nothing for a command without fields
 */
export function readCommand(type: ChargerCommandType, body: unknown, made: Made): ChargerCommand {
  const given = body ?? {}
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw validationProblem('body', [
      {
        path: [],
        code: 'invalid_type',
        message: `expected object, received ${Array.isArray(given) ? 'array' : typeof given}`,
      },
    ])
  }
  const schema = commandBodies[type]
  const renamed = renameFields(type, given as Record<string, unknown>)
  const parsed = schema.safeParse(renamed)
  if (!parsed.success)
    throw validationProblem('body', parsed.error.issues.map(asGiven(renamed)), Object.keys(schema.shape))
  const command = ChargerCommand.safeParse({ type, ...neutralFields(type, parsed.data, made) })
  // what is left to go wrong here is a field that only one of two spellings could have filled
  if (!command.success)
    throw validationProblem('body', command.error.issues.map(asGiven(renamed)), Object.keys(schema.shape))
  return command.data
}

/** An issue by the name of the field that the request had: a `connectorId` stood for the EVSE. 0 is the whole charger. */
const asGiven =
  (body: Record<string, unknown>) =>
  (issue: Issue): Issue => {
    if (issue.path.length !== 1 || issue.path[0] !== 'evseId') return issue
    const field = body['evseId'] === undefined && body['connectorId'] !== undefined ? 'connectorId' : 'evseId'
    return body[field] === 0
      ? {
          code: 'custom',
          path: [field],
          message: 'must be at least 1: 0 is the charger as a whole, and this is for one connector',
        }
      : { ...issue, path: [field] }
  }

function renameFields(type: ChargerCommandType, body: Record<string, unknown>): Record<string, unknown> {
  const aliases = fieldAliases[type] ?? {}
  const renamed: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(body)) {
    const known = Object.hasOwn(aliases, field) ? aliases[field]! : field
    if (known !== field && Object.hasOwn(body, known)) {
      throw new ApiProblem(
        'invalid-request',
        `The body has both ${field} and ${known}, which are the same: keep one of them.`,
        {
          errors: [{ path: `/body/${field}`, message: `is the same as ${known}` }],
        },
      )
    }
    renamed[known] = value
  }
  return renamed
}

const wholeCharger: readonly ChargerCommandType[] = [
  'ChangeAvailability',
  'GetCompositeSchedule',
  'ReserveNow',
  'SetChargingProfile',
]
/** Requests may have any offset and precision, commands have one. */
const times = ['expiresAt', 'retrieveAt', 'installAt', 'from', 'until', 'validFrom', 'validTo', 'startAt']
const profiles = ['profile', 'chargingProfile', 'schedule']
const withInstants = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (times.includes(name) && typeof value === 'string') return [name, instant(Date.parse(value))]
      return profiles.includes(name) && value !== undefined
        ? [name, withInstants(value as Record<string, unknown>)]
        : [name, value]
    }),
  )
interface Entry {
  readonly idToken: unknown
  readonly authorization?: Record<string, unknown>
}
const withType = (token: unknown): unknown => (typeof token === 'string' ? { value: token, type: 'ISO14443' } : token)

/** The fields of a parsed body as the command has them. */
function neutralFields(type: ChargerCommandType, body: Record<string, unknown>, made: Made): Record<string, unknown> {
  const { connectorId, ...given } = body
  const fields = withInstants(given)
  // OCPP 1.6 numbers connectors, each is an EVSE of its own; only UnlockConnector tells the two apart
  const evseId = fields['evseId'] ?? connectorId
  if (evseId !== undefined) fields['evseId'] = evseId
  if (type === 'UnlockConnector' && body['evseId'] !== undefined && connectorId !== undefined)
    fields['connectorId'] = connectorId
  if (wholeCharger.includes(type)) fields['evseId'] ??= 0
  for (const name of ['idToken', 'groupIdToken']) if (name in fields) fields[name] = withType(fields[name])
  if (type === 'SendLocalList')
    fields['entries'] = (fields['entries'] as Entry[]).map(({ idToken, authorization }) => ({
      idToken: withType(idToken),
      ...(authorization && { authorization: withInstants(authorization) }),
    }))
  if (type === 'UpdateFirmware' || type === 'GetLog') fields['requestId'] ??= made.requestId
  if (type === 'UpdateFirmware') fields['retrieveAt'] ??= made.now
  if (typeof fields['transactionId'] === 'number') fields['transactionId'] = String(fields['transactionId'])
  return fields
}
