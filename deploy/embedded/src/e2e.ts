import { spawn } from 'node:child_process'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartError, startErrorLine } from '@voltrail/runtime/start-error'
import { chooseBackends, describeBackends } from './backends.ts'
import { dockerAnswers, startContainers } from './containers.ts'

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')

/**
 * `npm run e2e [-- <arguments of jest>]`: runs the end-to-end suite on the servers that ESDB_URL, NATS_URL and POSTGRES_URL name, with
 * E2E_CONTAINERS=1 on containers for those that are not named, else on embedded ones; says which. Gives jest's exit code.
 */
async function main(args: readonly string[]): Promise<number> {
  const wanted = process.env['E2E_CONTAINERS'] === '1'
  const docker = wanted && (await dockerAnswers())
  if (wanted && !docker) say('E2E_CONTAINERS=1, but Docker does not answer: no containers')
  // a wrong URL is an error before anything starts
  chooseBackends(process.env)
  const containers = docker ? await startContainers() : undefined
  try {
    const named = Object.entries(process.env).filter(([, value]) => value !== '')
    const env: NodeJS.ProcessEnv = { ...containers?.urls, ...Object.fromEntries(named) }
    const backends = chooseBackends(env)
    say(`end-to-end suite on ${describeBackends(backends)}${containers ? ' (containers unless named)' : ''}`)
    const shared = Object.values(backends).some(({ kind }) => kind === 'external')
    // two products on one NATS would answer each other's chargers
    return await runJest(['--selectProjects', 'e2e', ...(shared ? ['--runInBand'] : []), ...args], env)
  } finally {
    await containers?.stop()
  }
}

function runJest(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const jest = resolve(repository, 'node_modules/jest/bin/jest.js')
  const child = spawn(process.execPath, [jest, ...args], { cwd: repository, env, stdio: 'inherit' })
  // a Ctrl-C reaches jest by itself; we wait for it, for there may be containers to stop
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((done, fail) => {
    child.once('error', fail)
    child.once('exit', (code) => done(code ?? 1))
  })
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const line = error instanceof StartError ? startErrorLine('the end-to-end suite', error) : String(error)
    process.stderr.write(`${line}\n`)
    process.exit(1)
  },
)
