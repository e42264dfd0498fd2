import { createPublicKey, randomBytes } from 'node:crypto'
import 'reflect-metadata'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  CRLDistributionPointsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
  type Extension,
  type JsonName,
} from '@peculiar/x509'
import { weaknesses } from '@voltrail/domain/device/certificate-request'
import { certificateFacts, readCertificates } from '@voltrail/domain/x509/certificate'
import { RequestRefused, issuedOf, type CertificateAuthority, type Issued } from './certificate-authority.ts'
import { crlNumber } from './crl-number.ts'
import { pemOf } from '@voltrail/domain/x509/pem'
import { newKey, webSigner, type KeyKind, type Signer } from './signer.ts'

/** An authority of our own: a root that chargers and edges trust, and an issuing certificate under it that signs. */
export interface AuthorityMaterial {
  /** PEM */
  readonly root: string
  /** PEM, signed by the root */
  readonly issuing: string
}

export interface AuthorityTerms {
  /** ms since 1970 */
  readonly now: () => number
  /** how long a charger's certificate holds, in days */
  readonly days: number
  /** where the list of revoked certificates can be fetched; absent: certificates do not say */
  readonly crlUrl?: string | undefined
}

const day = 86_400_000
/** clocks of chargers are behind, some by an hour and a zone that they have wrong */
const backdatedMs = day
/** a list is made anew each day; it holds longer so that an outage does not lock chargers out */
const listHoldsDays = 7
const rootDays = 20 * 365
const issuingDays = 10 * 365

/** 127 bits, never negative and never 0 (RFC 5280 §4.1.2.2). */
const newSerial = (): string => {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes.toString('hex')
}

interface Wanted {
  readonly subject: JsonName
  readonly publicKey: Uint8Array
  readonly notAfter: Date
  readonly notBefore: Date
  readonly extensions: readonly Extension[]
}

/** Signs a certificate for the key, by `issuer` (absent: itself). */
const certify = async (
  signer: Signer,
  issuer: X509Certificate | undefined,
  wanted: Wanted,
): Promise<X509Certificate> => {
  const { signingAlgorithm, signingKey, crypto } = await webSigner(signer)
  const publicKey = new PublicKey(Buffer.from(wanted.publicKey))
  return X509CertificateGenerator.create(
    {
      serialNumber: newSerial(),
      subject: wanted.subject,
      issuer: issuer?.subjectName ?? wanted.subject,
      notBefore: wanted.notBefore,
      notAfter: wanted.notAfter,
      signingAlgorithm,
      publicKey,
      signingKey,
      extensions: [
        ...wanted.extensions,
        await SubjectKeyIdentifierExtension.create(publicKey, false, crypto),
        ...(issuer === undefined
          ? []
          : [await AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, crypto)]),
      ],
    },
    crypto,
  )
}

/** Makes a root and an issuing certificate. Nothing is stored: the caller keeps the keys. */
export const createAuthority = async (
  organisation: string,
  signers: { readonly root: Signer; readonly issuing: Signer },
  now: number,
): Promise<AuthorityMaterial> => {
  const authority = (name: string): JsonName => [{ O: [organisation] }, { CN: [name] }]
  const usage = new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true)
  const notBefore = new Date(now - backdatedMs)
  const root = await certify(signers.root, undefined, {
    subject: authority(`${organisation} charging root`.slice(0, 64)),
    publicKey: signers.root.publicKey,
    notBefore,
    notAfter: new Date(now + rootDays * day),
    extensions: [new BasicConstraintsExtension(true, 1, true), usage],
  })
  const issuing = await certify(signers.root, root, {
    subject: authority(`${organisation} charging issuer`.slice(0, 64)),
    publicKey: signers.issuing.publicKey,
    notBefore,
    notAfter: new Date(now + issuingDays * day),
    extensions: [new BasicConstraintsExtension(true, 0, true), usage],
  })
  return { root: pem(root), issuing: pem(issuing) }
}

const pem = (certificate: X509Certificate): string => pemOf('CERTIFICATE', new Uint8Array(certificate.rawData))

export interface BuiltInAuthority extends CertificateAuthority {
  /**
   * A server's certificate for its names (CN and SAN): keyEncipherment with RSA only, as its static suites need it.
   * @param publicKey SubjectPublicKeyInfo, DER
   */
  issueServer(names: readonly [string, ...string[]], publicKey: Uint8Array): Promise<Issued>
}

