import { createLog } from '@voltrail/runtime/log'
import { createRefusalLog } from './refusal-log.ts'

const opened = () => {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }
  let now = 0
  const refusals = createRefusalLog(createLog({ service: 'edge', level: 'info', destination }), () => now)
  return { lines, refusals, at: (time: number) => (now = time) }
}

describe('who is not let in', () => {
  it('is one line for an address and a status, whatever charger it names, and then one a minute with how often', () => {
    const { lines, refusals, at } = opened()
    for (let i = 0; i < 50; i += 1)
      refusals.say({ remoteAddress: '10.0.0.1', status: 404, detail: `no charger CP${i} is known here` }, 'refused')
    refusals.say({ remoteAddress: '10.0.0.2', status: 404, detail: 'no charger CP1 is known here' }, 'refused')
    expect(lines.map(({ remoteAddress, times }) => [remoteAddress, times])).toEqual([
      ['10.0.0.1', undefined],
      ['10.0.0.2', undefined],
    ])
    at(61_000)
    refusals.sweep(61_000)
    expect(lines.at(-1)).toMatchObject({ remoteAddress: '10.0.0.1', times: 49 })
  })

  it('is a line for each flaw of its requests, and none for each word that it puts into one', () => {
    const { lines, refusals } = opened()
    for (let i = 0; i < 50; i += 1)
      refusals.say({ remoteAddress: '::1', status: 426, detail: `Connection is "x \\"${i}\\""` }, 'refused')
    refusals.say({ remoteAddress: '::1', status: 426, detail: 'there is no Upgrade header' }, 'refused')
    expect(lines).toHaveLength(2)
  })
})
