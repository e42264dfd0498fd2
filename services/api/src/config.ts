import { z } from 'zod'
import { TenantId } from '@voltrail/contracts/ids'
import { duration, integer, oneOf, port, readConfig, secret, text, url } from '@voltrail/runtime/config'
import type { Environment } from '@voltrail/runtime/config'
import { processVariables } from '@voltrail/runtime/process-variables'
import { parseFileAddresses } from '@voltrail/domain/device/file-addresses'
import { operatorRoles } from './operator-key.ts'

const schema = z.object({
  ...processVariables,
  /** Where the API and the page listen; `/healthz`, `/readyz` and `/metrics` are here too. */
  API_HOST: text('0.0.0.0').default('127.0.0.1'),
  API_PORT: port(8080).default(8080),
  /** Where chargers connect to the edge: the page shows it. */
  OCPP_PORT: port(9000).default(9000),
  /** What `Authorization: Bearer` must carry. */
  OPERATOR_KEY: secret({ minLength: 16 }).regex(/^[!-~]+$/),
  /** What the key may do beyond the rest, separated by commas, or `none`. `grid`: calls that change limits. */
  OPERATOR_ROLES: z
    .string()
    .default(operatorRoles.join(','))
    .transform((list) => list.split(',').map((role) => role.trim()))
    .transform((list) => list.filter((role) => role !== 'none'))
    .pipe(z.array(z.enum(operatorRoles, { error: `must be none, or of: ${operatorRoles.join(', ')}` })))
    .transform((list) => new Set(list)),
  /** The tenant that the key belongs to. */
  OPERATOR_TENANT: text('default').default('default').pipe(TenantId),
  NATS_URL: url(['nats', 'tls'], 'nats://127.0.0.1:4222'),
  /** A NATS credentials file's text; NATS_CREDS_FILE names the file itself. */
  NATS_CREDS: secret().optional(),
  ESDB_URL: url(['esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'], 'esdb://127.0.0.1:2113?tls=false'),
  /** Where the read model and the keys of id tokens lie. */
  DATABASE_URL: url(['postgres', 'postgresql'], 'postgres://voltrail@127.0.0.1:5432/voltrail'),
  /** 32 random bytes as hex digits: the same for every service that seals or opens personal data. */
  MASTER_KEY: secret({ minLength: 64 }).regex(/^[0-9a-fA-F]{64}$/),
  /** At least 16 random bytes as hex digits: the same for edge and api. */
  PEPPER: secret({ minLength: 32 }).regex(/^([0-9a-fA-F]{2})+$/),
  /** Where chargers reach the file service, by protocol, the preferred first; absent: locations have to be given. */
  FILES_URLS: text('https://files.example.com,ftp://files.example.com:2121').transform(parseFileAddresses).optional(),
  /** What credentials of file transfers are derived from: 32 random bytes as hex digits, the same as the file service's. */
  FILES_KEY: secret({ minLength: 64 })
    .regex(/^[0-9a-fA-F]{64}$/)
    .optional(),
  /** Where the file service listens for us alone; absent: no files of chargers, no firmware images. */
  FILES_INTERNAL_URL: url(['http', 'https'], 'http://files:9081').optional(),
  /** bytes of one firmware image at most; the file service has a limit of its own */
  FILES_MAX_BYTES: integer({ min: 1, max: 10_000_000_000, example: 100_000_000 }).default(100_000_000),
  /** How long a charger has to answer a command, unless the request says otherwise. */
  COMMAND_TIMEOUT: duration('30s').default(30_000),
  /** Server-sent event streams that may be open at a time. */
  EVENT_STREAMS_MAX: integer({ min: 1, max: 90, example: 50 }).default(50),
  /** What holds until somebody changes the tenant's settings: these three are the same as central's. */
  ADOPTION: oneOf(['open', 'pending', 'closed']).default('closed'),
  UNKNOWN_TOKENS: oneOf(['Invalid', 'Accepted']).default('Invalid'),
  HEARTBEAT_SECONDS: integer({ min: 10, max: 86_400, example: 300 }).default(300),
})

export type ApiConfig = Readonly<z.output<typeof schema>>

export const readApiConfig = (env: Environment = process.env): ApiConfig => readConfig(schema, env, 'api')
