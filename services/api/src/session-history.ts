import type { Evidence } from '@voltrail/contracts/envelope'
import type { SessionEvent } from '@voltrail/contracts/events/registry'
import type { SessionId, TenantId } from '@voltrail/contracts/ids'
import type { FrameView, HistoryEntry } from '@voltrail/contracts/rest/sessions'
import { billingStream, chargerStream, sessionParts, sessionStream } from '@voltrail/contracts/streams'
import { comparePositions } from '@voltrail/event-store/event-log'
import type { EventLog, LogEvent } from '@voltrail/event-store/event-log'
import type { Vault } from '@voltrail/key-store/vault'
import { chargerPart, isBefore, isPast } from './charger-part.ts'
import type { SessionFacts } from './charger-part.ts'
import { openText, sealedTexts } from './personal-text.ts'

type Reader = Pick<EventLog, 'readForward' | 'readBackward'>

/** How many events of a charger's stream are looked through at most; a session of weeks on a busy charger stays below. */
const mostChargerEvents = 50_000

/**
 * Every event of a session, in order: its own stream, its bill, and what of the charger's stream concerns it.
 * `undefined` when there is no such session.
 */
export async function sessionEvents(
  log: Reader,
  tenant: TenantId,
  session: SessionId,
): Promise<LogEvent[] | undefined> {
  const own = await collect(log.readForward(sessionStream(tenant, session), 0))
  if (own.length === 0) return undefined
  const billing = await collect(log.readForward(billingStream(tenant, session), 0))
  const facts = sessionFacts(session, own)
  return inOrder([facts ? await fromCharger(log, tenant, facts) : [], own, billing])
}

function sessionFacts(sessionId: SessionId, own: readonly LogEvent[]): SessionFacts | undefined {
  const first = own[0] as (LogEvent & SessionEvent) | undefined
  if (first?.type !== 'SessionStarted') return undefined
  const ended = own.findLast((event) => event.type === 'SessionStopped')
  return {
    sessionId,
    evseId: first.data.evseId,
    tokenRef: first.data.idToken.ref,
    startedAt: Date.parse(first.metadata.receivedAt),
    ...(ended && { endedAt: Date.parse(ended.metadata.receivedAt) }),
  }
}

async function fromCharger(log: Reader, tenant: TenantId, facts: SessionFacts): Promise<LogEvent[]> {
  const stream = chargerStream(tenant, sessionParts(facts.sessionId).chargerId)
  const around: LogEvent[] = []
  let looked = 0
  for await (const event of log.readBackward(stream)) {
    if (isBefore(facts, event) || ++looked > mostChargerEvents) break
    if (!isPast(facts, event)) around.push(event)
  }
  return chargerPart(facts, around.reverse())
}

