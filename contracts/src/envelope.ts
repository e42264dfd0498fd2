import { z } from 'zod'
import { ConnectionEpoch, FactId, Sha256, TenantId } from './ids.ts'
import { Actor } from './charger-commands.ts'
import { Normalisation } from './facts.ts'
import { Sealed } from './personal.ts'
import { Instant } from './quantities.ts'

/** The envelope of every event of ours: the metadata that the store keeps beside the data. */

/**
 * The verbatim frame that caused an event: clear, sealed (it names an id token), or, over 64 KiB, in a stream of its own that is
 * named by the SHA-256 of what lies there: the frame, or its ciphertext (then `sealed` has the rest of the seal).
 */
export const Evidence = z.union([
  z.object({ text: z.string() }),
  z.object({ sealed: Sealed }),
  z.object({
    sha256: Sha256,
    bytes: z.int(),
    stream: z.string(),
    sealed: Sealed.omit({ text: true }).optional(),
  }),
])
export type Evidence = z.infer<typeof Evidence>

/** One part of a large frame, in its stream `frame-<tenant>.<sha256>`; the parts in order are the text that the hash names. */
export const FrameChunk = z.object({ part: z.int(), parts: z.int(), text: z.string() })
export type FrameChunk = z.infer<typeof FrameChunk>
/** Event type of the parts. They carry no envelope: their stream's name proves them. */
export const frameChunkType = 'FrameChunk'

/** What a decision read elsewhere: stream, the revision it saw (`null`: the stream did not exist) and the value it used. */
export const Lookup = z.object({ stream: z.string(), revision: z.int().min(0).nullable(), value: z.json() })
export type Lookup = z.infer<typeof Lookup>

/**
 * The inputs of a decision, so that it can be run again. `command` is absent when it is the translation of the frame;
 * `clock` is the instant that the decision took as now.
 */
export const DecisionInputs = z.object({
  build: z.string(),
  clock: Instant,
  command: z.json().optional(),
  lookups: z.array(Lookup),
  settings: z.record(z.string(), z.json()),
})
export type DecisionInputs = z.infer<typeof DecisionInputs>

export const Causation = z.object({
  factId: FactId.optional(),
  epoch: ConnectionEpoch.optional(),
  messageId: z.string().optional(),
  edge: z.string().optional(),
  pod: z.string(),
  /** the event that a process manager reacts to: `<stream>@<revision>` */
  event: z.string().optional(),
  /** the operator's request */
  requestId: z.string().optional(),
})
export type Causation = z.infer<typeof Causation>

export const EventMetadata = z.object({
  /** version of the event's data */
  version: z.int().min(1),
  tenant: TenantId,
  causation: Causation,
  correlation: z.string(),
  actor: Actor,
  receivedAt: Instant,
  frame: Evidence.optional(),
  normalisations: z.array(Normalisation).optional(),
  decision: DecisionInputs,
  traceparent: z.string().optional(),
  prevHash: Sha256,
  hash: Sha256,
})
export type EventMetadata = z.infer<typeof EventMetadata>

/** What a caller of the write loop gives; the loop adds version, prevHash and hash. */
export type MetadataInput = Omit<EventMetadata, 'version' | 'prevHash' | 'hash'>
