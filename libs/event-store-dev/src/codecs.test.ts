import * as fc from 'fast-check'
import { decodeBatchAppendRequest, encodeBatchAppendSuccess } from './batch-append-codec.ts'
import { formatEventId, parseEventId } from './event-id.ts'
import { any, empty, shared, streams } from './protobuf-messages.ts'
import { WireError } from './protobuf-wire.ts'
import { encodeReadEvent } from './read-event-codec.ts'
import { decodeRecord, encodeRecord, recordLength } from './record.ts'

const bytes = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value))
const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((value) => Buffer.from(value))
const text = fc.string({ unit: 'grapheme', maxLength: 60 }).map((value) => value.toWellFormed())
const uint64 = fc.oneof(fc.bigInt(0n, 200n), fc.bigInt(0n, 2n ** 64n - 1n))
const int63 = fc.bigInt(0n, 2n ** 63n - 1n)

describe('hand-written codecs agree with the generated messages', () => {
  it('reads a BatchAppendReq', () => {
    const proposed = fc.record({
      id,
      type: text,
      json: fc.boolean(),
      data: bytes,
      metadata: bytes,
      structured: fc.boolean(),
    })
    const expected = fc.oneof(fc.constantFrom('any', 'no_stream', 'stream_exists'), uint64)
    fc.assert(
      fc.property(
        fc.array(proposed, { maxLength: 5 }),
        text,
        expected,
        fc.boolean(),
        id,
        (events, stream, wanted, isFinal, correlation) => {
          const request = new streams.BatchAppendReq()
          const correlationId = new shared.UUID()
          correlationId.setString(formatEventId(correlation))
          request.setCorrelationId(correlationId)
          const options = new streams.BatchAppendReq.Options()
          const identifier = new shared.StreamIdentifier()
          identifier.setStreamName(Buffer.from(stream).toString('base64'))
          options.setStreamIdentifier(identifier)
          if (typeof wanted === 'bigint') options.setStreamPosition(String(wanted))
          else if (wanted === 'no_stream') options.setNoStream(new empty.Empty())
          else if (wanted === 'any') options.setAny(new empty.Empty())
          else options.setStreamExists(new empty.Empty())
          request.setOptions(options)
          for (const event of events) {
            const message = new streams.BatchAppendReq.ProposedMessage()
            const uuid = new shared.UUID()
            if (event.structured) {
              const halves = new shared.UUID.Structured()
              halves.setMostSignificantBits(String(event.id.readBigInt64BE(0)))
              halves.setLeastSignificantBits(String(event.id.readBigInt64BE(8)))
              uuid.setStructured(halves)
            } else uuid.setString(formatEventId(event.id))
            message.setId(uuid)
            message.getMetadataMap().set('type', event.type)
            message.getMetadataMap().set('content-type', event.json ? 'application/json' : 'application/octet-stream')
            message.setData(event.data)
            message.setCustomMetadata(event.metadata)
            request.addProposedMessages(message)
          }
          request.setIsFinal(isFinal)

          const decoded = decodeBatchAppendRequest(Buffer.from(request.serializeBinary()))
          expect(decoded.isFinal).toBe(isFinal)
          expect(decoded.options).toMatchObject({ stream, expected: wanted, deadline: undefined })
          expect(decoded.correlationId).toEqual(Buffer.from(correlationId.serializeBinary()))
          expect(decoded.events).toEqual(events.map(({ structured: _, ...event }) => event))
        },
      ),
    )
  })

  it('writes a successful BatchAppendResp', () => {
    const options = fc.record({
      stream: text,
      expected: fc.oneof(fc.constantFrom('any', 'no_stream', 'stream_exists'), uint64),
    })
    fc.assert(
      fc.property(
        options,
        fc.oneof(fc.constant(-1n), int63),
        fc.option(uint64, { nil: undefined }),
        id,
        ({ stream, expected }, revision, position, correlation) => {
          const correlationId = new shared.UUID()
          correlationId.setString(formatEventId(correlation))
          const identifier = new shared.StreamIdentifier()
          identifier.setStreamName(Buffer.from(stream).toString('base64'))
          const encoded = encodeBatchAppendSuccess(
            {
              correlationId: Buffer.from(correlationId.serializeBinary()),
              options: {
                streamIdentifier: Buffer.from(identifier.serializeBinary()),
                stream,
                expected,
                deadline: undefined,
              },
            },
            revision,
            position,
          )
          const response = streams.BatchAppendResp.deserializeBinary(encoded)
          expect(response.getCorrelationId()?.getString()).toBe(formatEventId(correlation))
          expect(Buffer.from(response.getStreamIdentifier()!.getStreamName_asU8()).toString()).toBe(stream)
          const success = response.getSuccess()!
          expect(success.hasNoStream()).toBe(revision < 0n)
          if (revision >= 0n) expect(success.getCurrentRevision()).toBe(String(revision))
          expect(success.getPosition()?.getCommitPosition()).toBe(position === undefined ? undefined : String(position))
          expect(success.getPosition()?.getPreparePosition()).toBe(
            position === undefined ? undefined : String(position),
          )
          expect(success.hasNoPosition()).toBe(position === undefined)
          expect(response.hasStreamPosition() ? BigInt(response.getStreamPosition()) : undefined).toBe(
            typeof expected === 'bigint' ? expected : undefined,
          )
          expect([response.hasAny(), response.hasNoStream(), response.hasStreamExists()]).toEqual(
            ['any', 'no_stream', 'stream_exists'].map((each) => each === expected),
          )
        },
      ),
    )
  })

  it('writes a read event, from the record on disk to the message', () => {
    const event = fc.record({ id, type: text, json: fc.boolean(), data: bytes, metadata: bytes })
    fc.assert(
      fc.property(
        event,
        text,
        int63,
        uint64,
        fc.integer({ min: 0, max: 4e12 }),
        fc.boolean(),
        (proposed, stream, revision, position, created, structured) => {
          const name = Buffer.from(stream)
          const type = Buffer.from(proposed.type)
          const disk = Buffer.alloc(7 + recordLength(name.length, type.length, proposed))
          expect(encodeRecord(disk, 7, name, type, revision, created, proposed)).toBe(disk.length)
          const record = decodeRecord(disk, 7)
          expect(record).toEqual({ ...proposed, stream, revision, created })

          const encoded = encodeReadEvent(record, position, structured, 5).subarray(5)
          const read = streams.ReadResp.deserializeBinary(encoded).getEvent()!
          const recorded = read.getEvent()!
          expect(read.getCommitPosition()).toBe(String(position))
          if (structured) {
            expect(BigInt(recorded.getId()!.getStructured()!.getMostSignificantBits())).toBe(
              proposed.id.readBigInt64BE(0),
            )
            expect(BigInt(recorded.getId()!.getStructured()!.getLeastSignificantBits())).toBe(
              proposed.id.readBigInt64BE(8),
            )
          } else expect(recorded.getId()!.getString()).toBe(formatEventId(proposed.id))
          expect(Buffer.from(recorded.getStreamIdentifier()!.getStreamName_asU8()).toString()).toBe(stream)
          expect(recorded.getStreamRevision()).toBe(String(revision))
          expect(recorded.getCommitPosition()).toBe(String(position))
          expect(recorded.getPreparePosition()).toBe(String(position))
          expect(recorded.getMetadataMap().get('type')).toBe(proposed.type)
          expect(recorded.getMetadataMap().get('content-type')).toBe(
            proposed.json ? 'application/json' : 'application/octet-stream',
          )
          expect(recorded.getMetadataMap().get('created')).toBe(String(created * 10_000))
          expect(Buffer.from(recorded.getData_asU8())).toEqual(proposed.data)
          expect(Buffer.from(recorded.getCustomMetadata_asU8())).toEqual(proposed.metadata)
        },
      ),
    )
  })

  it('refuses broken bytes with an error of its own, never with another one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          decodeBatchAppendRequest(Buffer.from(noise))
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('event ids survive text and back', () => {
    fc.assert(fc.property(id, (value) => expect(parseEventId(formatEventId(value))).toEqual(value)))
    expect(parseEventId('not-a-uuid')).toBeUndefined()
  })

  it('a packed detail keeps its type name', () => {
    const details = new any.Any()
    details.pack(new shared.Unknown().serializeBinary(), 'event_store.client.Unknown')
    expect(details.getTypeName()).toBe('event_store.client.Unknown')
  })
})
