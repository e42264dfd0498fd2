import type { EventNamed } from '@voltrail/contracts/events/registry'
import { ReadableEnergy, type FactOf, type FactReply, type FactRequest } from '@voltrail/contracts/facts'
import type { TransactionId } from '@voltrail/contracts/ids'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { clockOf } from '@voltrail/domain/charger/measured-clock'
import { answeredToParked, isParkedStart } from '@voltrail/domain/charger/parked-starts'
import { withRemoteStart } from '@voltrail/domain/charger/remote-starts'
import { identifiesStop, isRestampedStop } from '@voltrail/domain/charger/told-stops'
import { parkFrame } from '@voltrail/domain/charger/transactions'
import { deriveTransactionId, frameKey, plainFrameKey } from '@voltrail/domain/content-key'
import { accept } from '@voltrail/domain/decider'
import { authorise } from '@voltrail/domain/id-token'
import { readSamples } from '@voltrail/domain/meter-samples'
import { occurredAt, type ChargerClock } from '@voltrail/domain/occurred-at'
import { readRegister } from '@voltrail/domain/registers'
import { storedReadings } from '@voltrail/domain/session'
import type { CentralDeps } from '../central-deps.ts'
import { contradictsPower, factMetadata, sealText, sealToken, type SealedToken } from '../evidence.ts'
import { presentedToken } from '../presented-token.ts'
import { answered } from './answered.ts'
import { authorizationOf } from './authorization.ts'

/** A start, stop or meter message that cannot be read: parked with its violations, and answered so that the queue goes on. */
export const malformed = async (request: FactRequest<FactOf<'Malformed'>>, deps: CentralDeps): Promise<FactReply> => {
  const { meant, violations, readable } = request.fact
  return park(request, { meant, reason: 'malformed', detail: violations.join('; '), readable }, deps)
}

export interface Parking {
  readonly meant: FactOf<'Malformed'>['meant']
  readonly reason: 'malformed' | 'poison'
  readonly detail: string
  /** what could be read of it, so that an operator can say what it was */
  readonly readable?: ReadableEnergy | undefined
}

/** What can be read of a fact that could not be recorded, or of one that was malformed before. */
export const readableOf = (fact: { readonly type: string; readonly readable?: unknown }): ReadableEnergy | undefined =>
  ReadableEnergy.safeParse(fact.type === 'Malformed' ? fact.readable : fact).data

/**
 * Parks the frame of a fact. It may name an id token anywhere, so it is sealed whole: under the key of the token that it is known
 * to name, else under one that stands for what belongs to nobody that we know.
 */
export const park = async (
  request: Omit<FactRequest, 'fact'>,
  { meant, reason, detail, readable }: Parking,
  deps: CentralDeps,
): Promise<FactReply> => {
  const { tenant, chargerId, factId, receivedAt } = request
  const keys = keysOf(request, meant, readable, (name, text) =>
    frameKey(chargerId, name, deps.vault.rawRef(tenant, text)),
  )
  const before = keysOf(request, meant, readable, (name, text) => plainFrameKey(chargerId, name, text))
  const shortDetail = detail.replaceAll('\u0000', '').slice(0, 2000).toWellFormed()
  const { idToken, frame } = await sealed(request, readable, deps)
  const shown = meant === 'TransactionStart' ? await worth(request, readable, deps) : undefined
  const parked = { meant, reason, detail: shortDetail, ...keys }
  const { state: now } = await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) => {
      if ([keys, before].some(({ restampKey }) => isRestampedStop(state, restampKey)) || parkedAs(before, state))
        return accept()
      const contents = contentsOf(meant, readable, idToken, receivedAt, clockOf(state))
      const doubt = contradictsPower(request) ? { suspect: true } : {}
      const { effectiveAt = receivedAt } = contents.occurredAt ?? {}
      const status = shown && withRemoteStart(state, shown.token.idToken.ref, shown.verdict, effectiveAt).status
      const said = status === undefined ? {} : { authorization: status }
      return parkFrame({ factId, parked: { ...parked, ...contents, ...doubt, ...said } }, state)
    },
    factMetadata(deps, request, { frame, ...(shown === undefined ? {} : { lookups: shown.lookups }) }),
  )
  // the start is still the transaction that it was answered then
  const { transactionId } = parkedAs(before, now) ? before : keys
  if (shown === undefined) return answered(deps, { type: 'Malformed', transactionId })
  const status = answeredToParked(now, transactionId) ?? shown.verdict.status
  return answered(deps, {
    type: 'TransactionStart',
    transactionId,
    authorization: await authorizationOf(
      deps,
      tenant,
      status === shown.verdict.status ? shown.verdict : { status },
      shown.token.state,
    ),
  })
}