async function collect(events: AsyncIterable<LogEvent>): Promise<LogEvent[]> {
  const all: LogEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

/**
 * Merges streams. Within a stream the revision decides, between streams the log's position where both know theirs, else the
 * instant that the decisions took as now.
 */
export function inOrder(streams: readonly (readonly LogEvent[])[]): LogEvent[] {
  const heads = streams.map(() => 0)
  const merged: LogEvent[] = []
  for (;;) {
    let next: number | undefined
    for (const [index, stream] of streams.entries()) {
      const candidate = stream[heads[index]!]
      if (candidate === undefined) continue
      const best = next === undefined ? undefined : streams[next]![heads[next]!]
      if (best === undefined || compare(candidate, best) < 0) next = index
    }
    if (next === undefined) return merged
    merged.push(streams[next]![heads[next]!++]!)
  }
}

function compare(a: LogEvent, b: LogEvent): number {
  if (a.position && b.position) return comparePositions(a.position, b.position)
  return a.metadata.decision.clock < b.metadata.decision.clock
    ? -1
    : a.metadata.decision.clock > b.metadata.decision.clock
      ? 1
      : 0
}

/** A page of a session's history, opened for the operator. `undefined` when there is no such session. */
export async function readHistory(
  sources: { readonly log: Reader; readonly tenant: TenantId; readonly vault: Pick<Vault, 'open'> },
  session: SessionId,
  from: number,
  limit: number,
): Promise<{ items: HistoryEntry[]; next: string | null } | undefined> {
  const events = await sessionEvents(sources.log, sources.tenant, session)
  if (events === undefined) return undefined
  const frames = framesByFact(events)
  const items: HistoryEntry[] = []
  for (const event of events.slice(from, from + limit)) items.push(await historyEntry(sources, event, frames))
  return { items, next: from + limit < events.length ? String(from + limit) : null }
}

type Evidenced = { readonly event: LogEvent; readonly frame: Evidence }

/** A frame is kept once, on the first event that it caused: the others of the same fact find it here. */
function framesByFact(events: readonly LogEvent[]): ReadonlyMap<string, Evidenced> {
  const frames = new Map<string, Evidenced>()
  for (const event of events) {
    const { frame, causation } = event.metadata
    if (frame !== undefined && causation.factId !== undefined && !frames.has(causation.factId))
      frames.set(causation.factId, { event, frame })
  }
  return frames
}

async function historyEntry(
  { vault, tenant }: { readonly vault: Pick<Vault, 'open'>; readonly tenant: TenantId },
  event: LogEvent,
  frames: ReadonlyMap<string, Evidenced>,
): Promise<HistoryEntry> {
  const { metadata } = event
  const personal = await Promise.all(
    sealedTexts(event.data).map(async ({ path, sealed }) => ({ path, ...(await openText(vault, tenant, sealed)) })),
  )
  const { factId } = metadata.causation
  const kept = metadata.frame ? { event, frame: metadata.frame } : factId === undefined ? undefined : frames.get(factId)
  return {
    stream: event.stream,
    revision: String(event.revision),
    eventId: event.id,
    type: event.type,
    version: metadata.version,
    occurredAt: occurredAt(event),
    receivedAt: metadata.receivedAt,
    data: event.data,
    personal,
    frame: kept ? await frameView(vault, tenant, kept.frame) : null,
    ...(kept && kept.event !== event && { frameKeptBy: `${kept.event.stream}@${kept.event.revision}` }),
    ...(event.type === 'CommandSettled' && { frames: await commandFrames(vault, tenant, event.data.frames) }),
    normalisations: metadata.normalisations ?? [],
    decision: metadata.decision,
    causation: metadata.causation,
    actor: metadata.actor,
    prevHash: metadata.prevHash,
    hash: metadata.hash,
  }
}

async function commandFrames(
  vault: Pick<Vault, 'open'>,
  tenant: TenantId,
  { sent, received }: { readonly sent?: Evidence | undefined; readonly received?: Evidence | undefined },
): Promise<NonNullable<HistoryEntry['frames']>> {
  const view = async (evidence: Evidence | undefined) => (evidence ? frameView(vault, tenant, evidence) : null)
  return { sent: await view(sent), received: await view(received) }
}

export async function frameView(vault: Pick<Vault, 'open'>, tenant: TenantId, frame: Evidence): Promise<FrameView> {
  if ('text' in frame) return { text: frame.text, sealed: false }
  if ('sha256' in frame) return { sha256: frame.sha256, bytes: frame.bytes, stream: frame.stream }
  const opened = await openText(vault, tenant, frame.sealed)
  if (opened.text !== null) return { text: opened.text, sealed: true }
  return opened.broken === undefined ? { erased: true } : { broken: opened.broken }
}

function occurredAt({ data }: LogEvent): HistoryEntry['occurredAt'] {
  if ('stop' in data) return data.stop.stoppedAt.effectiveAt
  if ('startedAt' in data) return data.startedAt.effectiveAt
  if ('stoppedAt' in data) return data.stoppedAt.effectiveAt
  if ('measuredAt' in data) return data.measuredAt
  if ('occurredAt' in data) return data.occurredAt?.effectiveAt ?? null
  if ('time' in data) return data.time?.at ?? null
  if ('at' in data) return typeof data.at === 'string' ? data.at : data.at.effectiveAt
  return null
}
