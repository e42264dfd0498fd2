import type { RevocationReason } from '@voltrail/contracts/admin-commands'
import type { CertificateHash } from '@voltrail/contracts/charger-commands'
import type { DeviceEvent, EventNamed } from '@voltrail/contracts/events/registry'
import type { FactId, Sha256 } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { accept, reject, type Decision } from '../decider.ts'
import { certificateFacts, certificateHash, isSameCertificate, readCertificates } from '../x509/certificate.ts'
import type { CsrFacts } from './certificate-request.ts'
import type { Outcome } from './settled-command.ts'
import { deviceAnswered, type DeviceState, type Part } from './device-state.ts'

/** so many certificates of one charger are remembered: a request that one of them answered is never answered anew */
const keptIssued = 16
/** and any that is still valid, so that it can be revoked, up to so many */
const keptValid = 256
const keptRoots = 16

const kept = (issued: NonNullable<DeviceState['issued']>, now: Instant): NonNullable<DeviceState['issued']> =>
  issued.filter(({ notAfter }, index) => index >= issued.length - keptIssued || notAfter > now).slice(-keptValid)

/** The charger's own certificate, the one that it asks for, the roots that it trusts, and whom we take it for. */
export const certificatesWith: Part = (state, event) => {
  switch (event.type) {
    case 'CertificateRequested': {
      const { digest, problems, csr } = event.data
      if (problems.length > 0) return state
      const { delivery } = state
      if (newestIssued(state)?.csrDigest !== digest)
        return { ...state, pendingCsr: { digest, at: event.metadata.receivedAt, csr } }
      // it was answered: the charger has lost the answer, and gets it again
      return delivery === undefined ? state : { ...state, delivery: undelivered(delivery) }
    }
    case 'CertificateRefused':
      return state.pendingCsr?.digest === event.data.csrDigest ? withoutPending(state) : state
    case 'CertificateIssued': {
      const { csrDigest, keyDigest, pem, authority: _, ...certificate } = event.data
      const { serial, fingerprint, notAfter } = certificate
      const one = { serial, fingerprint, csrDigest, notAfter, ...(keyDigest === undefined ? {} : { keyDigest }) }
      return {
        ...withoutPending(state),
        certificate,
        issued: kept([...(state.issued ?? []), one], event.metadata.receivedAt),
        delivery: { fingerprint, chain: pem, attempts: 0 },
      }
    }
    case 'CertificateDelivered': {
      const { delivery } = state
      const { fingerprint, outcome } = event.data
      return delivery?.fingerprint === fingerprint
        ? {
            ...state,
            delivery: { ...delivery, outcome, attempts: delivery.attempts + 1, at: event.metadata.receivedAt },
          }
        : state
    }
    case 'CertificateRevoked':
      return revoked(event.data.serial, event.metadata.receivedAt, state)
    case 'RootCertificatesSeen': {
      const { use, certificates } = event.data
      return { ...state, roots: [...(state.roots ?? []).filter((known) => known.use !== use), { use, certificates }] }
    }
    case 'RootCertificateInstalled': {
      const { hash, facts } = event.data
      const others = (state.installedRoots ?? []).filter((known) => !isSameCertificate(known.hash, hash))
      return { ...state, installedRoots: [...others, { hash, facts }].slice(-keptRoots) }
    }
    case 'ClientIdentitiesChanged':
      return { ...state, identities: event.data.identities }
    default:
      return state
  }
}

type Delivery = NonNullable<DeviceState['delivery']>

const undelivered = ({ fingerprint, chain }: Delivery): Delivery => ({ fingerprint, chain, attempts: 0 })

const withoutPending = ({ pendingCsr: _, ...state }: DeviceState): DeviceState => state

const revoked = (
  serial: string,
  at: EventNamed<'CertificateIssued'>['data']['notAfter'],
  state: DeviceState,
): DeviceState => {
  const issued = state.issued?.map((one) => (one.serial === serial ? { ...one, revokedAt: at } : one))
  const { certificate, delivery, ...rest } = state
  const isIt = certificate?.serial === serial
  return {
    ...rest,
    ...(issued === undefined ? {} : { issued }),
    ...(certificate === undefined || isIt ? {} : { certificate }),
    ...(delivery === undefined || isIt ? {} : { delivery }),
  }
}

const newestIssued = (state: DeviceState) => state.issued?.at(-1)

export interface AskedForCertificate {
  readonly factId: FactId
  /** as it came */
  readonly csr: string
  /** of the text when it cannot be read */
  readonly digest: Sha256
  /** absent: it cannot be read */
  readonly facts?: CsrFacts | undefined
  /** what speaks against it, by itself and by the charger's record */
  readonly problems: (state: DeviceState) => readonly string[]
}

/** A charger asks for a certificate. Recorded whatever it is worth; what speaks against it stands in the event. */
export const requestCertificate = (asked: AskedForCertificate, state: DeviceState): Decision<DeviceEvent> => {
  if (deviceAnswered(state, asked.factId) !== undefined) return accept()
  const { facts, digest, csr } = asked
  return accept<DeviceEvent>({
    type: 'CertificateRequested',
    data: {
      digest,
      subject: facts?.subject ?? '',
      algorithm: facts === undefined ? '' : algorithmOf(facts),
      csr,
      problems: [...asked.problems(state), ...repeatProblems(asked, state)].map((text) => text.slice(0, 200)),
      ...(facts === undefined ? {} : { keyDigest: facts.keyDigest }),
    },
  })
}

