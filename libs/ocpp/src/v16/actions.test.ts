import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ChargerCommandType } from '@voltrail/contracts/charger-commands'
import { actions16, isAction16 } from '../schemas.ts'
import { inbound16, outbound16 } from './actions.ts'
import { heartbeatAction } from './heartbeat.ts'
import type { OutboundMessage } from './outbound-message.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const readme = readFileSync(`${here}/../../README.md`, 'utf8')
const source = readFileSync(`${here}/actions.ts`, 'utf8')

const sent = (Object.entries(outbound16) as [ChargerCommandType, OutboundMessage][]).map(
  ([type, { action, actions }]) => [type, typeof action === 'string' ? [action] : (actions ?? [])] as const,
)

/** The rows of the table below a heading cell. */
const rowsBelow = (heading: string): string[][] => {
  const lines = readme
    .slice(readme.indexOf(`| ${heading} |`))
    .split('\n')
    .slice(2)
  return lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

describe('the table of what is spoken', () => {
  it('is all of OCPP 1.6 and its security extension, each action in its direction', () => {
    const spoken = [...inbound16.keys(), heartbeatAction, ...sent.flatMap(([, actions]) => actions)]
    expect([...new Set(spoken)].toSorted()).toEqual([...actions16].toSorted())
    expect(spoken.every(isAction16)).toBe(true)
  })

  it('stands in the README as it is', () => {
    const received = rowsBelow('from chargers').flatMap(([actions]) => actions!.split(', '))
    expect(received.toSorted()).toEqual([...inbound16.keys(), heartbeatAction].toSorted())
    expect(rowsBelow('command')).toEqual(
      sent.map(([type, actions]) => [type, type === 'RawCall' ? 'any, as its operator gives it' : actions.join(', ')]),
    )
  })

  it('has one file per message, and its test beside it: an action touches three files', () => {
    const files = new Set(readdirSync(here))
    const messages = [...source.matchAll(/^import \{ .* \} from '\.\/(.+)\.ts'$/gm)].map(([, file]) => file!)
    expect(messages.length).toBeGreaterThan(25)
    for (const message of messages) {
      expect(files).toContain(`${message}.ts`)
      expect(files).toContain(`${message}.test.ts`)
    }
  })
})
