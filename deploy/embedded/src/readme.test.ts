import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { passivePorts, services, toldToChargers } from './services.ts'

const repository = join(__dirname, '../../..')
const read = (path: string): string => readFileSync(join(repository, path), 'utf8')

/** The keys of the zod schema in a source file: one variable per line, as every config.ts is written. */
const variablesIn = (source: string): string[] =>
  [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name as string)

const variablesOf = (service: string): string[] => {
  const source = read(`services/${service}/src/config.ts`)
  const shared = source.includes('...processVariables')
    ? variablesIn(read('libs/runtime/src/process-variables.ts'))
    : []
  return [...shared, ...variablesIn(source)].toSorted()
}

/** What the table says: service → variables. */
const documented = (names: readonly string[]): Map<string, string[]> => {
  const table = new Map(names.map((name) => [name, [] as string[]]))
  const text = read('deploy/embedded/README.md').split('## Environment variables of the services')[1] ?? ''
  for (const [, variables = '', who = ''] of text.matchAll(/^\| (`[^|]+) \| ([^|]+) \|/gm)) {
    const excepted = /^all but (.+)$/.exec(who)?.[1]
    const listed = who.startsWith('all') ? names.filter((name) => name !== excepted) : who.split(', ')
    for (const service of listed) {
      const found = table.get(service)
      if (found === undefined) throw new Error(`the table names ${service}, which is no service`)
      found.push(...[...variables.matchAll(/`([A-Z0-9_]+)`/g)].map(([, name]) => name as string))
    }
  }
  return table
}

const names = readdirSync(join(repository, 'services')).toSorted()
const table = documented(names)

it.each(names)('the README names every variable of %s, and no other', (service) => {
  expect(table.get(service)?.toSorted()).toEqual(variablesOf(service))
})

it('embedded mode runs every service that there is', () => {
  expect(services.map(({ folder }) => folder).toSorted()).toEqual(names.map((name) => `services/${name}`))
})

it.each([
  ['127.0.0.1', ['192.0.2.7'], '127.0.0.1'],
  ['0.0.0.0', ['192.0.2.7', '198.51.100.1'], '192.0.2.7'],
  ['::', [], '127.0.0.1'],
  ['2001:db8::1', [], '[2001:db8::1]'],
])(
  'chargers are told an address of the file service that they can reach: %s with %j is %s',
  (host, addresses, told) => {
    expect(toldToChargers(host, addresses)).toBe(told)
  },
)

it('embedded mode sets no variable that its service does not know', () => {
  const wiring = {
    natsUrl: 'nats://127.0.0.1:4222',
    eventStoreUrl: 'esdb://127.0.0.1:2113?tls=false',
    databaseUrl: 'postgres://127.0.0.1/voltrail',
    pkiFolder: 'pki',
    filesFolder: 'files',
    filesPort: 9080,
    filesInternalPort: 9081,
    ftpPort: 2121,
    sftpPort: 2022,
    ftpData: passivePorts(2121),
    filesHost: '127.0.0.1',
    secrets: { masterKey: 'master.key', pepper: 'pepper.key', operatorKey: 'operator.key', filesKey: 'files.key' },
    host: '127.0.0.1',
    apiPort: 8080,
    ocppPorts: [9000],
    centrals: 1,
    build: '0.1.0',
  }
  for (const { name, environment } of services) {
    const known = variablesOf(name)
    for (const variable of Object.keys(environment(wiring, 0))) {
      expect(known).toContain(variable.replace(/_FILE$/, ''))
    }
  }
})