const algorithmOf = ({ key, signature }: CsrFacts): string =>
  `${key.curve ?? `${key.kind} ${key.bits}`}, ${signature}`.slice(0, 60)

/** The newest certificate is told again to whoever asks again; an older or a revoked one never comes back. */
const repeatProblems = ({ digest, facts }: AskedForCertificate, state: DeviceState): readonly string[] => {
  const known = state.issued ?? []
  const isSameKey = (one: (typeof known)[number]) =>
    one.csrDigest === digest || (facts !== undefined && one.keyDigest === facts.keyDigest)
  if (known.some((one) => one.revokedAt !== undefined && isSameKey(one)))
    return ['a certificate of this key was revoked: a new key is needed']
  return newestIssued(state)?.csrDigest !== digest && known.some((one) => one.csrDigest === digest)
    ? ['this request was answered before, and a newer certificate replaced the answer: a new request is needed']
    : []
}

/** The authority signed the request that waits. Whoever comes second finds nothing waiting, and its certificate is not used. */
export const issueCertificate = (
  issued: EventNamed<'CertificateIssued'>['data'],
  state: DeviceState,
): Decision<DeviceEvent> =>
  state.pendingCsr?.digest === issued.csrDigest
    ? accept<DeviceEvent>({ type: 'CertificateIssued', data: issued })
    : accept()

/** The authority will not sign the request that waits. */
export const refuseCertificate = (
  refused: EventNamed<'CertificateRefused'>['data'],
  state: DeviceState,
): Decision<DeviceEvent> =>
  state.pendingCsr?.digest === refused.csrDigest
    ? accept<DeviceEvent>({ type: 'CertificateRefused', data: refused })
    : accept()

/** Revokes one of the charger's certificates, for good. */
export const revokeCertificate = (
  { serial, reason }: { readonly serial: string; readonly reason: RevocationReason },
  state: DeviceState,
): Decision<DeviceEvent, { readonly kind: 'unknown-certificate'; readonly detail: string }> => {
  const known = state.issued?.find((one) => one.serial === serial)
  if (known === undefined)
    return reject({
      kind: 'unknown-certificate',
      detail: `no certificate with the serial number ${serial} was issued to this charger`,
    })
  return known.revokedAt === undefined
    ? accept<DeviceEvent>({ type: 'CertificateRevoked', data: { serial, reason } })
    : accept()
}

/** What chargers answer to certificates and roots. Security white paper §5. */
export const certificateOutcome: Outcome = ({ command, commandId, result }, state) => {
  switch (command.type) {
    case 'CertificateSigned': {
      const { delivery } = state
      // an operator may have sent one of its own
      if (delivery === undefined || delivery.chain !== command.chain) return []
      const outcome = result.outcome === 'result' ? (result.status ?? 'Accepted') : result.outcome
      return [
        {
          type: 'CertificateDelivered',
          data: { fingerprint: delivery.fingerprint, outcome: outcome.slice(0, 50), commandId },
        },
      ]
    }
    case 'InstallCertificate': {
      if (result.outcome !== 'result' || result.status !== 'Accepted') return []
      const root = readRoot(command.pem)
      return root === undefined
        ? []
        : [{ type: 'RootCertificateInstalled', data: { use: command.use, ...root, commandId } }]
    }
    case 'GetInstalledCertificateIds': {
      if (result.outcome !== 'result') return []
      const certificates = result.status === 'NotFound' ? [] : listed(result.payload)
      return certificates === undefined
        ? []
        : [{ type: 'RootCertificatesSeen', data: { use: command.use, certificates: [...certificates], commandId } }]
    }
    case 'DeleteCertificate': {
      if (result.outcome !== 'result' || !['Accepted', 'NotFound'].includes(result.status ?? '')) return []
      return (state.roots ?? []).flatMap(({ use, certificates }): DeviceEvent[] => {
        const left = certificates.filter((one) => !isSameCertificate(one, command.certificate))
        return left.length === certificates.length
          ? []
          : [{ type: 'RootCertificatesSeen', data: { use, certificates: left, commandId } }]
      })
    }
    default:
      return []
  }
}

/** A root by its facts and by the name that OCPP has for it; undefined when it cannot be read. */
const readRoot = (pem: string) => {
  try {
    const [root] = readCertificates(pem)
    return root === undefined ? undefined : { hash: certificateHash(root, root), facts: certificateFacts(root) }
  } catch {
    return undefined
  }
}

const listed = (payload: unknown): readonly CertificateHash[] | undefined => {
  const data = (payload as { certificateHashData?: unknown } | null | undefined)?.certificateHashData
  if (data === undefined) return []
  if (!Array.isArray(data)) return undefined
  return data.flatMap((one: Record<string, unknown>): CertificateHash[] => {
    const { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } = one
    const algorithm = (['SHA256', 'SHA384', 'SHA512'] as const).find((known) => known === hashAlgorithm)
    return algorithm !== undefined &&
      typeof issuerNameHash === 'string' &&
      typeof issuerKeyHash === 'string' &&
      typeof serialNumber === 'string' &&
      issuerNameHash.length <= 128 &&
      issuerKeyHash.length <= 128 &&
      serialNumber.length <= 40
      ? [{ hashAlgorithm: algorithm, issuerNameHash, issuerKeyHash, serialNumber }]
      : []
  })
}
