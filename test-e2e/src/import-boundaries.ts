import { readFileSync, readdirSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, posix } from 'node:path'
import { parseSync } from '@swc/core'

/** A file of the repository: its path from the root with forward slashes, and its text. */
export type SourceFile = { readonly file: string; readonly text: string }

/** `why` names the law that was broken; `imported` what was imported or declared. */
export type Violation = { readonly file: string; readonly imported: string; readonly why: string }

type Layer = {
  /** Our packages that the layer's source may import, by name without the scope. */
  readonly ours: (name: string) => boolean
  /** Those that its tests may import as well. */
  readonly oursInTests: (name: string) => boolean
  /** The only packages of others that its source may import; undefined: any that is declared. */
  readonly others?: readonly string[]
  /** The only modules of Node that its source may import; undefined: any. */
  readonly builtins?: readonly string[]
}

const scope = '@voltrail/'
const compositions = ['embedded', 'test-e2e']
const isDev = (name: string) => name.endsWith('-dev')

/** The layer table: contracts <- domain, runtime <- other libs <- services <- deploy, test-e2e. */
function layerOf(folder: string, services: ReadonlySet<string>): Layer | undefined {
  const oneOf =
    (...names: string[]) =>
    (name: string) =>
      names.includes(name)
  const [top, name = ''] = folder.split('/')
  switch (top) {
    case 'contracts':
      return { ours: () => false, oursInTests: () => false, others: ['zod'], builtins: [] }
    case 'libs': {
      if (name === 'domain')
        return { ours: oneOf('contracts'), oursInTests: () => false, others: ['big.js'], builtins: ['crypto'] }
      if (name === 'runtime') return { ours: oneOf('contracts'), oursInTests: () => false }
      return { ours: oneOf('contracts', 'domain', 'runtime'), oursInTests: isDev }
    }
    case 'services': {
      const isLibrary = (other: string) => !services.has(other) && !compositions.includes(other)
      return { ours: (other) => isLibrary(other) && !isDev(other), oursInTests: isDev }
    }
    case 'deploy':
    case 'test-e2e':
      return { ours: () => true, oursInTests: () => true }
    default:
      return undefined
  }
}

/**
 * Finds every import and every dependency that goes against the layers. Takes the source files together with the `package.json` of
 * each package and of the root, so that a test can feed it a repository that was never written.
 */
export function findViolations(files: readonly SourceFile[]): Violation[] {
  const manifests = readManifests(files)
  const services = new Set(
    [...manifests.keys()]
      .filter((folder) => folder.startsWith('services/'))
      .map((folder) => folder.slice('services/'.length)),
  )
  return files.flatMap(({ file, text }) => {
    const folder = packageFolderOf(file)
    const layer = layerOf(folder, services)
    const manifest = manifests.get(folder)
    // files of deploy that belong to no package (scripts of the build) may import what the root declares
    if (layer === undefined || (manifest === undefined && !file.startsWith('deploy/'))) return []
    const own = { folder, layer, manifest: manifest ?? emptyManifest, root: manifests.get('.') ?? emptyManifest }
    if (posix.basename(file) === 'package.json') return violationsOfManifest(file, own)
    return importsOf({ file, text }).flatMap((found) => {
      const why = whyNot(file, found, own)
      return why === undefined ? [] : [{ file, imported: found.module ?? '(computed)', why }]
    })
  })
}

type Manifest = {
  readonly name: string
  readonly runtime: ReadonlySet<string>
  readonly development: ReadonlySet<string>
}
type Own = { readonly folder: string; readonly layer: Layer; readonly manifest: Manifest; readonly root: Manifest }

const emptyManifest: Manifest = { name: '', runtime: new Set(), development: new Set() }

/** Tests, and what only tests load: fixtures and suites that several implementations share. */
export function isTest(file: string): boolean {
  return /\.test\.tsx?$|[.-](suite|fixture)\.ts$|\/fixtures\//.test(file)
}

function whyNot(file: string, found: Import, { folder, layer, manifest, root }: Own): string | undefined {
  const test = isTest(file)
  const free = folder.startsWith('deploy') || folder === 'test-e2e'
  const { module } = found
  if (module === undefined)
    return layer.builtins === undefined || test ? undefined : 'an import that is computed cannot be checked'
  if (module.startsWith('.') || module.startsWith('/')) {
    const target = posix.normalize(posix.join(posix.dirname(file), module))
    return free || target.startsWith(`${folder}/`)
      ? undefined
      : 'a relative import leaves its package: import the other package by name'
  }
  const builtin = builtinOf(module)
  if (builtin !== undefined) {
    return test || layer.builtins === undefined || layer.builtins.includes(builtin)
      ? undefined
      : 'this layer has no I/O'
  }
  const name = packageOf(module)
  if (name === manifest.name) return 'inside a package import the file by its relative path'
  if (name.startsWith(scope)) {
    const short = name.slice(scope.length)
    if (!layer.ours(short) && !(test && layer.oursInTests(short))) return 'this layer may not import that package'
  } else if (!test && layer.others !== undefined && !layer.others.includes(name)) {
    return 'this layer may not import that package'
  }
  const declared =
    manifest.runtime.has(name) ||
    (found.typeOnly && (manifest.development.has(name) || manifest.development.has(typesOf(name)))) ||
    ((test || free) && (manifest.development.has(name) || root.development.has(name)))
  return declared ? undefined : 'the package.json does not declare it'
}

