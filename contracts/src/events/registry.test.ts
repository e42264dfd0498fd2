import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { currentVersion, eventSchemas, eventsByCategory, upcast, type EventType } from './registry.ts'

const folder = join(__dirname, '../../samples')
const samples = readdirSync(folder).map((file) => {
  const sample = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    type: EventType
    version: number
    data: unknown
  }
  return { file, ...sample }
})

describe('the events of the log', () => {
  it('have a stored sample of every version that ever was', () => {
    const expected = Object.keys(eventSchemas).flatMap((type) =>
      Array.from({ length: currentVersion(type as EventType) }, (_, i) => `${type}.v${i + 1}.json`),
    )
    expect(samples.map(({ file }) => file).toSorted()).toEqual(expected.toSorted())
  })

  it.each(samples)('read the stored sample $file for ever', ({ type, version, data }) => {
    const event = upcast(type, version, data)
    expect(event.type).toBe(type)
    expect(eventSchemas[type].parse(event.data)).toEqual(event.data)
  })

  it('have names that are unique over all categories', () => {
    const names = Object.values(eventsByCategory).flatMap((events) => Object.keys(events))
    expect(new Set(names).size).toBe(names.length)
  })

  it('are refused when their type or version is unknown', () => {
    expect(() => upcast('SomethingElse', 1, {})).toThrow('unknown event type SomethingElse')
    expect(() => upcast('SessionSettled', 99, {})).toThrow('newer than this build knows')
  })
})
