import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { bundle } from '../../deploy/bundle.mjs'

const root = resolve(__dirname, '../..')
const services = readdirSync(join(root, 'services')).filter((name) =>
  existsSync(join(root, 'services', name, 'src/main.ts')),
)

describe('a bundled service', () => {
  let outDir: string
  let files: string[]

  beforeAll(async () => {
    // outside of the repository: a bundle must not find a node_modules there
    outDir = mkdtempSync(join(tmpdir(), 'voltrail-bundle-'))
    files = await bundle(
      services.map((name) => `services/${name}`),
      { outDir },
    )
  })
  afterAll(() => rmSync(outDir, { recursive: true }))

  for (const [index, name] of services.entries()) {
    it(`${name} loads without node_modules and says what it lacks`, async () => {
      // no environment and an option that nobody knows: whatever it is, it must refuse to start and say why in one line
      const ended = await run(files[index] ?? '', ['--no-such-option'])
      expect(`${ended.stdout}${ended.stderr}`).not.toMatch(/MODULE_NOT_FOUND|Cannot find module|ENOENT.*dist/)
      expect({ code: ended.code, lines: ended.stderr.trim().split('\n') }).toEqual({
        code: 1,
        lines: [expect.any(String)],
      })
    })
  }

  it('has its source map beside it', () => {
    for (const file of files) expect(existsSync(`${file}.map`)).toBe(true)
  })

  it('has the files of Swagger UI beside it where it serves them', () => {
    for (const file of files) {
      const serves = readFileSync(file, 'utf8').includes('node_modules/@fastify/swagger-ui/')
      expect([file, existsSync(join(dirname(file), 'swagger-ui/swagger-ui-bundle.js'))]).toEqual([file, serves])
    }
  })

  it('is refused for a folder that has no main.ts', async () => {
    await expect(bundle(['libs/domain'])).rejects.toThrow('nothing to bundle: libs/domain has no src/main.ts')
  })
})

function run(file: string, args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const env = { PATH: process.env['PATH'] }
    execFile(
      process.execPath,
      [file, ...args],
      { env, cwd: dirname(file), timeout: 20_000 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        done({ code, stdout, stderr })
      },
    )
  })
}
