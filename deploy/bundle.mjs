/**
 * Bundles services: one CommonJS file each, started by plain `node`, without node_modules.
 *
 *   node deploy/bundle.mjs services/edge services/central     (paths are relative to the repository's root)
 */
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/**
 * Bundles `src/main.ts` of each folder in one go. Gives each folder's bundle (absolute path), in the folders' order.
 * `outDir` (default: the repository itself) receives `<folder>/dist/main.cjs` and its source map. A folder `assets` beside `src`
 * stays beside `dist`, so `join(import.meta.dirname, '../assets')` is right from source and from the bundle.
 *
 * @param {readonly string[]} folders
 * @param {{ outDir?: string }} [options]
 * @returns {Promise<string[]>}
 */
export async function bundle(folders, options = {}) {
  const outDir = resolve(options.outDir ?? root)
  const named = folders.map((folder) => relative(root, resolve(root, folder)))
  for (const folder of named) {
    if (!existsSync(join(root, folder, 'src/main.ts')))
      throw new Error(`nothing to bundle: ${folder} has no src/main.ts`)
  }
  const result = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(named.map((folder) => [`${folder}/dist/main`, join(root, folder, 'src/main.ts')])),
    outdir: outDir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // a package's ESM files come first, as `import` would find them; CommonJS copies of the same would double the size
    mainFields: ['module', 'main'],
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
    define: {
      'import.meta.dirname': '__dirname',
      'import.meta.filename': '__filename',
      'import.meta.url': '__bundleUrl',
    },
    banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    // optional and native: pg works without the one, ssh2 without the others
    external: ['pg-native', 'cpu-features', '*/sshcrypto.node'],
    plugins: [swaggerUiBesideBundle],
  })
  for (const folder of named) {
    const dist = join(outDir, folder, 'dist')
    const output = result.metafile.outputs[relative(root, join(dist, 'main.cjs'))]
    const swaggerUi = Object.keys(output?.inputs ?? {}).find((input) => input.endsWith(`${swaggerUiFolder}index.js`))
    if (swaggerUi) cpSync(join(root, dirname(swaggerUi), 'static'), join(dist, 'swagger-ui'), { recursive: true })
    const assets = join(root, folder, 'assets')
    if (outDir !== root && existsSync(assets)) cpSync(assets, join(outDir, folder, 'assets'), { recursive: true })
  }
  return named.map((folder) => join(outDir, folder, 'dist/main.cjs'))
}

const swaggerUiFolder = 'node_modules/@fastify/swagger-ui/'

/** swagger-ui serves files that lie beside its source; in a bundle they lie in `swagger-ui` beside the bundle. */
const swaggerUiBesideBundle = {
  name: 'swagger-ui-beside-bundle',
  setup(setup) {
    const places = {
      'index.js': ["path.join(__dirname, './static/logo.svg')", "path.join(__dirname, 'swagger-ui/logo.svg')"],
      'routes.js': ["path.join(__dirname, '..', 'static')", "path.join(__dirname, 'swagger-ui')"],
    }
    setup.onLoad({ filter: /[\\/]@fastify[\\/]swagger-ui[\\/](index|lib[\\/]routes)\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const [from, to] = places[basename(path)]
      // a new version that reads its files another way must not fail only once it is deployed
      if (!source.includes(from))
        return { errors: [{ text: `${path} no longer contains ${from}: adapt deploy/bundle.mjs` }] }
      return { contents: source.replace(from, to), loader: 'js' }
    })
  },
}

async function main(folders) {
  if (folders.length === 0) throw new Error('name at least one folder: node deploy/bundle.mjs services/edge')
  const begun = performance.now()
  const files = await bundle(folders)
  for (const file of files) process.stdout.write(`${relative(root, file)}\n`)
  process.stdout.write(`${files.length} bundled in ${Math.round(performance.now() - begun)} ms\n`)
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  })
}
