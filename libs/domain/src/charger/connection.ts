import type { ConnectionEpoch, FactId } from '@voltrail/contracts/ids'
import type { AcceptedIdentity } from '@voltrail/contracts/events/device'
import type { FactOf } from '@voltrail/contracts/facts'
import type { Adoption, TenantSettings } from '@voltrail/contracts/admin-commands'
import type { Instant } from '@voltrail/contracts/quantities'
import type { Registration } from '@voltrail/contracts/facts'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import { accept, reject, type Decision } from '../decider.ts'
import { answeredBefore } from './charger.ts'
import type { ChargerState } from './charger-state.ts'
import { credentialFlaw, type Credentials } from './credentials.ts'
import { credentialsProven, isGood } from './next-credentials.ts'
import { contest } from './takeovers.ts'
import { detailsOf, isToldLate, wasTold } from './told-statuses.ts'

/** Who may connect, and what a connected charging station tells about itself. */

export type Connect = Omit<FactOf<'Connect'>, 'type'> & {
  readonly factId: FactId
  readonly adoption: Adoption
  readonly heartbeatSeconds: number
  readonly now: Instant
  /** spoken with who names no subprotocol; absent or `edge`: what the edge would speak */
  readonly defaultSubprotocol?: TenantSettings['defaultSubprotocol']
  /** whose client certificates are this charger's; absent: none are */
  readonly identities?: readonly AcceptedIdentity[]
}

export type ConnectVerdict =
  | { readonly kind: 'welcome'; readonly onNext?: true; readonly withNextKey?: true }
  | { readonly kind: 'unknown-charger'; readonly detail: string }
  | { readonly kind: 'bad-credential' | 'contested-identity'; readonly detail: string }
  | { readonly kind: 'no-subprotocol'; readonly detail: string }

/**
 * Whether a connection may be completed. An unknown charger is a matter of the tenant's adoption; a known one must meet its
 * security profile (OCPP 1.6 security white paper §2: 0 none, 1 password, 2 password over TLS, 3 certificate over TLS).
 */
export const judgeConnection = (command: Connect, state: ChargerState): ConnectVerdict => {
  if (!state.registered)
    return command.adoption === 'closed'
      ? { kind: 'unknown-charger', detail: 'this charger is not registered and the tenant takes no unknown ones' }
      : { kind: 'welcome' }
  const presented = { ...command, identities: command.identities ?? [] }
  const { nextCredentials: next } = state
  // those of an upgrade first: a password may be good for both
  const inTime = next !== undefined && isGood(next, command.now)
  if (inTime && credentialFlaw(next, presented) === undefined) return { kind: 'welcome', onNext: true }
  const flaw = credentialFlaw(state, presented)
  // it took the key, and the profile not yet: locked out it could never take it
  if (flaw !== undefined && inTime) {
    const between = { securityProfile: state.securityProfile, passwordDigests: next.passwordDigests }
    if (credentialFlaw(between, presented) === undefined) return { kind: 'welcome', withNextKey: true }
  }
  return flaw === undefined ? { kind: 'welcome' } : { kind: 'bad-credential', detail: flaw }
}

/**
 * What is spoken with a charger: what its settings say, whatever it names; else, where it names nothing, what its tenant's say;
 * else what its edge chose. An edge of before `speaks` cannot be told, so its choice stands.
 * @returns undefined when there is none that both speak
 */
const spokenWith = (command: Connect, { settings }: ChargerState): string | undefined => {
  const { subprotocol, speaks, offered, defaultSubprotocol: byTenant = 'edge' } = command
  const silent = offered?.length === 0 && byTenant !== 'edge'
  const unset = silent && speaks !== undefined ? (byTenant === 'none' ? undefined : byTenant) : subprotocol
  const spoken = (speaks === undefined ? undefined : settings?.subprotocol) ?? unset
  return spoken !== undefined && (speaks === undefined || speaks.includes(spoken)) ? spoken : undefined
}

