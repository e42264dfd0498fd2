import { ChargerId, ConnectionEpoch, TenantId } from './ids.ts'
import { decodeToken, encodeToken } from './tokens.ts'
import type { FactType } from './facts.ts'
import type { ChargerCommandType } from './charger-commands.ts'
import type { AdminCommandType } from './admin-commands.ts'

/**
 * Every NATS subject is built and parsed here. Tenant first, so that an account can be limited to its own.
 * Request subjects (`fact`, `command`, `charger.….command`) have their responder as the only subscriber: one passive
 * listener turns "no responders" into a time-out. Listeners use `event`, `frame`, `telemetry` and `connected`.
 */
const root = 'voltrail'

/** edge → central, request. */
export const factSubject = (tenant: TenantId, charger: ChargerId, fact: FactType): string =>
  `${root}.${tenant}.fact.${encodeToken(charger)}.${fact}`
/** What central answers, in the queue group `central`. */
export const allFacts = `${root}.*.fact.*.*`
export const centralQueue = 'central'

/** The same request, addressed to the central pod that answered this charger last (its cache is warm). */
export const podFactSubject = (pod: string, tenant: TenantId, charger: ChargerId, fact: FactType): string =>
  `${root}.${tenant}.pod.${encodeToken(pod)}.fact.${encodeToken(charger)}.${fact}`
export const allPodFacts = (pod: string): string => `${root}.*.pod.${encodeToken(pod)}.fact.*.*`

/** api, load-control → central, request; queue group `central`. */
export const commandSubject = (tenant: TenantId, command: ChargerCommandType | AdminCommandType): string =>
  `${root}.${tenant}.command.${command}`
export const allCommands = `${root}.*.command.*`

/** central → the one edge that holds this epoch of this charger, request, at most once. */
export const chargerCommandSubject = (
  tenant: TenantId,
  charger: ChargerId,
  epoch: ConnectionEpoch,
  command: ChargerCommandType,
): string => `${root}.${tenant}.charger.${encodeToken(charger)}.${epoch}.command.${command}`
export const epochCommands = (tenant: TenantId, charger: ChargerId, epoch: ConnectionEpoch): string =>
  `${root}.${tenant}.charger.${encodeToken(charger)}.${epoch}.command.*`

/** central → every edge, published: a newer epoch exists, older sockets of this charger close. */
export const connectedSubject = (tenant: TenantId, charger: ChargerId): string =>
  `${root}.${tenant}.connected.${encodeToken(charger)}`
export const allConnected = `${root}.*.connected.*`

/** central → every edge, published: how the log is doing, as that pod sees it. No tenant's business. */
export const logHealthSubject = (pod: string): string => `${root}.log-health.${encodeToken(pod)}`
export const allLogHealth = `${root}.log-health.*`

/** central → JetStream `TELEMETRY`: meter values that belong to no session. */
export const telemetrySubject = (tenant: TenantId, charger: ChargerId, evseId: number): string =>
  `${root}.${tenant}.telemetry.${encodeToken(charger)}.${evseId}`
export const telemetryStream = { name: 'TELEMETRY', subjects: [`${root}.*.telemetry.*.*`] } as const

/** publisher → JetStream `EVENTS`. */
export const eventSubject = (tenant: TenantId, category: string, id: string, type: string): string =>
  `${root}.${tenant}.event.${category}.${id}.${type}`

/** edge → JetStream `FRAMES`. */
export const frameSubject = (tenant: TenantId, charger: ChargerId, direction: 'in' | 'out'): string =>
  `${root}.${tenant}.frame.${encodeToken(charger)}.${direction}`

/** Presence (NATS key-value with a time to live): bucket and key. */
export const presenceBucket = 'presence'
export const presenceKey = (tenant: TenantId, charger: ChargerId): string => `${tenant}.${encodeToken(charger)}`

export type ParsedSubject =
  | { kind: 'fact'; tenant: TenantId; chargerId: ChargerId; fact: string }
  | { kind: 'command'; tenant: TenantId; command: string }
  | { kind: 'charger-command'; tenant: TenantId; chargerId: ChargerId; epoch: ConnectionEpoch; command: string }
  | { kind: 'connected'; tenant: TenantId; chargerId: ChargerId }

/** The parts of a subject of ours that a responder or listener receives; throws on any other. */
export const parseSubject = (subject: string): ParsedSubject => {
  const parts = subject.split('.')
  const fail = (): never => {
    throw new Error(`not one of our subjects: ${subject}`)
  }
  if (parts[0] !== root) return fail()
  const tenant = TenantId.parse(parts[1])
  const charger = (token: string | undefined): ChargerId => ChargerId.parse(decodeToken(token ?? ''))
  switch (parts[2]) {
    case 'fact':
      return { kind: 'fact', tenant, chargerId: charger(parts[3]), fact: parts[4] ?? fail() }
    case 'pod':
      return { kind: 'fact', tenant, chargerId: charger(parts[5]), fact: parts[6] ?? fail() }
    case 'command':
      return { kind: 'command', tenant, command: parts[3] ?? fail() }
    case 'connected':
      return { kind: 'connected', tenant, chargerId: charger(parts[3]) }
    case 'charger':
      return {
        kind: 'charger-command',
        tenant,
        chargerId: charger(parts[3]),
        epoch: ConnectionEpoch.parse(parts[4]),
        command: parts[6] ?? fail(),
      }
    default:
      return fail()
  }
}
