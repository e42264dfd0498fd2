import { recentEventIds } from './recent-event-ids.ts'

const id = (n: number): Buffer => {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32BE(n)
  return bytes
}

describe('recent event ids', () => {
  it('knows the newest half of its bound for certain, and the stream they belong to', () => {
    const ids = recentEventIds(100)
    for (let n = 0; n < 1000; n++) ids.remember(id(n), 's-1', n)
    for (let n = 950; n < 1000; n++) expect(ids.revisionOf(id(n), 's-1')).toBe(n)
    expect(ids.revisionOf(id(999), 's-2')).toBeUndefined()
    expect(ids.revisionOf(id(899), 's-1')).toBeUndefined()
  })
})
