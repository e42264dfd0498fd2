import { z } from 'zod'
import {
  boolean,
  duration,
  type Environment,
  integer,
  oneOf,
  readConfig,
  secret,
  text,
  url,
} from '@voltrail/runtime/config'
import { parseFileAddresses } from '@voltrail/domain/device/file-addresses'
import { processVariables } from '@voltrail/runtime/process-variables'

/** The settings of upkeep, one environment variable each. */
const Settings = z.object({
  ...processVariables,
  NATS_URL: url(['nats', 'tls'], 'nats://localhost:4222'),
  ESDB_URL: url(['esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'], 'esdb://localhost:2113?tls=false'),
  /** one name per pod: it says who holds the lease */
  POD_NAME: text('upkeep-1').default('upkeep'),
  /** who signs chargers' certificates: keys in a folder, a CPO's own behind EST (RFC 7030) or a script, or nobody */
  PKI_AUTHORITY: oneOf(['none', 'folder', 'est', 'script']).default('none'),
  PKI_FOLDER: text('/var/lib/voltrail/pki').optional(),
  /** whether an authority is made in PKI_FOLDER when there is none */
  PKI_CREATE: boolean().default(false),
  /** the O of an authority that is made */
  PKI_ORGANISATION: text('Acme Charging').default('Voltrail'),
  /** how long chargers' certificates hold, and how long before their end they are renewed */
  PKI_DAYS: integer({ min: 1, max: 3_650, example: 365 }).default(365),
  PKI_RENEW_BEFORE: duration('30d').default(30 * 86_400_000),
  /** where certificates say that the list of revoked ones can be fetched */
  PKI_CRL_URL: url(['http', 'https'], 'http://pki.example.com/chargers.crl').optional(),
  /** where `ca.pem` and `crl.pem` are written for TLS servers */
  PKI_PUBLISH_FOLDER: text('/var/lib/voltrail/trust').optional(),
  PKI_EST_URL: url(['https'], 'https://est.example.com').optional(),
  PKI_EST_USER: text('voltrail').optional(),
  PKI_EST_PASSWORD: secret().optional(),
  PKI_EST_TRUST_PATH: text('/etc/voltrail/est-ca.pem').optional(),
  PKI_EST_CERT_PATH: text('/etc/voltrail/est-client.pem').optional(),
  PKI_EST_KEY_PATH: text('/etc/voltrail/est-client-key.pem').optional(),
  /** an executable: request (PEM) on standard input, chain (PEM) on standard output */
  PKI_SCRIPT: text('/usr/local/bin/sign').optional(),
  /** what the script's certificates chain to, PEM */
  PKI_ROOTS_PATH: text('/etc/voltrail/charger-roots.pem').optional(),
  PKI_TIMEOUT: duration('30s').default(30_000),
  /** Where chargers reach the file service, by protocol, the preferred first; absent: locations have to be given. */
  FILES_URLS: text('https://files.example.com,ftp://files.example.com:2121').transform(parseFileAddresses).optional(),
  /** What credentials of file transfers are derived from: 32 random bytes as hex digits, the same as the file service's. */
  FILES_KEY: secret({ minLength: 64 })
    .regex(/^[0-9a-fA-F]{64}$/)
    .optional(),
  BUILD: text('0.1.0').default('development'),
})
export type UpkeepConfig = z.output<typeof Settings>

export const upkeepConfig = (env: Environment): UpkeepConfig => readConfig(Settings, env, 'upkeep')
