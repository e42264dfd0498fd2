import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { wireFolder, type WireTests } from './conformance-page.ts'

/** The tests of conformance on the wire, in the order of their names. @param root of the repository */
export const readWireTests = (root: string): WireTests[] =>
  readdirSync(join(root, wireFolder))
    .filter((name) => name.endsWith('.e2e.test.ts'))
    .toSorted()
    .map((name) => ({ file: `${wireFolder}/${name}`, text: readFileSync(join(root, wireFolder, name), 'utf8') }))
