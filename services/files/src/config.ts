import { z } from 'zod'
import { type Environment, integer, port, readConfig, secret, text, url } from '@voltrail/runtime/config'
import { processVariables } from '@voltrail/runtime/process-variables'

/** The settings of the file service, one environment variable each. */
const Settings = z.object({
  ...processVariables,
  NATS_URL: url(['nats', 'tls'], 'nats://localhost:4222'),
  ESDB_URL: url(['esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'], 'esdb://localhost:2113?tls=false'),
  POD_NAME: text('files-1').default('files'),
  /** What credentials of file transfers are derived from: 32 random bytes as hex digits, the same for all. */
  FILES_KEY: secret({ minLength: 64 }).regex(/^[0-9a-fA-F]{64}$/),
  /** where files and firmware images lie */
  FILES_FOLDER: text('/var/lib/voltrail/files'),
  /** a bucket of an S3-compatible store in the place of the folder; absent: the folder */
  FILES_S3_BUCKET: text('voltrail-files').optional(),
  /** absent: AWS itself */
  FILES_S3_ENDPOINT: url(['http', 'https'], 'https://s3.example.com').optional(),
  FILES_S3_REGION: text('eu-central-1').default('us-east-1'),
  /** absent: what the surroundings give (environment, instance, web identity) */
  FILES_S3_ACCESS_KEY: secret().optional(),
  FILES_S3_SECRET_KEY: secret().optional(),
  FILES_HOST: text('0.0.0.0').default('127.0.0.1'),
  FILES_HTTP_PORT: port(9080).default(9080),
  /** for the api alone: never where chargers could reach it */
  FILES_INTERNAL_HOST: text('127.0.0.1').default('127.0.0.1'),
  FILES_INTERNAL_PORT: port(9081).default(9081),
  /** PEM files; with both the listener speaks HTTPS */
  FILES_TLS_CERT_PATH: text('/etc/voltrail/files.pem').optional(),
  FILES_TLS_KEY_PATH: text('/etc/voltrail/files-key.pem').optional(),
  /** FTP, with TLS on demand where there is a certificate; absent: none */
  FTP_PORT: port(21).optional(),
  /** FTP that is TLS from its first byte on; needs the certificate; absent: none */
  FTPS_PORT: port(990).optional(),
  /** the IPv4 address that chargers are told for data connections; absent: the one that they came to */
  FTP_PASSIVE_ADDRESS: text('203.0.113.7')
    .regex(/^\d{1,3}(\.\d{1,3}){3}$/, 'must be an IPv4 address')
    .optional(),
  /** ports of data connections, both included; 0 and 0: any free one */
  FTP_PASSIVE_FROM: port(50_000).default(0),
  FTP_PASSIVE_TO: port(50_100).default(0),
  /** SFTP; absent: none */
  SFTP_PORT: port(2222).optional(),
  /** PEM or OpenSSH private keys of SFTP (ed25519, ecdsa, rsa), several separated by commas; absent: made in FILES_FOLDER */
  SFTP_HOST_KEY_PATHS: text('/etc/voltrail/ssh_host_ed25519_key').optional(),
  /** bytes of one file at most */
  FILES_MAX_BYTES: integer({ min: 1, max: 10_000_000_000, example: 100_000_000 }).default(100_000_000),
  /** days that an upload is kept once its request has ended; 0: for good */
  FILES_KEEP_DAYS: integer({ min: 0, max: 36_500, example: 365 }).default(365),
})
export type FilesConfig = z.output<typeof Settings>

export const filesConfig = (env: Environment): FilesConfig => readConfig(Settings, env, 'files')
