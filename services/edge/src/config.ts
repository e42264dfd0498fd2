import { z } from 'zod'
import { TenantId } from '@voltrail/contracts/ids'
import { protocols } from '@voltrail/ocpp/protocols'
import { duration, integer, port, readConfig, secret, text, url } from '@voltrail/runtime/config'
import type { Environment } from '@voltrail/runtime/config'
import { processVariables } from '@voltrail/runtime/process-variables'
import { defaultLimits } from './limits.ts'
import { readListeners } from './listeners.ts'
import { readNetworks } from './proxy-protocol.ts'
import { defaultTenant } from './upgrade-path.ts'

const names = Object.keys(protocols)

const paths = (example: string) =>
  text(example)
    .transform((list) =>
      list
        .split(',')
        .map((path) => path.trim())
        .filter((path) => path !== ''),
    )
    .default([])

/** What was read, or the issue that says why it cannot be. */
const parsed = <T>(read: T | string, context: z.RefinementCtx): T => {
  if (typeof read !== 'string') return read
  context.addIssue({ code: 'custom', message: read })
  return z.NEVER
}

const variables = z.object({
  ...processVariables,
  NATS_URL: url(['nats', 'tls'], 'nats://127.0.0.1:4222'),
  /** A NATS credentials file's text; NATS_CREDS_FILE names the file itself. */
  NATS_CREDS: secret().optional(),
  OCPP_HOST: text('0.0.0.0').default('127.0.0.1'),
  OCPP_PORT: port(9000).default(9000),
  /** Several listeners side by side; without it there is one, at OCPP_HOST and OCPP_PORT. */
  LISTENERS: text('ws://0.0.0.0:9000,wss://0.0.0.0:9443,mtls://0.0.0.0:9444?proxy')
    .transform((list, context) => parsed(readListeners(list), context))
    .optional(),
  /** PEM files; with both, the listener speaks wss. Several pairs, separated by commas: RSA and ECDSA side by side. */
  TLS_CERT_PATH: paths('/etc/voltrail/rsa.crt,/etc/voltrail/ecdsa.crt'),
  TLS_KEY_PATH: paths('/etc/voltrail/rsa.key,/etc/voltrail/ecdsa.key'),
  /** PEM bundles of the roots of client certificates: our own authority's, and vendors'. */
  TLS_CLIENT_CA_PATH: paths('/etc/voltrail/client-ca.crt'),
  TLS_VENDOR_CA_PATH: paths('/etc/voltrail/vendor-ca.crt'),
  /** Revocation lists of these authorities, PEM or DER. */
  TLS_CRL_PATH: paths('/etc/voltrail/client-ca.crl'),
  /** How often these files are looked at; SIGHUP has them looked at now. */
  TLS_RELOAD: duration('30s')
    .refine((milliseconds) => milliseconds >= 50, 'must be 50ms or more')
    .default(30_000),
  /** The balancers whose PROXY protocol headers are believed: addresses and networks. */
  PROXY_FROM: text('10.0.0.0/8,192.0.2.1')
    .transform((list, context) => parsed(readNetworks(list), context))
    .optional(),
  /** The key of the password hashes, hex, the same for api and edge. */
  PEPPER: secret({ minLength: 32 }).regex(/^([0-9a-fA-F]{2})+$/),
  /** Names this pod among the edges. */
  POD_NAME: text('edge-0'),
  /** Tenants whose chargers may connect, comma-separated. */
  TENANTS: text('default,acme')
    .default(defaultTenant)
    .transform((list, context) => {
      const tenants = list.split(',').map((name) => TenantId.safeParse(name.trim()))
      const wrong = tenants.find((tenant) => !tenant.success)
      if (wrong === undefined) return tenants.flatMap((tenant) => (tenant.success ? [tenant.data] : []))
      context.addIssue({ code: 'custom', message: 'must be tenant ids separated by commas' })
      return z.NEVER
    }),
  /** Spoken with chargers that name no subprotocol; empty refuses them. */
  DEFAULT_SUBPROTOCOL: z.enum(names as [string, ...string[]], `must be one of ${names.join(', ')}`).optional(),
  MAX_CONNECTIONS: integer({ min: 1, max: 1_000_000, example: 20_000 }).default(defaultLimits.maxConnections),
  UPGRADES_PER_SECOND: integer({ min: 1, max: 100_000, example: 200 }).default(defaultLimits.upgradesPerSecond),
  /** The same after an outage, when all come at once. */
  READMISSIONS_PER_SECOND: integer({ min: 1, max: 100_000, example: 50 }).default(defaultLimits.readmissionsPerSecond),
  /** Refused keys and ids per source address. Behind a balancer that hides addresses all chargers have one: raise it there. */
  REFUSALS_PER_MINUTE: integer({ min: 1, max: 1_000_000, example: 60 }).default(defaultLimits.failuresPerMinute),
  /** Of one charger, after thirty at once: each is an event, and a box that comes and goes for ever would fill the log. */
  CONNECTS_PER_MINUTE: integer({ min: 1, max: 1_000_000, example: 6 }).default(defaultLimits.connectsPerMinute),
  /** How long an answer waits for the log; then the socket closes. Chargers give up after 30 to 40 s. */
  ANSWER_HOLD: duration('20s').default(defaultLimits.holdMs),
  /** How long sockets with nothing to answer stay open while the log is away. */
  QUIET_OUTAGE: duration('2m').default(defaultLimits.quietOutageMs),
  /** How often a charger is pinged. One that answers pings is given up after three of them without a sign of life. */
  PING_INTERVAL: duration('45s')
    .refine((milliseconds) => milliseconds >= 100, 'must be 100ms or more')
    .default(defaultLimits.pingMs),
  FRAMES_PER_SECOND: integer({ min: 1, max: 100_000, example: 50 }).default(defaultLimits.framesPerSecond),
})

export type EdgeConfig = Readonly<z.output<typeof variables>>

/** The edge's settings; throws ConfigError with every variable that is missing or wrong. */
export const readEdgeConfig = (env: Environment): EdgeConfig => readConfig(variables, env, 'edge')
