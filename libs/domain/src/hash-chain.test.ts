import fc from 'fast-check'
import { canonicalJson } from './canonical-json.ts'
import { chainHash, eventIdOf, genesisHash, metadataText, verifyChain } from './hash-chain.ts'
import type { StoredEvent } from './hash-chain.ts'

type Bytes = StoredEvent & { readonly data: Uint8Array; readonly metadata: Uint8Array }

const stream = 'session-default.CP1.17'
const chain = (length: number): Bytes[] => {
  const events: Bytes[] = []
  let prevHash = genesisHash
  for (let revision = 0; revision < length; revision++) {
    const data = canonicalJson({ contentKey: `k${revision}`, energyWh: revision * 250, note: 'ü€ \n' })
    const metadata = canonicalJson({ tenant: 'default', prevHash, version: 1 })
    const hash = chainHash({ stream, revision, prevHash, type: 'SessionEnergyMetered', data, metadata })
    const stored = metadataText(hash, metadata)
    events.push({
      id: eventIdOf(hash),
      stream,
      revision,
      type: 'SessionEnergyMetered',
      data: Buffer.from(data),
      metadata: Buffer.from(stored),
    })
    prevHash = hash
  }
  return events
}
const parse = (event: Bytes): StoredEvent => ({
  ...event,
  data: JSON.parse(Buffer.from(event.data).toString()),
  metadata: JSON.parse(Buffer.from(event.metadata).toString()),
})
const replaced = <T>(list: readonly T[], index: number, value: T): T[] =>
  list.map((one, i) => (i === index ? value : one))

describe('the hash chain of a stream', () => {
  it('verifies as it was made, as bytes and as parsed JSON', () => {
    const events = chain(5)
    const head = (parse(events[4]!).metadata as { hash: string }).hash
    expect(verifyChain(events)).toEqual({ ok: true, head, revision: 4 })
    expect(verifyChain(events.map(parse))).toEqual({ ok: true, head, revision: 4 })
  })

  it('is empty and whole for a stream without events', () => {
    expect(verifyChain([])).toEqual({ ok: true, head: genesisHash, revision: -1 })
  })

  it('finds any flipped bit of any byte at its revision', () => {
    const events = chain(4)
    fc.assert(
      fc.property(fc.nat(3), fc.boolean(), fc.nat(), fc.integer({ min: 0, max: 7 }), (revision, inData, at, bit) => {
        const event = events[revision]!
        const field = inData ? 'data' : 'metadata'
        const bytes = Uint8Array.from(event[field])
        bytes[at % bytes.length]! ^= 1 << bit
        expect(verifyChain(replaced(events, revision, { ...event, [field]: bytes }))).toMatchObject({
          ok: false,
          revision,
        })
      }),
      { numRuns: 2000 },
    )
  })

  it('finds an event that is missing, put twice, exchanged or cut from the front', () => {
    const [a, b, c] = chain(3) as [Bytes, Bytes, Bytes]
    expect(verifyChain([a, c])).toMatchObject({ ok: false, revision: 1 })
    expect(verifyChain([a, b, b, c])).toMatchObject({ ok: false, revision: 2 })
    expect(verifyChain([a, { ...c, revision: 1 }, { ...b, revision: 2 }])).toMatchObject({ ok: false, revision: 1 })
    expect(verifyChain([b, c])).toMatchObject({ ok: false, revision: 0 })
  })

  it('finds another type, another stream and another id', () => {
    const events = chain(2)
    for (const change of [
      { type: 'SessionStopped' },
      { stream: 'session-default.CP1.18' },
      { id: '00000000-0000-8000-8000-000000000000' },
    ]) {
      expect(verifyChain(replaced(events, 1, { ...events[1]!, ...change }))).toMatchObject({ ok: false, revision: 1 })
    }
  })

  it('finds an event rewritten together with its own hash, by the link of the next', () => {
    const events = chain(3)
    const forged = chain(2)[1]!
    const metadata = canonicalJson({
      tenant: 'other',
      prevHash: (parse(events[0]!).metadata as { hash: string }).hash,
      version: 1,
    })
    const data = Buffer.from(forged.data).toString()
    const hash = chainHash({
      stream,
      revision: 1,
      prevHash: (parse(events[0]!).metadata as { hash: string }).hash,
      type: forged.type,
      data,
      metadata,
    })
    const rewritten = { ...forged, id: eventIdOf(hash), metadata: Buffer.from(metadataText(hash, metadata)) }
    expect(verifyChain(replaced(events, 1, rewritten).slice(0, 2))).toMatchObject({ ok: true })
    expect(verifyChain(replaced(events, 1, rewritten))).toMatchObject({ ok: false, revision: 2 })
  })

  it('goes on from an event that was checked before', () => {
    const events = chain(4)
    const hash = (parse(events[1]!).metadata as { hash: string }).hash
    expect(verifyChain(events.slice(2), { revision: 1, hash })).toMatchObject({ ok: true, revision: 3 })
  })

  it('makes ids that are UUIDs of version 8', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{64}$/), (hash) => {
        expect(eventIdOf(hash)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(eventIdOf(hash)).toHaveLength(36)
      }),
    )
  })
})