/**
 * What the token of a start is worth: who is known may charge, however little else could be read. `undefined` where no token was
 * read, or where it is the token that cannot be taken.
 */
const worth = async (
  { tenant, frame, receivedAt }: Omit<FactRequest, 'fact'>,
  readable: ReadableEnergy | undefined,
  deps: CentralDeps,
) => {
  if (readable?.idToken === undefined) return undefined
  const token = await presentedToken(deps, tenant, readable.idToken, frame)
  const settings = await deps.lookUps.settings(tenant)
  const verdict = authorise(token.state, settings.value, receivedAt)
  return { token, verdict, lookups: [...token.lookups, settings.lookup] }
}

type ParkedKeys = Pick<EventNamed<'FrameParked'>['data'], 'contentKey' | 'restampKey'> & {
  readonly transactionId: TransactionId
}

/** By what a parked frame is known again, and the transaction that a start among them becomes. */
const keysOf = (
  request: Omit<FactRequest, 'fact'>,
  meant: Parking['meant'],
  readable: ReadableEnergy | undefined,
  keyOf: (name: string, text: string) => string,
): ParkedKeys => {
  const { frame, factId } = request
  const contentKey = keyOf(meant, frame === undefined ? factId : withoutMessageId(frame))
  const restamped = meant === 'TransactionStop' ? withoutItsTime(frame, readable) : undefined
  return {
    contentKey,
    transactionId: deriveTransactionId(contentKey, 0),
    ...(restamped === undefined ? {} : { restampKey: keyOf('stop without its time', restamped) }),
  }
}

const parkedAs = ({ contentKey, transactionId }: ParkedKeys, state: ChargerState): boolean =>
  state.contentKeys.includes(contentKey) || isParkedStart(state, transactionId)

const sealed = async (
  { tenant, frame }: Omit<FactRequest, 'fact'>,
  readable: ReadableEnergy | undefined,
  deps: CentralDeps,
): Promise<{ idToken: SealedToken['idToken'] | undefined; frame: SealedToken['frame'] }> => {
  if (readable?.idToken !== undefined) return sealToken(deps, tenant, readable.idToken, frame)
  const owner = deps.vault.tokenRef(tenant, '')
  return { idToken: undefined, frame: frame === undefined ? undefined : await sealText(deps, tenant, owner, frame) }
}

/** What was read, as the event holds it. Only a start needs its token for later; of a stop the reference says whose it is. */
const contentsOf = (
  meant: Parking['meant'],
  readable: ReadableEnergy | undefined,
  idToken: SealedToken['idToken'] | undefined,
  receivedAt: FactRequest['receivedAt'],
  clock: ChargerClock,
): Partial<EventNamed<'FrameParked'>['data']> => {
  if (readable === undefined) return {}
  const { evseId, connectorId, transactionId, meterStart, meterStop, time, reason } = readable
  const { registers } = readSamples(readable.samples ?? [], receivedAt, clock)
  return {
    ...(evseId === undefined ? {} : { evseId }),
    ...(connectorId === undefined ? {} : { connectorId }),
    ...(transactionId === undefined ? {} : { namedTransaction: transactionId }),
    ...(meterStart === undefined ? {} : { meterStart: readRegister(meterStart.value, meterStart.unit) }),
    ...(meterStop === undefined ? {} : { meterStop: readRegister(meterStop.value, meterStop.unit) }),
    ...(time === undefined ? {} : { occurredAt: occurredAt(time, receivedAt, clock) }),
    ...(reason === undefined ? {} : { stopReason: reason }),
    ...(registers.length === 0 ? {} : { registers: storedReadings(registers).registers }),
    ...(idToken === undefined ? {} : { tokenRef: idToken.ref, ...(meant === 'TransactionStart' ? { idToken } : {}) }),
  }
}

/** What a frame says, whatever id it has: many chargers tell the same again under a new one. */
const withoutMessageId = (frame: string): string => JSON.stringify(contentOf(frame)) ?? frame

/** Type, action and payload of a frame; `undefined` when it is no JSON. */
const contentOf = (frame: string): readonly unknown[] | undefined => {
  try {
    const parsed: unknown = JSON.parse(frame)
    return Array.isArray(parsed) ? [parsed[0], ...parsed.slice(2)] : undefined
  } catch {
    return undefined
  }
}

/** Of a stop, what its frame says but its time, where that is of one stop only. */
const withoutItsTime = (frame: string | undefined, readable: ReadableEnergy | undefined): string | undefined => {
  if (frame === undefined || readable === undefined || !identifiesStop(readable)) return undefined
  const content = contentOf(frame)
  const payload = content?.at(-1)
  if (content === undefined || typeof payload !== 'object' || payload === null) return undefined
  const { timestamp: _, ...said } = payload as Record<string, unknown>
  return JSON.stringify([...content.slice(0, -1), said])
}
