import { boolean, duration, oneOf, port, text, url } from './config.ts'

/**
 * The variables that every process understands; spread them into its own schema:
 * `z.object({ ...processVariables, NATS_URL: url(['nats', 'tls'], 'nats://127.0.0.1:4222') })`.
 */
export const processVariables = {
  /** Least severity that is logged. */
  LOG_LEVEL: oneOf(['info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Lines for people instead of JSON. */
  LOG_PRETTY: boolean().default(false),
  /** Where /healthz, /readyz and /metrics listen. */
  HEALTH_HOST: text('0.0.0.0').default('127.0.0.1'),
  HEALTH_PORT: port(9090).default(0),
  /** OTLP/HTTP collector; without it no span is recorded. */
  OTLP_ENDPOINT: url(['http', 'https'], 'http://collector:4318/v1/traces').optional(),
  /** How long a shutdown may take before the process ends anyway, in milliseconds once read. */
  SHUTDOWN_DEADLINE: duration('25s').default(25_000),
} as const
