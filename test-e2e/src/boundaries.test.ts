import { resolve } from 'node:path'
import { findViolations, importsOf, readRepository } from './import-boundaries.ts'
import type { SourceFile } from './import-boundaries.ts'

const manifest = (folder: string, name: string, parts: Record<string, Record<string, string>> = {}): SourceFile => ({
  file: `${folder}/package.json`,
  text: JSON.stringify({ name: `@voltrail/${name}`, ...parts }),
})

/** A small repository without a violation. */
const sound: readonly SourceFile[] = [
  { file: 'package.json', text: JSON.stringify({ devDependencies: { esbuild: '1' } }) },
  manifest('contracts', 'contracts', { dependencies: { zod: '1' } }),
  manifest('libs/domain', 'domain', {
    dependencies: { '@voltrail/contracts': '1', 'big.js': '1' },
    devDependencies: { 'fast-check': '1' },
  }),
  manifest('libs/runtime', 'runtime', { dependencies: { '@voltrail/contracts': '1', pino: '1' } }),
  manifest('libs/bus', 'bus', {
    dependencies: { '@voltrail/contracts': '1', '@voltrail/runtime': '1', nats: '1' },
    devDependencies: { '@voltrail/nats-dev': '1', '@types/ws': '1' },
  }),
  manifest('libs/nats-dev', 'nats-dev'),
  manifest('services/edge', 'edge', {
    dependencies: { '@voltrail/bus': '1', ws: '1' },
    devDependencies: { '@voltrail/nats-dev': '1' },
  }),
  manifest('services/central', 'central', { dependencies: { '@voltrail/domain': '1' } }),
  manifest('deploy/embedded', 'embedded', { dependencies: { '@voltrail/edge': '1', '@voltrail/nats-dev': '1' } }),
  manifest('test-e2e', 'test-e2e', { dependencies: { '@voltrail/embedded': '1' } }),
  { file: 'contracts/src/ids.ts', text: `import { z } from 'zod'; export * from './wh.ts'` },
  { file: 'contracts/src/ids.test.ts', text: `import { readFileSync } from 'node:fs'; import './ids.ts'` },
  {
    file: 'libs/domain/src/session.ts',
    text: `import { createHash } from 'node:crypto'; import Big from 'big.js'; import '@voltrail/contracts/ids'`,
  },
  { file: 'libs/domain/src/session.test.ts', text: `import fc from 'fast-check'; import './session.ts'` },
  {
    file: 'libs/bus/src/request.ts',
    text: `import { connect } from 'nats'; import type { WebSocket } from 'ws'; import '@voltrail/runtime/log'`,
  },
  { file: 'libs/bus/src/request.int.test.ts', text: `import '@voltrail/nats-dev/server'` },
  { file: 'services/edge/src/main.ts', text: `import '@voltrail/bus/request'; import './fact/ask.ts'; import('ws')` },
  {
    file: 'services/edge/src/fact/ask.ts',
    text: `import '../main.ts'; // import '@voltrail/central/main'\nconst s = "import '@voltrail/central/x'"`,
  },
  { file: 'services/edge/src/main.int.test.ts', text: `import '@voltrail/nats-dev/server'` },
  { file: 'deploy/bundle.mjs', text: `import { build } from 'esbuild'` },
  { file: 'deploy/embedded/src/main.ts', text: `import '../../bundle.mjs'; import '@voltrail/edge/main'` },
]