/** The authority that signs with `signer`, the key of `material.issuing`. */
export const builtInAuthority = (
  material: AuthorityMaterial,
  signer: Signer,
  { now, days, crlUrl }: AuthorityTerms,
): BuiltInAuthority => {
  const issuing = new X509Certificate(material.issuing)
  if (!Buffer.from(issuing.publicKey.rawData).equals(Buffer.from(signer.publicKey)))
    throw new Error('the key of the authority is not the key of its certificate')
  const leaf = async (
    publicKey: Uint8Array,
    subject: JsonName,
    extensions: readonly Extension[],
  ): Promise<{ readonly pem: string; readonly chain: string }> => {
    const at = now()
    const own = await certify(signer, issuing, {
      subject,
      publicKey,
      notBefore: new Date(at - backdatedMs),
      // nothing outlives what vouches for it
      notAfter: new Date(Math.min(at + days * day, issuing.notAfter.getTime())),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        ...extensions,
        ...(crlUrl === undefined ? [] : [new CRLDistributionPointsExtension([crlUrl])]),
      ],
    })
    return { pem: pem(own), chain: pem(own) + material.issuing }
  }
  const isRsa = (publicKey: Uint8Array): boolean =>
    createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' }).asymmetricKeyType === 'rsa'
  const keyUsage = (publicKey: Uint8Array) =>
    new KeyUsagesExtension(
      KeyUsageFlags.digitalSignature | (isRsa(publicKey) ? KeyUsageFlags.keyEncipherment : 0),
      true,
    )

  return {
    name: 'built-in',
    roots: async () => [material.root],
    intermediates: async () => [material.issuing],
    async issue(request) {
      const { facts, publicKey } = request
      const weak = weaknesses(facts)
      if (weak.length > 0) throw new RequestRefused(weak.join('; '))
      const [commonName] = facts.commonNames
      if (commonName === undefined) throw new RequestRefused('the request has no CN')
      const organisation = facts.organisations[0]
      const { chain } = await leaf(
        publicKey,
        [...(organisation === undefined ? [] : [{ O: [organisation] }]), { CN: [commonName] }],
        [keyUsage(publicKey), new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
      )
      return issuedOf(chain, request, [material.root])
    },
    async issueServer([name, ...others], publicKey) {
      const dns = [name, ...others].map((value) => ({
        type: isAddress(value) ? ('ip' as const) : ('dns' as const),
        value,
      }))
      const made = await leaf(
        publicKey,
        [{ CN: [name] }],
        [
          keyUsage(publicKey),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension(dns),
        ],
      )
      return { facts: certificateFacts(readCertificates(made.pem)[0]!), chain: made.chain }
    },
    async revocationList(revoked, number) {
      const { signingAlgorithm, signingKey, crypto } = await webSigner(signer)
      const at = now()
      const list = await X509CrlGenerator.create(
        {
          issuer: issuing.subjectName,
          thisUpdate: new Date(at),
          nextUpdate: new Date(at + listHoldsDays * day),
          signingAlgorithm,
          signingKey,
          entries: revoked.map(({ serial, at: revocationDate, reason }) => ({
            serialNumber: serial,
            revocationDate,
            reason: reasonCode(reason),
          })),
          extensions: [
            await AuthorityKeyIdentifierExtension.create(issuing.publicKey, false, crypto),
            crlNumber(number),
          ],
        },
        crypto,
      )
      return pemOf('X509 CRL', new Uint8Array(list.rawData))
    },
  }
}

const isAddress = (name: string): boolean => /^[\d.]+$|:/.test(name)

const reasonCode = (reason: string): X509CrlReason => {
  const code = (X509CrlReason as unknown as Record<string, unknown>)[reason]
  return typeof code === 'number' ? code : X509CrlReason.unspecified
}

/** A key and a certificate for a server, both new. PEM. */
export const newServerCertificate = async (
  authority: BuiltInAuthority,
  kind: KeyKind,
  names: readonly [string, ...string[]],
): Promise<Issued & { readonly key: string }> => {
  const key = await newKey(kind)
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return { ...(await authority.issueServer(names, publicKey)), key }
}
