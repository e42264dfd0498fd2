import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { X509Certificate as Certificate } from '@peculiar/x509'
import type { ClientCertificate } from '@voltrail/contracts/facts'
import { plainSerial } from './revocations.ts'
import type { TlsFiles } from './tls-files.ts'

/** What a charger presented at its handshake. */
export type PresentedCertificate = {
  readonly certificate: ClientCertificate
  /** What these lists say against it, for a connection that is open when they come; undefined: nothing. Cheap: it parses nothing. */
  readonly revokedBy: (lists: RevocationLists) => string | undefined
}
export type RevocationLists = Pick<TlsFiles, 'revocations' | 'revoked'>

/**
 * The client certificate of a connection in the words of a fact, or undefined when none was presented. What is wrong with it is
 * said, not refused: whether it counts, and for which charger, is decided by central, which records it.
 * @param now ms since 1970
 */
export const readClientCertificate = (
  socket: Pick<TLSSocket, 'getPeerCertificate' | 'authorized'>,
  files: Pick<TlsFiles, 'ours' | 'vendors' | 'revocations' | 'revoked'>,
  now: number,
): PresentedCertificate | undefined => {
  const leaf = socket.getPeerCertificate(true)
  // an empty object when there is none
  if (leaf === undefined || leaf === null || leaf.raw === undefined) return undefined
  const chain = chainOf(leaf)
  const issuers = chain.slice(1).map(fingerprintOf)
  const trust = !socket.authorized
    ? 'none'
    : issuers.some((one) => files.ours.has(one))
      ? 'ours'
      : issuers.some((one) => files.vendors.has(one))
        ? 'vendor'
        : 'none'
  const links = chain.map((one) => ({ serial: plainSerial(one.serialNumber), fingerprint: fingerprintOf(one) }))
  const revokedBy = (lists: RevocationLists): string | undefined => revocationOf(links, trust === 'ours', lists)
  const flaw = revokedBy(files) ?? flawOf(chain, now)
  const organisation = onlyOne(leaf.subject.O)
  const certificate: ClientCertificate = {
    kind: 'certificate',
    commonName: (onlyOne(leaf.subject.CN) ?? '').slice(0, 200),
    ...(organisation === undefined ? {} : { organisation: organisation.slice(0, 200) }),
    fingerprint: fingerprintOf(leaf),
    issuers: issuers.slice(0, 10),
    trust,
    ...(flaw === undefined ? {} : { flaw }),
  }
  return { certificate, revokedBy }
}

/** By the list of the issuer of each, and by serial number alone where the charger's own certificate is one of ours. */
const revocationOf = (
  links: readonly { readonly serial: string; readonly fingerprint: string }[],
  isOurs: boolean,
  { revocations, revoked }: RevocationLists,
): string | undefined => {
  for (const [depth, { serial }] of links.entries()) {
    const issuer = links[depth + 1]
    const isListed = issuer !== undefined && revocations.has(issuer.fingerprint, serial)
    if (depth === 0 && (isListed || (isOurs && revoked.has(serial)))) return 'it was revoked'
    if (isListed) return 'one of its issuers was revoked'
  }
  return undefined
}

/** A subject with two names is taken to have none: nobody can say which of them was checked. */
const onlyOne = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

const chainOf = (leaf: DetailedPeerCertificate): DetailedPeerCertificate[] => {
  const chain = [leaf]
  let next = leaf.issuerCertificate as DetailedPeerCertificate | undefined
  // a root is its own issuer
  while (next !== undefined && chain.length < 10 && !chain.some((one) => one.fingerprint256 === next?.fingerprint256)) {
    chain.push(next)
    next = next.issuerCertificate
  }
  return chain
}

const fingerprintOf = ({ fingerprint256 }: { readonly fingerprint256: string }): string =>
  fingerprint256.replaceAll(':', '').toLowerCase()

const flawOf = (chain: readonly DetailedPeerCertificate[], now: number): string | undefined => {
  for (const [depth, certificate] of chain.entries()) {
    const whose = depth === 0 ? 'it' : 'one of its issuers'
    if (Date.parse(certificate.valid_to) < now) return `${whose} expired on ${certificate.valid_to}`
    if (Date.parse(certificate.valid_from) > now) return `${whose} is not valid before ${certificate.valid_from}`
  }
  const [leaf] = chain
  return leaf === undefined ? undefined : weaknessOf(leaf.raw)
}

/** Weak by the security white paper: RSA under 2048 bits, EC under 224 bits, SHA-1. */
const weaknessOf = (raw: Buffer): string | undefined => {
  const { publicKey } = new X509Certificate(raw)
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {}
  if (modulusLength !== undefined && modulusLength < 2048)
    return `its RSA key has ${modulusLength} bits, fewer than 2048`
  const bits = Number(/(\d{3})/.exec(namedCurve ?? '')?.[1] ?? 256)
  if (bits < 224) return `its EC key has ${bits} bits, fewer than 224`
  const { signatureAlgorithm } = new Certificate(new Uint8Array(raw))
  return 'hash' in signatureAlgorithm && signatureAlgorithm.hash.name === 'SHA-1'
    ? 'it is signed with SHA-1'
    : undefined
}
