import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findNatsServer } from './find-nats-server.ts'

let folder: string
let path: string
let cacheDir: string

/** A small program that stands where the system would have one. */
async function program(file: string, lines: string): Promise<string> {
  await writeFile(file, `#!/bin/sh\n${lines}\n`)
  await chmod(file, 0o755)
  return file
}

const version = (text: string): string => `echo 'nats-server: v${text}'`

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voltrail-find-nats-'))
  path = join(folder, 'bin')
  cacheDir = join(folder, 'cache')
  await mkdir(path)
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const find = (env: NodeJS.ProcessEnv = {}, log?: (line: string) => void): Promise<string> =>
  findNatsServer({ cacheDir, env: { PATH: path, ...env }, ...(log && { log }) })

describe('finding a nats-server', () => {
  it('takes NATS_SERVER_BIN before the PATH, and the PATH before a cached copy', async () => {
    await mkdir(cacheDir)
    const cached = await program(join(cacheDir, 'nats-server'), version('2.10.1'))
    expect(await find()).toBe(cached)
    const onPath = await program(join(path, 'nats-server'), version('2.11.0'))
    expect(await find()).toBe(onPath)
    const named = await program(join(folder, 'mine'), version('2.9.10'))
    expect(await find({ NATS_SERVER_BIN: named })).toBe(named)
  })

  it('refuses a NATS_SERVER_BIN that is missing, something else, or too old, and says which', async () => {
    await expect(find({ NATS_SERVER_BIN: join(folder, 'none') })).rejects.toThrow(
      /NATS_SERVER_BIN names \S+none, but it does not run \(ENOENT\)/,
    )
    const other = await program(join(folder, 'other'), 'echo hello')
    await expect(find({ NATS_SERVER_BIN: other })).rejects.toThrow(/it is not a nats-server/)
    const old = await program(join(folder, 'old'), version('2.2.6'))
    await expect(find({ NATS_SERVER_BIN: old })).rejects.toThrow(/it is version 2\.2, older than 2\.9/)
  })

  it('passes over one on the PATH that is too old', async () => {
    const old = await program(join(path, 'nats-server'), version('2.1.0'))
    const lines: string[] = []
    await expect(find({}, (line) => lines.push(line))).rejects.toThrow(/no nats-server found/)
    expect(lines[0]).toBe(`${old} is not used: it is version 2.1, older than 2.9`)
  })

  it('says in one line what to install when there is none anywhere', async () => {
    const fault = await find().catch((error: Error) => error.message)
    for (const remedy of ['brew install nats-server', 'apt-get install nats-server', 'NATS_SERVER_BIN', 'Docker']) {
      expect(fault).toContain(remedy)
    }
    expect(fault).not.toContain('\n')
  })

  const onLinux = process.platform === 'linux' ? it : it.skip

  onLinux(
    "unpacks the system's package into the cache, with a package list of its own when the system has none",
    async () => {
      const log = join(folder, 'apt.log')
      await program(
        join(path, 'apt-get'),
        `echo "$*" >> ${log}; case "$*" in *Lists*download*) echo deb > nats-server_1.deb;; *download*) exit 100;; esac`,
      )
      await program(
        join(path, 'dpkg'),
        `/bin/mkdir -p "$3/usr/sbin"; printf '#!/bin/sh\\n${version('2.9.10').replaceAll("'", '"')}\\n' > "$3/usr/sbin/nats-server"; /bin/chmod 755 "$3/usr/sbin/nats-server"`,
      )
      expect(await find()).toBe(join(cacheDir, 'nats-server'))
      const calls = (await readFile(log, 'utf8')).trim().split('\n')
      expect(calls.map((call) => call.split(' ').find((word) => word === 'download' || word === 'update'))).toEqual([
        'download',
        'update',
        'download',
      ])
      expect(await readdir(cacheDir)).toEqual(['nats-server'])
    },
  )

  onLinux('copies the binary out of the Docker image when there is no package', async () => {
    await program(
      join(path, 'docker'),
      `case "$1" in create) echo c0ffee;; cp) [ "$2" = c0ffee:/nats-server ] && printf '#!/bin/sh\\n${version('2.11.4').replaceAll("'", '"')}\\n' > "$3"; /bin/chmod 755 "$3";; esac`,
    )
    expect(await find()).toBe(join(cacheDir, 'nats-server'))
    await symlink('/bin/false', join(path, 'apt-get')) // from now on only the cached copy is left
    await rm(join(path, 'docker'))
    expect(await find()).toBe(join(cacheDir, 'nats-server'))
  })
})
