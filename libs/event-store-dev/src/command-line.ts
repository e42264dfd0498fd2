import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { EventStoreDevOptions } from './server.ts'

/** A command line that cannot be understood; the message names the argument. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const USAGE = `event-store-dev: a development server that speaks EventStoreDB's gRPC protocol. It is not EventStoreDB.

  --data DIR               data directory (made when missing)
  --mem                    keep everything in memory
  --port N                 default 2113; 0 takes a free one
  --host ADDRESS           default 127.0.0.1
  --tls-cert FILE          PEM certificate (chain)
  --tls-key FILE           PEM private key
  --user NAME:PASSWORD     refuse everyone else; may be repeated; needs TLS
  --faults                 allow fault switches: GET, POST and DELETE /faults on the same port
  --help
`

/** Options from arguments, or `help`. Reads the TLS files. Throws UsageError. */
export function parseCommandLine(args: readonly string[]): EventStoreDevOptions | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  if ((values.data === undefined) === !values.mem) throw new UsageError('give either --data DIR or --mem')
  const port = values.port === undefined ? undefined : Number(values.port)
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535))
    throw new UsageError(`--port ${values.port} is no port number`)
  const cert = values['tls-cert']
  const key = values['tls-key']
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--tls-cert and --tls-key belong together')
  const users: Record<string, string> = {}
  for (const user of values.user ?? []) {
    const colon = user.indexOf(':')
    if (colon < 1) throw new UsageError('--user must be NAME:PASSWORD')
    users[user.slice(0, colon)] = user.slice(colon + 1)
  }
  return {
    data: values.mem ? 'memory' : values.data!,
    ...(port === undefined ? {} : { port }),
    ...(values.host === undefined ? {} : { host: values.host }),
    ...(cert === undefined || key === undefined
      ? {}
      : { tls: { cert: file('--tls-cert', cert), key: file('--tls-key', key) } }),
    ...(values.user ? { users } : {}),
    faults: values.faults ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        mem: { type: 'boolean' },
        port: { type: 'string' },
        host: { type: 'string' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        user: { type: 'string', multiple: true },
        faults: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function file(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`${option} ${path} cannot be read: ${(error as Error).message}`)
  }
}
