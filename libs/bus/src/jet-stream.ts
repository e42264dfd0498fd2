import { BusError } from './bus-error.ts'
import type { Connection } from './connection.ts'
import { noData } from './connection.ts'
import type { MessageHeaders } from './message-headers.ts'
import { fromStored } from './message-headers.ts'

/** Absent means no limit, except where a default is given. */
export interface StreamConfig {
  readonly name: string
  /** May hold wildcards. No subject that somebody sends requests to: see the README. */
  readonly subjects: readonly string[]
  readonly maxAgeMs?: number
  readonly maxBytes?: number
  readonly maxMessages?: number
  readonly maxMessagesPerSubject?: number
  readonly maxMessageBytes?: number
  /** Within it a second publish with the same msgId stores nothing. Default 2 minutes, at most maxAgeMs. */
  readonly duplicateWindowMs?: number
  /** Default 1. */
  readonly replicas?: number
  /** Cannot be changed later. Default `file`. */
  readonly storage?: 'file' | 'memory'
  /** What happens at a limit: the oldest goes (default) or the new one is refused. */
  readonly discard?: 'old' | 'new'
  readonly description?: string
  /** Lets a message replace all earlier ones of its subject (key-value buckets need it). */
  readonly allowRollup?: boolean
}

/** Where a stream stands. Sequences start at 1; lastSequence 0 = nothing was ever stored. */
export interface StreamState {
  readonly messages: number
  readonly firstSequence: number
  readonly lastSequence: number
}

export interface DurablePublishOptions {
  /** Stored once per duplicate window. */
  readonly msgId?: string
  /** Store only if the stream's last sequence is this (0 = empty stream). */
  readonly expectLastSequence?: number
  /** Store only if the last sequence of this very subject is this (0 = none). */
  readonly expectLastSubjectSequence?: number
  readonly headers?: MessageHeaders
  /** Default 5,000. */
  readonly timeoutMs?: number
}

/** After `timeout` and `disconnected {sent: true}` it may or may not be stored: publish again with the same msgId. */
export type DurablePublishOutcome =
  | { readonly kind: 'stored'; readonly stream: string; readonly seq: number; readonly duplicate: boolean }
  | { readonly kind: 'no-stream' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'disconnected'; readonly sent: boolean }
  /** `actual`: where the stream (or subject) stands, when the server says so. */
  | { readonly kind: 'wrong-last-sequence'; readonly actual?: number }
  /** A limit of the stream or the account; `code` is JetStream's. */
  | { readonly kind: 'refused'; readonly code: number; readonly description: string }

export interface StoredMessage {
  readonly subject: string
  readonly data: Uint8Array
  readonly headers: MessageHeaders
  readonly seq: number
  /** When the server stored it, ms since 1970. */
  readonly storedAt: number
}

interface ApiError {
  readonly code: number
  readonly err_code?: number
  readonly description?: string
}

const API_TIMEOUT_MS = 5_000
const NANOS_PER_MS = 1_000_000
const DUPLICATE_WINDOW_MS = 120_000

/** Numbers of https://github.com/nats-io/nats-server/blob/main/server/errors.json */
const CODE = {
  noMessage: 10_037,
  nameInUse: 10_058,
  noStream: 10_059,
  wrongLastSequence: 10_071,
  noConsumer: 10_014,
} as const

/** One request to JetStream's API: its answer, or the error it answered with. Errors: BusError for everything else. */
export async function askApi<T>(
  connection: Connection,
  operation: string,
  body?: object,
): Promise<{ ok: T } | { error: { code: number; description: string } }> {
  const data = body === undefined ? noData : Buffer.from(JSON.stringify(body))
  const outcome = await connection.request(`$JS.API.${operation}`, data, { timeoutMs: API_TIMEOUT_MS })
  switch (outcome.kind) {
    case 'reply': {
      const answer = JSON.parse(Buffer.from(outcome.data).toString('utf8')) as T & { error?: ApiError }
      if (answer.error === undefined) return { ok: answer }
      return {
        error: { code: answer.error.err_code ?? answer.error.code, description: answer.error.description ?? '' },
      }
    }
    case 'no-responders':
      throw new BusError(
        'refused',
        `JetStream is not enabled on this server or account, or has no leader (${operation})`,
      )
    case 'timeout':
      throw new BusError('timeout', `JetStream did not answer ${operation} within ${API_TIMEOUT_MS} ms`)
    case 'disconnected':
      throw new BusError('disconnected', `the bus connection is away: ${operation}`)
  }
}

export function isMissing(code: number): boolean {
  return code === CODE.noStream || code === CODE.noConsumer
}

/** JetStream's refusal as an error. */
export function refusal(what: string, error: { code: number; description: string }): BusError {
  const fault = error.code === CODE.noStream ? 'no-stream' : 'refused'
  return new BusError(fault, `${what}: ${error.description}`, { serverCode: error.code })
}

/**
 * Makes the stream, or changes an existing one to this configuration.
 * Errors: BusError `refused`, also where JetStream cannot change what is there (storage) or subjects overlap another stream's.
 */
