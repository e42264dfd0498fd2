import { decodeEvent } from './decode.ts'

const hash = 'a'.repeat(64)
const stored = (type: string, version: number, data: unknown = {}) => ({
  streamId: 'charger-default.CP1',
  id: 'c2ad2f2b-8fd9-4f7e-9c6f-6d2b7f6a3a10',
  revision: 3n,
  type,
  data,
  metadata: { version, hash, prevHash: hash },
})

describe('an event that cannot be read', () => {
  it.each([
    ['of a type that a newer build has', stored('ChargerMoved', 1), true],
    ['of a newer version', stored('ChargerDisconnected', 99), true],
    ['whose data is no object', stored('ChargerDisconnected', 1, 'oops'), false],
    ['without our metadata', { ...stored('ChargerDisconnected', 1), metadata: {} }, false],
  ])('%s says whether a newer build could', (_what, event, newer) => {
    expect(() => decodeEvent(event)).toThrow(
      expect.objectContaining({ name: 'EventUnreadable', stream: 'charger-default.CP1', revision: 3, newer }) as Error,
    )
  })
})
