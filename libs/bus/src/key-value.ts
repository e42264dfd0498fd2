import { BusError } from './bus-error.ts'
import type { Connection } from './connection.ts'
import { noData } from './connection.ts'
import type { Consumer } from './consumer.ts'
import { openConsumer } from './consumer.ts'
import { checkName, ensureStream, lastMessage, publishDurable } from './jet-stream.ts'
import type { DurablePublishOptions } from './jet-stream.ts'
import type { MessageHeaders } from './message-headers.ts'

export interface KeyValueConfig {
  /** An entry goes this long after it was written last; absent or 0 = never. At least 100. */
  readonly ttlMs?: number
  /** Default 1. */
  readonly replicas?: number
  /** Default `file`. */
  readonly storage?: 'file' | 'memory'
}

export interface KeyValueEntry {
  readonly key: string
  readonly value: Uint8Array
  /** Grows with every write to the bucket. */
  readonly revision: number
}

export type KeyValueChange =
  | ({ readonly kind: 'put' } & KeyValueEntry)
  | { readonly kind: 'delete'; readonly key: string; readonly revision: number }

export interface KeyValueWatch {
  /** Resolves when the handler has had every entry that was there at the start. */
  readonly caughtUp: Promise<void>
  stop(): Promise<void>
}

/**
 * A bucket of small entries, the last value of each key. Keys: letters, digits and `- _ = / .`, dots separate words.
 * Every operation throws BusError `disconnected` or `timeout` when it cannot tell what happened.
 */
export interface KeyValue {
  get(key: string): Promise<KeyValueEntry | undefined>
  /** Returns the revision. */
  put(key: string, value: Uint8Array): Promise<number>
  /** Only if there is none (or it was deleted, or has expired). */
  create(key: string, value: Uint8Array): Promise<{ kind: 'stored'; revision: number } | { kind: 'exists' }>
  /** Only if the entry still has this revision: compare and swap. */
  update(
    key: string,
    value: Uint8Array,
    revision: number,
  ): Promise<{ kind: 'stored'; revision: number } | { kind: 'conflict' }>
  /** With a revision: only if the entry still has it. */
  delete(key: string, revision?: number): Promise<{ kind: 'deleted' } | { kind: 'conflict' }>
  /**
   * Entries that are there, then changes in order, over reconnects. Filter: a key with `*` (one word) or `>` (the rest).
   * An expired entry makes no change: whoever needs to know compares `storedAt` with the ttl, or asks.
   */
  watch(
    handler: (change: KeyValueChange & { readonly storedAt: number }) => Promise<void> | void,
    options?: { readonly filter?: string; readonly onError?: (error: Error) => void },
  ): Promise<KeyValueWatch>
}

const OPERATION = 'KV-Operation'

/** Opens a bucket, made or changed to this configuration. It is an ordinary NATS key-value bucket: other clients can read it. */
export async function openKeyValue(
  connection: Connection,
  bucket: string,
  config: KeyValueConfig,
  track: { add(consumer: Consumer): void; remove(consumer: Consumer): void },
): Promise<KeyValue> {
  checkName('bucket', bucket)
  const stream = `KV_${bucket}`
  const prefix = `$KV.${bucket}.`
  await ensureStream(connection, {
    name: stream,
    subjects: [`${prefix}>`],
    maxMessagesPerSubject: 1,
    discard: 'new',
    allowRollup: true,
    ...(config.ttlMs !== undefined && { maxAgeMs: config.ttlMs }),
    ...(config.replicas !== undefined && { replicas: config.replicas }),
    ...(config.storage !== undefined && { storage: config.storage }),
  })

  const last = async (key: string): Promise<{ value: Uint8Array; revision: number; deleted: boolean } | undefined> => {
    const message = await lastMessage(connection, stream, prefix + checkKey(key))
    return message && { value: message.data, revision: message.seq, deleted: isDeletion(message.headers) }
  }
  const write = async (
    key: string,
    value: Uint8Array,
    options: DurablePublishOptions = {},
  ): Promise<number | 'conflict'> => {
    const outcome = await publishDurable(connection, prefix + checkKey(key), value, options)
    switch (outcome.kind) {
      case 'stored':
        return outcome.seq
      case 'wrong-last-sequence':
        return 'conflict'
      case 'no-stream':
        throw new BusError('no-stream', `the bucket ${bucket} does not exist any more`)
      case 'refused':
        throw new BusError('refused', `the bucket ${bucket} refuses ${key}: ${outcome.description}`, {
          serverCode: outcome.code,
        })
      case 'timeout':
        throw new BusError('timeout', `the bucket ${bucket} did not answer; ${key} may or may not be written`)
      case 'disconnected':
        throw new BusError(
          'disconnected',
          `the bus connection is away; ${key} ${outcome.sent ? 'may or may not be' : 'was not'} written to bucket ${bucket}`,
        )
    }
  }
  const must = async (written: Promise<number | 'conflict'>): Promise<number> => {
    const revision = await written
    if (revision === 'conflict')
      throw new BusError('refused', `bucket ${bucket} saw a conflict where no revision was given`)
    return revision
  }

  return {
    async get(key) {
      const entry = await last(key)
      return entry === undefined || entry.deleted ? undefined : { key, value: entry.value, revision: entry.revision }
    },
    put: (key, value) => must(write(key, value)),
    async create(key, value) {
      let expectLastSubjectSequence = 0
      for (;;) {
        const revision = await write(key, value, { expectLastSubjectSequence })
        if (revision !== 'conflict') return { kind: 'stored', revision }
        // a deleted entry leaves a marker, which has a revision of its own
        const entry = await last(key)
        if (entry !== undefined && !entry.deleted) return { kind: 'exists' }
        expectLastSubjectSequence = entry?.revision ?? 0
      }
    },
    async update(key, value, expected) {
      const revision = await write(key, value, { expectLastSubjectSequence: expected })
      return revision === 'conflict' ? { kind: 'conflict' } : { kind: 'stored', revision }
    },
    async delete(key, expected) {
      const headers = { [OPERATION]: 'DEL' }
      const options = { headers, ...(expected !== undefined && { expectLastSubjectSequence: expected }) }
      return (await write(key, noData, options)) === 'conflict' ? { kind: 'conflict' } : { kind: 'deleted' }
    },
    async watch(handler, { filter = '>', onError } = {}) {
      let markCaughtUp = (): void => {}
      const caughtUp = new Promise<void>((resolve) => (markCaughtUp = resolve))
      const consumer = await openConsumer(
        connection,
        stream,
        {
          filterSubject: prefix + filter,
          lastPerSubject: true,
          onCreated: (pending) => pending === 0 && markCaughtUp(),
          ...(onError && { onError }),
        },
        async ({ subject, data, headers, seq, storedAt, pending }) => {
          const key = subject.slice(prefix.length)
          const change: KeyValueChange = isDeletion(headers)
            ? { kind: 'delete', key, revision: seq }
            : { kind: 'put', key, value: data, revision: seq }
          await handler({ ...change, storedAt })
          if (pending === 0) markCaughtUp()
        },
        (ended) => track.remove(ended),
      )
      track.add(consumer)
      return { caughtUp, stop: () => consumer.stop() }
    },
  }
}

function isDeletion(headers: MessageHeaders): boolean {
  return headers[OPERATION] === 'DEL' || headers[OPERATION] === 'PURGE'
}

function checkKey(key: string): string {
  if (/^[-/=\w]+(\.[-/=\w]+)*$/.test(key)) return key
  throw new BusError(
    'bad-subject',
    `${JSON.stringify(key)} is not a key: words of letters, digits and "- _ = /", separated by dots`,
  )
}