const nothingInCommon = (
  { offered = [], speaks = [] }: Connect,
  { settings }: ChargerState,
): Extract<ConnectVerdict, { kind: 'no-subprotocol' }> => {
  const named = offered.length === 0 ? 'the charger names no subprotocol' : `the charger names ${offered.join(', ')}`
  const wanted = settings?.subprotocol === undefined ? named : `its settings say ${settings.subprotocol}`
  return { kind: 'no-subprotocol', detail: `${wanted}; its edge speaks ${speaks.join(', ')}` }
}

/** What an accepted connection was let in by. */
const authenticatedBy = ({ securityProfile, passwordDigests }: Credentials) => {
  if (securityProfile === 3) return 'certificate'
  return passwordDigests.length === 0 ? 'none' : 'basic'
}

const presentedCertificate = ({ credential }: Connect) =>
  credential.kind === 'certificate'
    ? { certificate: { commonName: credential.commonName, fingerprint: credential.fingerprint } }
    : {}

const quietMs = 60_000

/** Told once a minute of a charger that is known; nothing is written about others. */
const refuse = (
  verdict: Exclude<ConnectVerdict, { kind: 'welcome' }>,
  command: Connect,
  { registered, lastRefusal }: ChargerState,
): Decision<ChargerEvent, ConnectVerdict> => {
  const { kind: reason, detail } = verdict
  const { edge, remoteAddress, now } = command
  const told = lastRefusal !== undefined && Date.parse(now) - Date.parse(lastRefusal.at) < quietMs
  if (!registered || told || reason === 'unknown-charger' || reason === 'contested-identity')
    return { rejected: verdict }
  return accept<ChargerEvent>({
    type: 'ChargerConnectionRefused',
    data: { reason, detail, edge, remoteAddress, ...presentedCertificate(command) },
  })
}

/** Lets a charger in, making it known first where the tenant adopts; or tells (once a minute) that it was refused. */
export const connectCharger = (command: Connect, state: ChargerState): Decision<ChargerEvent, ConnectVerdict> => {
  if (answeredBefore(state, command.factId) !== undefined) return accept()
  const admitted = judgeConnection(command, state)
  if (admitted.kind !== 'welcome') return refuse(admitted, command, state)
  // who it is comes before what it speaks
  const spoken = spokenWith(command, state)
  if (spoken === undefined) return refuse(nothingInCommon(command, state), command, state)
  const { edge, remoteAddress, offered, tls, heartbeatSeconds } = command
  const contested = contest(state, { at: command.now, remoteAddress })
  if (contested !== undefined) {
    const { due, ...told } = contested
    const detail = `another charger with this identity is connected from ${told.incumbentAddress}`
    return due
      ? accept<ChargerEvent>(
          { type: 'ChargerIdentityContested', data: { ...told, remoteAddress } },
          { type: 'ChargerConnectionRefused', data: { reason: 'contested-identity', detail, edge, remoteAddress } },
        )
      : { rejected: { kind: 'contested-identity', detail } }
  }
  const onNext = admitted.onNext === true
  const connected: ChargerEvent = {
    type: 'ChargerConnected',
    data: {
      edge,
      subprotocol: spoken,
      ...(offered === undefined ? {} : { offered }),
      remoteAddress,
      tls,
      authenticatedBy: authenticatedBy(state.nextCredentials !== undefined && onNext ? state.nextCredentials : state),
      heartbeatSeconds,
      ...(onNext ? { onNext } : {}),
      ...(admitted.withNextKey === true ? { withNextKey: true } : {}),
      ...presentedCertificate(command),
    },
  }
  if (state.registered) return accept(connected)
  const registration: Registration = command.adoption === 'open' ? 'Accepted' : 'Pending'
  return accept<ChargerEvent>(
    { type: 'ChargerRegistered', data: { registration, by: 'adoption', securityProfile: 0 } },
    connected,
  )
}

/** The end of one connection. The late close of an older socket changes nothing. */
export const disconnectCharger = (
  command: { readonly epoch: ConnectionEpoch; readonly edge: string; readonly code: number; readonly reason: string },
  state: ChargerState,
): Decision<ChargerEvent> =>
  state.connection?.open === true && state.connection.epoch === command.epoch
    ? accept<ChargerEvent>({ type: 'ChargerDisconnected', data: { ...command } })
    : accept()

