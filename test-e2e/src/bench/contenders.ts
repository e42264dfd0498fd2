import { fork, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { startPostgres } from '@voltrail/postgres-dev/postgres'
import { openRest } from '../fixtures/rest.ts'
import { sum, usesOf } from './process-use.ts'

/** One of those that are compared, with every process that works for it. */
export interface Contender {
  readonly name: 'bare' | 'insert' | 'voltrail'
  /** up to and including `/ocpp` */
  readonly url: string
  /** process ids by name; descendants count with them */
  processes(): ReadonlyMap<string, number>
  /** where its messages or what follows from them are kept */
  readonly databaseUrl?: string
  readonly product?: Product
  /** Resolves when everything that follows from the messages so far is done; throws when that takes more than six minutes: so long upkeep needs to ask 10,000 new chargers for their settings. */
  settled(): Promise<void>
  stop(): Promise<void>
}

const settleDeadlineMs = 360_000

export const benchTag = 'BENCH-TAG-1'
const tsx = ['--import', 'tsx']

const startBaseline = async (databaseUrl?: string): Promise<{ child: ChildProcess; url: string }> => {
  const child = fork(fileURLToPath(new URL('./baseline-server.ts', import.meta.url)), {
    execArgv: tsx,
    env: { ...process.env, NODE_OPTIONS: '', ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }) },
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', ({ port }: { port: number }) => resolve(port))
    child.once('exit', (code) => reject(new Error(`the baseline ended with ${code}`)))
  })
  return { child, url: `ws://127.0.0.1:${port}/ocpp` }
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })

/** (a): answers from memory. */
export const startBare = async (): Promise<Contender> => {
  const { child, url } = await startBaseline()
  return {
    name: 'bare',
    url,
    processes: () => new Map([['server', child.pid as number]]),
    settled: async () => {},
    stop: () => ended(child),
  }
}

/** (b): one INSERT for each message, durable, on a Postgres of its own. */
export const startInsert = async (): Promise<Contender> => {
  const folder = await mkdtemp(join(tmpdir(), 'voltrail-bench-'))
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') })
  const { child, url } = await startBaseline(postgres.url)
  return {
    name: 'insert',
    url,
    databaseUrl: postgres.url,
    processes: () =>
      new Map([
        ['server', child.pid as number],
        ['postgres', postgres.pid],
      ]),
    settled: async () => {},
    async stop() {
      await ended(child)
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export interface Voltrail extends Contender {
  readonly product: Product
}

/** (c): the whole product, each part a process of its own. */
export const startVoltrail = async (
  pods: { readonly edges?: number; readonly centrals?: number } = {},
): Promise<Voltrail> => {
  const folder = await mkdtemp(join(tmpdir(), 'voltrail-bench-'))
  const product = await startProduct({
    dataDir: join(folder, 'data'),
    ...pods,
    // the chargers of a benchmark are quicker than any charger, and come from one address
    env: { ...process.env, FRAMES_PER_SECOND: '100000', UPGRADES_PER_SECOND: '100000' },
  })
  const rest = openRest(product.apiUrl, product.operatorKey)
  await rest.send('POST', '/v1/id-tokens', { token: benchTag, type: 'Central', status: 'Accepted' })
  const processes = () =>
    new Map(
      [...product.processes.values()].flatMap(({ name, pid }): [string, number][] =>
        pid === undefined ? [] : [[name, pid]],
      ),
    )
  // the edge and NATS keep up presence for as long as anybody is connected: what follows from messages shows in the others
  const followers = () => new Map([...processes()].filter(([name]) => !/^(edge|nats)/.test(name)))
  const rate = async (): Promise<number> => {
    const used = () => sum([...usesOf(followers()).values()].map(({ cpu }) => cpu))
    const [before, began] = [used(), performance.now()]
    await new Promise((resolve) => setTimeout(resolve, 500))
    return ((used() - before) * 1_000) / (performance.now() - began)
  }
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const idle = Math.max(await rate(), await rate())
  return {
    name: 'voltrail',
    url: product.ocppUrl,
    databaseUrl: product.databaseUrl,
    product,
    processes,
    async settled() {
      const deadline = performance.now() + settleDeadlineMs
      for (let quiet = 0; quiet < 2;) {
        if (performance.now() > deadline) throw new Error('what follows from the messages does not come to an end')
        quiet = (await rate()) <= idle + 0.04 ? quiet + 1 : 0
      }
    },
    async stop() {
      await product.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
