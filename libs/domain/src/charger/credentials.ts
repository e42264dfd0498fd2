import { timingSafeEqual } from 'node:crypto'
import type { AcceptedIdentity } from '@voltrail/contracts/events/device'
import type { ClientCertificate, FactOf } from '@voltrail/contracts/facts'

/** How a charger must prove who it is, and whether it did. */
export interface Credentials {
  readonly securityProfile: number
  readonly passwordDigests: readonly string[]
}

export interface Presented {
  readonly tls: boolean
  readonly credential: FactOf<'Connect'>['credential']
  /** whose client certificates are this charger's */
  readonly identities: readonly AcceptedIdentity[]
}

const equal = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

/**
 * Why what was presented is not enough, or undefined when it is (OCPP 1.6 security white paper §2: 0 none, 1 password, 2 password
 * over TLS, 3 certificate over TLS). A password that is set is asked for at profile 0 too.
 */
export const credentialFlaw = (required: Credentials, presented: Presented): string | undefined => {
  const { securityProfile, passwordDigests } = required
  const { tls, credential } = presented
  if (securityProfile >= 2 && !tls) return `security profile ${securityProfile} needs TLS`
  if (securityProfile === 3) {
    if (credential.kind !== 'certificate') return 'security profile 3 needs a client certificate and none was presented'
    return certificateFlaw(credential, presented.identities)
  }
  if (passwordDigests.length === 0) return securityProfile === 0 ? undefined : 'no password is set for this charger'
  const proofs = credential.kind === 'none' ? [] : (credential.proofs ?? [])
  if (proofs.length === 0) return 'a password is required and none was sent'
  // every pair is compared, so that the time says nothing about which one fits
  const matches = proofs.flatMap((proof) => passwordDigests.map((digest) => equal(proof, digest)))
  return matches.includes(true) ? undefined : 'the password is not the one that is registered'
}

/** Why a client certificate is not this charger's. It is never learnt from what the charger says of itself. */
export const certificateFlaw = (
  certificate: ClientCertificate,
  identities: readonly AcceptedIdentity[],
): string | undefined => {
  if (certificate.flaw !== undefined) return `the client certificate is no good: ${certificate.flaw}`
  if (identities.length === 0) return 'no client certificate is accepted for this charger: set its client identities'
  if (identities.some((identity) => isOf(identity, certificate))) return undefined
  return certificate.trust === undefined || certificate.trust === 'none'
    ? 'the client certificate leads to no root that is known here'
    : 'the client certificate is not one of this charger'
}

const isOf = (identity: AcceptedIdentity, certificate: ClientCertificate): boolean => {
  const { commonName, organisation, fingerprint, trust, issuers = [] } = certificate
  switch (identity.kind) {
    case 'common-name':
      return (
        trust === 'ours' &&
        commonName === identity.commonName &&
        (identity.organisation === undefined || organisation === identity.organisation)
      )
    case 'vendor-serial':
      return trust === 'vendor' && commonName === identity.commonName && issuers.includes(identity.root)
    case 'fingerprint':
      return fingerprint === identity.fingerprint
    default:
      return identity satisfies never
  }
}
