import { parseArgs } from 'node:util'
import { StartError } from '@voltrail/runtime/start-error'
import { passivePorts } from './services.ts'

/** What `npm start -- …` was told. */
export interface Arguments {
  readonly demo: boolean
  /** Where the API and the OCPP listener are reached; everything else stays on 127.0.0.1. */
  readonly host: string
  /** 0 takes a free one. */
  readonly apiPort: number
  readonly ocppPort: number
  readonly filesPort: number
  readonly ftpPort: number
  readonly sftpPort: number
  readonly dataDir: string
}

export const usage = `npm start -- [options]     the whole product on this machine

  --demo             also run a simulated fleet, with id tokens of its own
  --host H           address of the console, the API and the OCPP listener (default 127.0.0.1: this machine only;
                     0.0.0.0 lets chargers of your network in)
  --api-port N       console and API (default 8080, 0 takes a free one)
  --ocpp-port N      chargers (default 9000, 0 takes a free one)
  --files-port N     files and firmware of chargers over HTTP (default 8081, 0 takes a free one)
  --ftp-port N       the same over FTP (default 2121, 0 takes a free one); its data connections use the ports N+9 to N+18
  --sftp-port N      the same over SFTP (default 2022, 0 takes a free one)
  --data-dir DIR     everything that is kept (default .voltrail)
  --help

ESDB_URL, NATS_URL and POSTGRES_URL name servers to use instead of embedded ones.
`

/** Options from a command line, or `help`. Throws StartError naming the argument that is wrong. */
export function parseArguments(args: readonly string[]): Arguments | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  const apiPort = portOf('--api-port', values['api-port'] ?? '8080')
  const ocppPort = portOf('--ocpp-port', values['ocpp-port'] ?? '9000')
  const filesPort = portOf('--files-port', values['files-port'] ?? '8081')
  const ftpPort = portOf('--ftp-port', values['ftp-port'] ?? '2121')
  const sftpPort = portOf('--sftp-port', values['sftp-port'] ?? '2022')
  const ports = {
    '--api-port': apiPort,
    '--ocpp-port': ocppPort,
    '--files-port': filesPort,
    '--ftp-port': ftpPort,
    '--sftp-port': sftpPort,
  }
  mustDiffer(ports)
  mustLeaveDataPorts(ports, ftpPort)
  return {
    demo: values.demo ?? false,
    host: given('--host', values.host ?? '127.0.0.1'),
    apiPort,
    ocppPort,
    filesPort,
    ftpPort,
    sftpPort,
    dataDir: given('--data-dir', values['data-dir'] ?? '.voltrail'),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        demo: { type: 'boolean' },
        host: { type: 'string' },
        'api-port': { type: 'string' },
        'ocpp-port': { type: 'string' },
        'files-port': { type: 'string' },
        'ftp-port': { type: 'string' },
        'sftp-port': { type: 'string' },
        'data-dir': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    // Node's own message goes on to explain positional arguments; its first sentence is what was wrong
    const [problem] = (error as Error).message.split('. ', 1)
    throw wrong(problem ?? 'the arguments are wrong', 'npm start -- --help lists what there is')
  }
}

function portOf(name: string, value: string): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN
  if (number >= 0 && number <= 65_535) return number
  throw wrong(`${name} must be a port from 0 to 65535, not "${value}"`, `for example ${name} 8080`)
}

function mustDiffer(ports: Readonly<Record<string, number>>): void {
  const named = new Map<number, string>()
  for (const [option, port] of Object.entries(ports)) {
    const other = named.get(port)
    if (port !== 0 && other !== undefined)
      throw wrong(`${other} and ${option} are both ${port}`, 'give them different ports')
    named.set(port, option)
  }
}

/** The data connections of FTP have ports of their own, right above its own one. */
function mustLeaveDataPorts(ports: Readonly<Record<string, number>>, ftpPort: number): void {
  if (ftpPort === 0) return
  const { from, to } = passivePorts(ftpPort)
  if (to > 65_535)
    throw wrong(`--ftp-port ${ftpPort} leaves no room for the data ports ${from} to ${to}`, 'give it a lower port')
  for (const [option, port] of Object.entries(ports))
    if (port >= from && port <= to)
      throw wrong(
        `${option} ${port} is among the data ports of --ftp-port ${ftpPort}, ${from} to ${to}`,
        `give one of them another port`,
      )
}

function given(name: string, value: string): string {
  if (value.trim() !== '') return value.trim()
  throw wrong(`${name} is empty`, 'give it a value or leave it out')
}

const wrong = (problem: string, remedy: string): StartError => new StartError(problem, remedy)