export async function ensureStream(connection: Connection, config: StreamConfig): Promise<StreamState> {
  checkName('stream', config.name)
  const { maxAgeMs } = config
  const duplicateWindowMs = config.duplicateWindowMs ?? Math.min(DUPLICATE_WINDOW_MS, maxAgeMs || DUPLICATE_WINDOW_MS)
  const wire = {
    name: config.name,
    subjects: config.subjects,
    retention: 'limits',
    storage: config.storage ?? 'file',
    discard: config.discard ?? 'old',
    max_age: (maxAgeMs ?? 0) * NANOS_PER_MS,
    max_bytes: config.maxBytes ?? -1,
    max_msgs: config.maxMessages ?? -1,
    max_msgs_per_subject: config.maxMessagesPerSubject ?? -1,
    max_msg_size: config.maxMessageBytes ?? -1,
    max_consumers: -1,
    duplicate_window: duplicateWindowMs * NANOS_PER_MS,
    num_replicas: config.replicas ?? 1,
    allow_rollup_hdrs: config.allowRollup ?? false,
    ...(config.description !== undefined && { description: config.description }),
  }
  type Answer = { state: { messages: number; first_seq: number; last_seq: number } }
  // Create answers with the stream when the very same one exists, so that several starting pods do not disturb each other.
  let answer = await askApi<Answer>(connection, `STREAM.CREATE.${config.name}`, wire)
  if ('error' in answer && answer.error.code === CODE.nameInUse) {
    answer = await askApi<Answer>(connection, `STREAM.UPDATE.${config.name}`, wire)
  }
  if ('error' in answer) throw refusal(`stream ${config.name} cannot be made or changed`, answer.error)
  const { messages, first_seq: firstSequence, last_seq: lastSequence } = answer.ok.state
  return { messages, firstSequence, lastSequence }
}

/** Stores a message and tells what became of it. It never tries again by itself: give a msgId and call again. */
export async function publishDurable(
  connection: Connection,
  subject: string,
  data: Uint8Array,
  options: DurablePublishOptions = {},
): Promise<DurablePublishOutcome> {
  const { msgId, expectLastSequence, expectLastSubjectSequence, timeoutMs = API_TIMEOUT_MS } = options
  const headers = {
    ...options.headers,
    ...(msgId !== undefined && { 'Nats-Msg-Id': msgId }),
    ...(expectLastSequence !== undefined && { 'Nats-Expected-Last-Sequence': String(expectLastSequence) }),
    ...(expectLastSubjectSequence !== undefined && {
      'Nats-Expected-Last-Subject-Sequence': String(expectLastSubjectSequence),
    }),
  }
  const outcome = await connection.request(subject, data, {
    timeoutMs,
    ...(Object.keys(headers).length > 0 && { headers }),
  })
  if (outcome.kind === 'no-responders') return { kind: 'no-stream' }
  if (outcome.kind !== 'reply') return outcome
  const answer = parseAck(outcome.data)
  if (answer === undefined) {
    throw new BusError(
      'refused',
      `${subject} was answered by something that is not a stream: nobody else may subscribe to a stream's subject and reply`,
    )
  }
  if (answer.error === undefined) {
    return { kind: 'stored', stream: answer.stream, seq: answer.seq, duplicate: answer.duplicate === true }
  }
  const { code, err_code: serverCode = code, description = '' } = answer.error
  if (serverCode !== CODE.wrongLastSequence) return { kind: 'refused', code: serverCode, description }
  const actual = /wrong last sequence: (\d+)/.exec(description)?.[1]
  return { kind: 'wrong-last-sequence', ...(actual !== undefined && { actual: Number(actual) }) }
}

interface Ack {
  readonly stream: string
  readonly seq: number
  readonly duplicate?: boolean
  readonly error?: ApiError
}

function parseAck(data: Uint8Array): Ack | undefined {
  try {
    const ack = JSON.parse(Buffer.from(data).toString('utf8')) as Partial<Ack> | null
    const isAck =
      ack !== null && (ack.error !== undefined || (typeof ack.stream === 'string' && typeof ack.seq === 'number'))
    return isAck ? (ack as Ack) : undefined
  } catch {
    return undefined
  }
}

/**
 * The last message of a stream, or of one subject (wildcards allowed) in it, read from the stream's leader; undefined when there is none.
 * Errors: BusError `no-stream`, `timeout`, `disconnected`.
 */
export async function lastMessage(
  connection: Connection,
  stream: string,
  subject = '>',
): Promise<StoredMessage | undefined> {
  checkName('stream', stream)
  type Answer = { message: { subject: string; seq: number; hdrs?: string; data?: string; time: string } }
  const answer = await askApi<Answer>(connection, `STREAM.MSG.GET.${stream}`, { last_by_subj: subject })
  if ('error' in answer) {
    if (answer.error.code === CODE.noMessage) return undefined
    throw refusal(`the last message of stream ${stream} cannot be read`, answer.error)
  }
  const { message } = answer.ok
  return {
    subject: message.subject,
    seq: message.seq,
    data: Buffer.from(message.data ?? '', 'base64'),
    headers: fromStored(message.hdrs),
    storedAt: Date.parse(message.time),
  }
}

/** Names are part of API subjects and file names. */
export function checkName(what: string, name: string): void {
  if (/^[A-Za-z0-9_-]{1,255}$/.test(name)) return
  throw new BusError(
    'bad-subject',
    `${JSON.stringify(name)} is not the name of a ${what}: letters, digits, "-" and "_" only`,
  )
}