function violationsOfManifest(file: string, { layer, manifest }: Own): Violation[] {
  const why = 'this layer may not depend on that package'
  const refused: string[] = []
  for (const name of manifest.runtime) {
    const allowed = name.startsWith(scope)
      ? layer.ours(name.slice(scope.length))
      : (layer.others?.includes(name) ?? true)
    if (!allowed) refused.push(name)
  }
  for (const name of manifest.development) {
    if (!name.startsWith(scope)) continue
    const short = name.slice(scope.length)
    if (!layer.ours(short) && !layer.oursInTests(short)) refused.push(name)
  }
  return refused.map((imported) => ({ file, imported, why }))
}

function readManifests(files: readonly SourceFile[]): Map<string, Manifest> {
  type Raw = { name?: string } & Partial<
    Record<'dependencies' | 'devDependencies' | 'optionalDependencies' | 'peerDependencies', Record<string, string>>
  >
  const manifests = new Map<string, Manifest>()
  for (const { file, text } of files) {
    if (posix.basename(file) !== 'package.json') continue
    const raw = JSON.parse(text) as Raw
    const names = { ...raw.dependencies, ...raw.optionalDependencies, ...raw.peerDependencies }
    manifests.set(posix.dirname(file), {
      name: raw.name ?? '',
      runtime: new Set(Object.keys(names)),
      development: new Set(Object.keys(raw.devDependencies ?? {})),
    })
  }
  return manifests
}

function packageFolderOf(file: string): string {
  const [top = '', second = ''] = file.split('/')
  return ['libs', 'services', 'deploy'].includes(top) ? `${top}/${second}` : file.includes('/') ? top : '.'
}

function packageOf(module: string): string {
  return module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/')
}

function typesOf(name: string): string {
  return `@types/${name.replace(/^@(.*)\/(.*)$/, '$1__$2')}`
}

function builtinOf(module: string): string | undefined {
  const name = module.replace(/^node:/, '')
  return module.startsWith('node:') || builtinModules.includes(name) ? name : undefined
}

type Import = {
  /** As written; undefined when it is not a literal. */
  readonly module: string | undefined
  readonly typeOnly: boolean
}

/** Every module that a file names, found in its syntax tree: import, export from, import(), require, require.resolve and import types. */
export function importsOf({ file, text }: SourceFile): Import[] {
  const tree = parseSync(text, { syntax: 'typescript', tsx: file.endsWith('.tsx'), target: 'es2022' })
  const found: Import[] = []
  visit(tree)
  return found

  function visit(node: unknown): void {
    if (Array.isArray(node)) return node.forEach(visit)
    if (typeof node !== 'object' || node === null) return
    const { type, ...parts } = node as Node
    switch (type) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'ExportNamedDeclaration':
        if (parts.source) add(parts.source, parts.typeOnly === true)
        break
      case 'TsImportType':
        add(parts.argument, true)
        break
      case 'TsExternalModuleReference':
        add(parts.expression, false)
        break
      case 'CallExpression':
        if (isLoad(parts.callee)) add(parts.arguments?.[0]?.expression, false)
        break
      default:
        break
    }
    for (const part of Object.values(parts)) visit(part)
  }

  function add(node: Node | undefined, typeOnly: boolean): void {
    const module = node?.type === 'StringLiteral' && typeof node.value === 'string' ? node.value : undefined
    found.push({ module, typeOnly })
  }
}

type Node = {
  readonly type: string
  readonly source?: Node | null
  readonly argument?: Node
  readonly expression?: Node
  readonly callee?: Node
  readonly object?: Node
  readonly value?: unknown
  readonly typeOnly?: boolean
  readonly arguments?: readonly { readonly expression: Node }[]
}

function isLoad(callee: Node | undefined): boolean {
  if (callee?.type === 'Import') return true
  const name = callee?.type === 'MemberExpression' ? callee.object : callee
  return name?.type === 'Identifier' && name.value === 'require'
}

const skipped = new Set(['node_modules', 'dist', 'assets', 'coverage'])

/** Every source file and package.json of the repository. */
export function readRepository(root: string): SourceFile[] {
  const files = [
    'package.json',
    ...['contracts', 'libs', 'services', 'deploy', 'test-e2e'].flatMap((folder) => walk(root, folder)),
  ]
  return files.map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return entry.name.startsWith('.') || skipped.has(entry.name) ? [] : walk(root, path)
    return entry.name === 'package.json' || /\.(ts|tsx|mts|cts|js|mjs|cjs)$/.test(entry.name) ? [path] : []
  })
}