/**
 * A boot is never a repeat by its content: only the same fact is. The answer carries the registration that holds now. The first
 * accepted one on a connection that was made with the credentials of an upgrade makes them the only ones.
 */
export const bootCharger = (
  command: Omit<FactOf<'Boot'>, 'type'> & {
    readonly factId: FactId
    readonly intervalSeconds: number
    /** of the connection that it came on */
    readonly epoch?: ConnectionEpoch | undefined
  },
  state: ChargerState,
): Decision<ChargerEvent> => {
  if (answeredBefore(state, command.factId) !== undefined) return accept()
  const { factId: _, epoch, ...identity } = command
  return accept<ChargerEvent>(
    { type: 'ChargerBooted', data: { ...identity, registration: state.registration } },
    ...credentialsProven(epoch, state),
  )
}

/**
 * A connector's status; compared only with what holds now, errors included. One that comes late, on an older connection than the
 * one that told what holds, sets nothing back: it is recorded as that, once.
 */
export const changeConnectorStatus = (
  fact: FactOf<'ConnectorStatus'>,
  state: ChargerState,
  { factId, epoch }: { readonly factId?: FactId; readonly epoch?: ConnectionEpoch | undefined } = {},
): Decision<ChargerEvent> => {
  // a pod that was slow may come to it after newer ones: it must not set the connector back
  if (answeredBefore(state, factId) !== undefined) return accept()
  const { type: _, ...status } = fact
  if (isToldLate(state, status, epoch))
    return wasTold(state, status) ? accept() : accept<ChargerEvent>({ type: 'ConnectorStatusToldLate', data: status })
  const current = state.connectors.find((c) => c.evseId === fact.evseId && c.connectorId === fact.connectorId)
  if (current !== undefined && detailsOf(current) === detailsOf(status)) return accept()
  return accept<ChargerEvent>({ type: 'ConnectorStatusChanged', data: status })
}

export interface RegisterCharger {
  /** absent: an unknown charger is accepted, a known one stays as it is */
  readonly registration?: Registration | undefined
  readonly securityProfile?: number | undefined
  readonly passwordDigests?: readonly string[] | null | undefined
  /** the password is shorter than a key may be */
  readonly passwordShort?: true | undefined
}

/** A security profile that nobody could meet would lock the charger out. */
export type RegisterRejection = { readonly kind: 'password-needed'; readonly detail: string }

/** What an operator decides about a charger; whatever holds already makes nothing. */
export const registerCharger = (
  command: RegisterCharger,
  state: ChargerState,
): Decision<ChargerEvent, RegisterRejection> => {
  const events: ChargerEvent[] = []
  const digests = command.passwordDigests === undefined ? state.passwordDigests : [...(command.passwordDigests ?? [])]
  const profile = command.securityProfile ?? (state.registered ? state.securityProfile : digests.length > 0 ? 1 : 0)
  if ((profile === 1 || profile === 2) && digests.length === 0)
    return reject({
      kind: 'password-needed',
      detail: `security profile ${profile} needs a password and this charger has none: give it one with the same request`,
    })
  const registration = command.registration ?? (state.registered ? state.registration : 'Accepted')
  if (!state.registered)
    events.push({ type: 'ChargerRegistered', data: { registration, by: 'operator', securityProfile: profile } })
  else if (state.registration !== registration)
    events.push({ type: 'ChargerRegistrationChanged', data: { registration } })
  const short = command.passwordDigests === undefined ? state.passwordShort : command.passwordShort
  const same =
    profile === state.securityProfile &&
    digests.join() === state.passwordDigests.join() &&
    short === state.passwordShort
  // an operator's own word ends an upgrade that is under way
  if (!same && (state.registered || digests.length > 0))
    events.push({
      type: 'ChargerCredentialsChanged',
      data: {
        securityProfile: profile,
        passwordDigests: digests,
        ...(short === undefined ? {} : { passwordShort: short }),
      },
    })
  return accept(...events)
}