/** One file more, or in the place of one, and the violation it must bring. */
const planted: readonly (readonly [law: string, file: string, text: string, imported: string])[] = [
  ['contracts import nothing of ours', 'contracts/src/x.ts', `import '@voltrail/runtime/log'`, '@voltrail/runtime/log'],
  ['contracts import only zod', 'contracts/src/x.ts', `import pino from 'pino'`, 'pino'],
  ['contracts do no I/O', 'contracts/src/x.ts', `import { readFileSync } from 'node:fs'`, 'node:fs'],
  ['the domain does no I/O', 'libs/domain/src/x.ts', `import 'node:fs'`, 'node:fs'],
  ['the domain does no I/O by an old name either', 'libs/domain/src/x.ts', `import { get } from 'http'`, 'http'],
  [
    'the domain does no I/O by import()',
    'libs/domain/src/x.ts',
    `export const f = async () => (await import('node:net')).connect(1)`,
    'node:net',
  ],
  ['the domain does no I/O by require', 'libs/domain/src/x.ts', `const fs = require('fs/promises')`, 'fs/promises'],
  [
    'the domain hides no import',
    'libs/domain/src/x.ts',
    `export const f = (name: string) => import(name)`,
    '(computed)',
  ],
  [
    'the domain knows no log',
    'libs/domain/src/x.ts',
    `import type { Log } from '@voltrail/runtime/log'`,
    '@voltrail/runtime/log',
  ],
  ['the domain imports no package but big.js', 'libs/domain/src/x.ts', `import fc from 'fast-check'`, 'fast-check'],
  [
    'the domain names no other package in a type',
    'libs/domain/src/x.ts',
    `export type S = import('ws').WebSocket`,
    'ws',
  ],
  [
    'the domain’s tests need no server',
    'libs/domain/src/x.test.ts',
    `import '@voltrail/nats-dev/server'`,
    '@voltrail/nats-dev/server',
  ],
  [
    'the runtime knows no domain',
    'libs/runtime/src/x.ts',
    `import '@voltrail/domain/session'`,
    '@voltrail/domain/session',
  ],
  [
    'a library imports no other outside system',
    'libs/bus/src/x.ts',
    `export { a } from '@voltrail/event-store/append'`,
    '@voltrail/event-store/append',
  ],
  ['a library imports no service', 'libs/bus/src/x.ts', `export * from '@voltrail/edge/main'`, '@voltrail/edge/main'],
  [
    'a library’s source needs no development server',
    'libs/bus/src/x.ts',
    `import '@voltrail/nats-dev/server'`,
    '@voltrail/nats-dev/server',
  ],
  [
    'a service imports no service',
    'services/edge/src/x.ts',
    `import '@voltrail/central/main'`,
    '@voltrail/central/main',
  ],
  [
    'a service’s tests import no service',
    'services/edge/src/x.test.ts',
    `import '@voltrail/central/main'`,
    '@voltrail/central/main',
  ],
  [
    'a service imports no composition',
    'services/edge/src/x.ts',
    `import '@voltrail/embedded/main'`,
    '@voltrail/embedded/main',
  ],
  [
    'a service’s source needs no development server',
    'services/edge/src/x.ts',
    `import '@voltrail/nats-dev/server'`,
    '@voltrail/nats-dev/server',
  ],
  [
    'a relative import stays in its package',
    'services/edge/src/x.ts',
    `import '../../central/src/main.ts'`,
    '../../central/src/main.ts',
  ],
  [
    'a relative import stays in its package, in tests too',
    'libs/bus/src/x.test.ts',
    `import '../../nats-dev/src/s.ts'`,
    '../../nats-dev/src/s.ts',
  ],
  [
    'a package does not import itself by name',
    'services/edge/src/x.ts',
    `import '@voltrail/edge/main'`,
    '@voltrail/edge/main',
  ],
  ['what is imported is declared', 'services/edge/src/x.ts', `import pg from 'pg'`, 'pg'],
  [
    'what is imported of ours is declared',
    'services/edge/src/x.ts',
    `import '@voltrail/domain/session'`,
    '@voltrail/domain/session',
  ],
  ['a development dependency is no dependency', 'libs/bus/src/x.ts', `import { WebSocket } from 'ws'`, 'ws'],
]

const plantedManifests: readonly (readonly [law: string, file: SourceFile, imported: string])[] = [
  ['contracts depend on zod only', manifest('contracts', 'contracts', { dependencies: { pino: '1' } }), 'pino'],
  [
    'the domain depends on contracts only',
    manifest('libs/domain', 'domain', { dependencies: { '@voltrail/runtime': '1' } }),
    '@voltrail/runtime',
  ],
  [
    'a library depends on no service',
    manifest('libs/bus', 'bus', { devDependencies: { '@voltrail/edge': '1' } }),
    '@voltrail/edge',
  ],
  [
    'a service depends on no service',
    manifest('services/edge', 'edge', { dependencies: { '@voltrail/central': '1' } }),
    '@voltrail/central',
  ],
  [
    'a service ships no development server',
    manifest('services/edge', 'edge', { dependencies: { '@voltrail/nats-dev': '1' } }),
    '@voltrail/nats-dev',
  ],
]

describe('the import direction', () => {
  const repository = readRepository(resolve(__dirname, '../..'))

  it('holds in every source file and package.json of the repository', () => {
    expect(findViolations(repository)).toEqual([])
  })

  it('is read from the whole repository', () => {
    const folders = new Set(repository.map(({ file }) => file.split('/').slice(0, 2).join('/')))
    expect([...folders]).toEqual(
      expect.arrayContaining([
        'contracts/src',
        'libs/domain',
        'libs/runtime',
        'services/edge',
        'services/central',
        'deploy/embedded',
      ]),
    )
    expect(repository.flatMap((file) => (file.file.endsWith('.json') ? [] : importsOf(file))).length).toBeGreaterThan(
      100,
    )
  })
})

describe('the check of the import direction', () => {
  it('finds nothing in a sound repository', () => {
    expect(findViolations(sound)).toEqual([])
  })

  it.each(planted)('sees that %s', (_law, file, text, imported) => {
    expect(findViolations([...sound, { file, text }])).toEqual([{ file, imported, why: expect.any(String) }])
  })

  it.each(plantedManifests)('sees that %s', (_law, changed, imported) => {
    const files = sound
      .filter(({ file }) => file === changed.file || file.endsWith('package.json'))
      .map((file) => (file.file === changed.file ? changed : file))
    expect(findViolations(files)).toEqual([{ file: changed.file, imported, why: expect.any(String) }])
  })
})
