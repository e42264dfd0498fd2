import { createHash, X509Certificate } from 'node:crypto'
import type { CertificateHash } from '@voltrail/contracts/charger-commands'
import type { CertificateFacts } from '@voltrail/contracts/events/device'
import { instant } from '@voltrail/contracts/quantities'
import { derParts, type Der } from './der.ts'
import { derOfPem, pemOf } from './pem.ts'

/** Every certificate of a PEM text, in its order. Throws when one cannot be read. */
export const readCertificates = (pem: string): readonly X509Certificate[] =>
  derOfPem(pem, /^(X509 |TRUSTED )?CERTIFICATE$/).map((der) => new X509Certificate(der))

/** The PEM of one certificate, as we write it. */
export const certificatePem = (certificate: X509Certificate): string => pemOf('CERTIFICATE', certificate.raw)

/** A name as Node has it, on one line. */
export const oneLine = (name: string): string => name.split('\n').join(', ').slice(0, 300)

/** A certificate by what can be told of it. */
export const certificateFacts = (certificate: X509Certificate): CertificateFacts => ({
  serial: certificate.serialNumber.toLowerCase(),
  subject: oneLine(certificate.subject),
  issuer: oneLine(certificate.issuer),
  notBefore: instant(Date.parse(certificate.validFrom)),
  notAfter: instant(Date.parse(certificate.validTo)),
  fingerprint: createHash('sha256').update(certificate.raw).digest('hex'),
})

/** The parts of a TBSCertificate (RFC 5280 §4.1), its version left out: serial, algorithm, issuer, validity, subject, key. */
const parts = (certificate: X509Certificate): readonly Der[] => {
  const [tbs] = derParts(certificate.raw)
  if (tbs === undefined) throw new Error('a certificate lacks its body')
  const all = derParts(tbs.whole)
  return all[0]?.tag === 0xa0 ? all.slice(1) : all
}

/**
 * A certificate as OCPP names it (security white paper §4.2.2, after RFC 6960 §4.1.1): the hash of its issuer's name (DER), of its
 * issuer's key (the bits alone, without tag and length) and its serial number without leading zeros. In hex.
 * @param issuer itself, for a root
 */
export const certificateHash = (certificate: X509Certificate, issuer: X509Certificate): CertificateHash => {
  const name = parts(certificate)[2]
  const key = parts(issuer)[5]
  const bits = key === undefined ? undefined : derParts(key.whole)[1]
  if (name === undefined || bits === undefined) throw new Error('a certificate lacks a part')
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  return {
    hashAlgorithm: 'SHA256',
    issuerNameHash: sha256(name.whole),
    // the first byte of a BIT STRING counts its unused bits
    issuerKeyHash: sha256(bits.content.subarray(1)),
    serialNumber: certificate.serialNumber.toLowerCase().replace(/^0+(?=.)/, ''),
  }
}

/** Whether the two are the same certificate to a charger: OCPP stacks differ in case and in leading zeros. */
export const isSameCertificate = (one: CertificateHash, other: CertificateHash): boolean => {
  const plain = ({ hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }: CertificateHash) =>
    [hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber.replace(/^0+(?=.)/, '')].join(' ').toLowerCase()
  return plain(one) === plain(other)
}
