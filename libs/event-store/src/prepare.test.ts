import { genesisHash, verifyChain } from '@voltrail/domain/hash-chain'
import type { DomainEvent } from '@voltrail/contracts/events/registry'
import { metadata, stream, visit } from './fixtures/visits.ts'
import { EventInvalid, EventTooLarge, maxEventBytes, prepareEvents } from './prepare.ts'

const empty = { revision: -1, hash: genesisHash }
const CP1 = stream('CP1')

describe('preparing events', () => {
  it('makes bytes that verify as a chain from the last event on', () => {
    const first = prepareEvents(CP1, [visit('a'), visit('b')], metadata(), empty)
    const { revision, metadata: last } = first[1]!.recorded
    const more = prepareEvents(CP1, [visit('c')], metadata(), { revision, hash: last.hash })
    const stored = [...first, ...more].map((event, i) => ({ ...event, stream: CP1, revision: i }))
    expect(verifyChain(stored)).toEqual({ ok: true, head: more[0]!.recorded.metadata.hash, revision: 2 })
  })

  it('makes the same bytes and ids from the same input, and others at another revision', () => {
    const make = (revision: number) => prepareEvents(CP1, [visit('a')], metadata(), { revision, hash: genesisHash })[0]!
    expect(make(3)).toEqual(make(3))
    expect(make(4).id).not.toBe(make(3).id)
  })

  it('records what a reader of the stored bytes would see', () => {
    const withUndefined = {
      type: 'VendorDataReceived',
      data: { vendorId: 'a', messageId: undefined, status: 'Accepted' },
    }
    const [event] = prepareEvents(CP1, [withUndefined as unknown as DomainEvent], metadata(), empty)
    const { recorded } = event!
    expect(recorded.data).toEqual(JSON.parse(Buffer.from(event!.data).toString()))
    expect(recorded.metadata).toEqual(JSON.parse(Buffer.from(event!.metadata).toString()))
  })

  it.each([
    ['data that breaks the schema', { type: 'VendorDataReceived', data: { vendorId: 7 } }],
    ['an unknown type', { type: 'Nonsense', data: {} }],
    [
      'text that JSON stores cannot keep',
      { type: 'VendorDataReceived', data: { vendorId: 'a\u0000', status: 'Accepted' } },
    ],
  ])('throws on %s', (_what, event) => {
    expect(() => prepareEvents(CP1, [event as DomainEvent], metadata(), empty)).toThrow(EventInvalid)
  })

  it('throws on metadata that breaks its contract', () => {
    expect(() => prepareEvents(CP1, [visit('a')], metadata({ receivedAt: 'today' as never }), empty)).toThrow(
      EventInvalid,
    )
  })

  it('refuses an event over 512 KiB with its size', () => {
    const frame = { text: 'x'.repeat(maxEventBytes) }
    expect(() => prepareEvents(CP1, [visit('a')], metadata({ frame }), empty)).toThrow(EventTooLarge)
    expect(() => prepareEvents(CP1, [visit('a')], metadata({ frame }), empty)).toThrow(
      expect.objectContaining({ type: 'VendorDataReceived' }),
    )
  })
})
