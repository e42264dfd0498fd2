import { pino } from 'pino'
import type { DestinationStream, Logger } from 'pino'
import { redact, redactText, secretKeys } from './redact.ts'

export type Log = Logger
type LogMethod = Logger['info']
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

export type LogOptions = {
  /** The process's name, on every line. */
  readonly service: string
  readonly level?: LogLevel
  /** Lines for people instead of JSON. */
  readonly pretty?: boolean
  /** Where lines go; standard output unless told. */
  readonly destination?: DestinationStream
}

/**
 * The logger of a process: one JSON object per line (or a readable line), time in ISO 8601 UTC.
 * Values under a secret's or an id tag's key are replaced at any depth, and passwords inside URLs too.
 * Lines are written at once and not from a worker thread: the last words of a dying process must come out, and a bundle has no files for workers.
 */
export function createLog(options: LogOptions): Log {
  const destination = options.destination ?? pino.destination({ fd: 1, sync: true })
  return pino(
    {
      base: { service: options.service },
      level: options.level ?? 'info',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redactLine },
      // the bindings of a child logger do not pass formatters.log
      redact: { paths: secretKeys, censor: '[redacted]' },
      // formatters.log has made a plain object of every error already
      serializers: { err: (error: unknown) => error },
      hooks: { logMethod: redactMessage },
    },
    options.pretty ? prettyDestination(destination) : destination,
  )
}

/** `req` and `res` are Fastify's own objects; its serializers, which run after this, take from them what is harmless. */
function redactLine({ req, res, ...line }: Record<string, unknown>): Record<string, unknown> {
  return { ...redact(line), ...(req !== undefined && { req }), ...(res !== undefined && { res }) }
}

/** The message is no part of the line's object: `formatters.log` does not see it, nor the one that pino takes from an error. */
function redactMessage(this: Logger, given: Parameters<LogMethod>, method: LogMethod): void {
  const [first, ...rest] = given as unknown[]
  const error = first instanceof Error ? first : (first as { err?: unknown } | null | undefined)?.err
  const line = first instanceof Error ? { err: first } : first
  const message = rest.length === 0 && error instanceof Error ? [error.message] : rest
  const clean = [line, ...message].map((part) => (typeof part === 'string' ? redactText(part) : part))
  method.apply(this, clean as Parameters<LogMethod>)
}

type Line = { time: string; level: string; service: string; msg?: string; err?: { stack?: string } }

/** `12:00:00.000 info  central: message key=value`, the stack of an error below it. */
function prettyDestination(destination: DestinationStream): DestinationStream {
  return {
    write(line: string) {
      const { time, level, service, msg, err, ...rest } = JSON.parse(line) as Line
      const pairs = Object.entries(rest).map(
        ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      )
      destination.write(
        `${time.slice(11, 23)} ${level.padEnd(5)} ${service}: ${msg ?? ''}${pairs.join('')}${err?.stack ? `\n${err.stack}` : ''}\n`,
      )
    },
  }
}
