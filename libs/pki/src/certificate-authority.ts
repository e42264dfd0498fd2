import type { X509Certificate } from 'node:crypto'
import type { CertificateFacts } from '@voltrail/contracts/events/device'
import { certificateFacts, certificatePem, oneLine, readCertificates } from '@voltrail/domain/x509/certificate'
import type { CertificateRequest } from './csr.ts'

/** A certificate that an authority made: the charger's own first, then those that vouch for it, without the root. PEM. */
export interface Issued {
  readonly facts: CertificateFacts
  readonly chain: string
}

/** A certificate that was revoked. `reason` as RFC 5280 §5.3.1 names it. */
export interface Revoked {
  readonly serial: string
  readonly at: Date
  readonly reason: string
}

/**
 * Whoever signs chargers' requests: ours, or one that a CPO brings. Errors: `RequestRefused` when it will not sign this request,
 * `AuthorityAway` when it may later.
 */
export interface CertificateAuthority {
  readonly name: string
  /** What its certificates chain to, PEM each. */
  roots(): Promise<readonly string[]>
  /** What stands between its roots and the certificates that it makes, PEM each: whoever checks its revocation list needs them. */
  intermediates(): Promise<readonly string[]>
  issue(request: CertificateRequest): Promise<Issued>
  /** The list of what was revoked, PEM; undefined when it is not ours to make (RFC 5280 §5). `number` grows with every list. */
  revocationList(revoked: readonly Revoked[], number: number): Promise<string | undefined>
}

/** The authority will not sign this request, however often it is asked. */
export class RequestRefused extends Error {}

/** The authority cannot be asked, or wants more time. */
export class AuthorityAway extends Error {
  readonly retryAfterMs: number | undefined
  constructor(message: string, retryAfterMs?: number) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

/** OCPP 1.6 security white paper §5.1: `certificateChain` has at most 10000 characters. */
export const longestChain = 10_000

/**
 * What an authority answered, held against what it was asked: the certificate of the request's own key, then the chain in order,
 * up to one of its roots. Throws `RequestRefused` when there is none, when it leads nowhere, or when no charger could take it.
 */
export const issuedOf = (pem: string, request: CertificateRequest, roots: readonly string[]): Issued => {
  const given = readCertificates(pem)
  const anchors = roots.flatMap(readCertificates)
  const isAnchor = (one: X509Certificate): boolean => anchors.some(({ raw }) => raw.equals(one.raw))
  const own = given.find(({ publicKey }) =>
    publicKey.export({ type: 'spki', format: 'der' }).equals(Buffer.from(request.publicKey)),
  )
  if (own === undefined) throw new RequestRefused('the authority answered with no certificate of the requested key')
  const chain = [own]
  for (let last = own; ;) {
    const issuer = [...anchors, ...given].find((one) => last.checkIssued(one) && last.verify(one.publicKey))
    if (issuer === undefined || chain.includes(issuer))
      throw new RequestRefused(`the certificate of ${oneLine(last.subject)} leads to none of the authority's roots`)
    if (isAnchor(issuer)) break
    chain.push(issuer)
    last = issuer
  }
  const text = chain.map(certificatePem).join('')
  if (text.length > longestChain)
    throw new RequestRefused(`the chain has ${text.length} characters, chargers take ${longestChain} at most`)
  return { facts: certificateFacts(own), chain: text }
}
