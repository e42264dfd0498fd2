import type { Evidence, Lookup, MetadataInput } from '@voltrail/contracts/envelope'
import type { Actor } from '@voltrail/contracts/charger-commands'
import type { Fact, FactRequest } from '@voltrail/contracts/facts'
import type { TokenRef, TenantId } from '@voltrail/contracts/ids'
import type { ClearIdToken, StoredIdToken } from '@voltrail/contracts/personal'
import type { Instant } from '@voltrail/contracts/quantities'
import type { CentralDeps } from './central-deps.ts'

/** How a request becomes the metadata of the events that it causes. */

/** An id token as it may be stored, and the frame that carried it, both readable only with the token's key. */
export interface SealedToken {
  readonly idToken: StoredIdToken
  readonly frame: Evidence | undefined
}

/** @param ref of the token that is meant, where `token` is only its alias */
export const sealToken = async (
  deps: CentralDeps,
  tenant: TenantId,
  token: ClearIdToken,
  frame: string | undefined,
  ref: TokenRef = deps.vault.tokenRef(tenant, token.value),
): Promise<SealedToken> => {
  const [value, text] = await deps.vault.seal(tenant, ref, frame === undefined ? [token.value] : [token.value, frame])
  if (value === undefined) throw new Error('sealing gave nothing back')
  return {
    idToken: { ref, type: token.type, sealed: value },
    frame: text === undefined ? undefined : await deps.frames.sealed(tenant, text),
  }
}

export const sealText = async (
  deps: CentralDeps,
  tenant: TenantId,
  owner: TokenRef,
  text: string,
): Promise<Evidence> => {
  const [sealed] = await deps.vault.seal(tenant, owner, [text])
  if (sealed === undefined) throw new Error('sealing gave nothing back')
  return deps.frames.sealed(tenant, sealed)
}

/** Fields of any version or dialect whose value may be an id token or name a person; also inside JSON that is text in a frame. */
const personalField = /(?:id_?tag|id_?token|tag_?id|emaid|evcc_?id|rfid|uid|vin|user_?name)\\*["']\s*:/i

/** A signed record names the identification that it was made for, however the charger marked it, or if it did not. */
const signedRecord = /signed_?data|OCMF\|/i
const hasSigned = (fact: Fact): boolean =>
  'samples' in fact && fact.samples.some(({ values }) => values.some(({ signed }) => signed !== undefined))
/** What a register shows is a number; any other text may be a record of a kind that nobody knows. */
const unreadableValue = (request: FactRequest<Fact>): boolean =>
  request.normalisations.some(({ rule }) => rule === 'Q23-decimal-unreadable')

/** The rule by which the edge says that energy contradicts power times time. */
const suspectEnergyRule = 'Q20-suspect'

/** Whether what a fact says of energy contradicts the power: it is recorded, and billed only after a review. */
export const contradictsPower = ({ normalisations }: Pick<FactRequest, 'normalisations'>): boolean =>
  normalisations.some(({ rule }) => rule === suspectEnergyRule)

/**
 * The frame of a fact that is about nobody. Chargers put tags where no schema has them, and vendor data may hold anything: such
 * a frame is sealed whole, under a key that stands for what belongs to nobody that we know.
 */
export const clearFrame = async (deps: CentralDeps, request: FactRequest<Fact>): Promise<Evidence | undefined> => {
  const { tenant, frame, fact } = request
  if (frame === undefined) return undefined
  // an answer to a command may hold what the command named, and nobody here knows any more what that was
  const mayHoldAnything = fact.type === 'VendorData' || fact.type === 'LateAnswer'
  return mayHoldAnything ||
    personalField.test(frame) ||
    signedRecord.test(frame) ||
    hasSigned(fact) ||
    unreadableValue(request)
    ? sealText(deps, tenant, deps.vault.tokenRef(tenant, ''), frame)
    : deps.frames.clear(tenant, frame)
}

/** Metadata of events that a charger's fact causes. `frame` belongs to one event only: leave it out for the others. */
export const factMetadata = (
  deps: CentralDeps,
  request: Omit<FactRequest, 'fact'>,
  given: {
    frame?: Evidence | undefined
    lookups?: readonly Lookup[]
    correlation?: string
    settings?: MetadataInput['decision']['settings']
  } = {},
): MetadataInput => ({
  tenant: request.tenant,
  causation: {
    factId: request.factId,
    ...(request.epoch === undefined ? {} : { epoch: request.epoch }),
    ...(request.messageId === undefined ? {} : { messageId: request.messageId }),
    edge: request.edge,
    pod: deps.pod,
  },
  correlation: given.correlation ?? request.factId,
  actor: { kind: 'charger', id: request.chargerId },
  receivedAt: request.receivedAt,
  ...(given.frame === undefined ? {} : { frame: given.frame }),
  ...(request.normalisations.length === 0 ? {} : { normalisations: request.normalisations }),
  decision: {
    build: deps.build,
    clock: request.receivedAt,
    lookups: [...(given.lookups ?? [])],
    settings: given.settings ?? {},
  },
  ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
})

/** Metadata of events that an operator's request causes. `command` is its stored form: nothing personal, no secret. */
export const requestMetadata = (
  deps: CentralDeps,
  request: { requestId: string; actor: Actor; requestedAt: Instant; traceparent?: string | undefined },
  tenant: TenantId,
  command: object,
  lookups: readonly Lookup[] = [],
): MetadataInput => ({
  tenant,
  causation: { pod: deps.pod, requestId: request.requestId },
  correlation: request.requestId,
  actor: request.actor,
  receivedAt: request.requestedAt,
  decision: {
    build: deps.build,
    clock: request.requestedAt,
    // what is absent in it is left out when it is made canonical
    command: command as NonNullable<MetadataInput['decision']['command']>,
    lookups: [...lookups],
    settings: {},
  },
  ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
})
