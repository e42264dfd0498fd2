import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import 'reflect-metadata'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import type { CsrFacts } from '@voltrail/domain/device/certificate-request'
import { derParts } from '@voltrail/domain/x509/der'
import { derOfPem, pemOf } from '@voltrail/domain/x509/pem'
import { isSignedBy, signatureAlgorithm } from './signature-algorithm.ts'

/** A certificate request, taken apart: what is judged, and what is signed. */
export interface CertificateRequest {
  readonly facts: CsrFacts
  readonly der: Uint8Array
  readonly pem: string
  /** SubjectPublicKeyInfo */
  readonly publicKey: Uint8Array
}

/** Bits of strength of what Node calls a curve; an unknown curve has none. */
const curveBits: Readonly<Record<string, number>> = {
  secp224r1: 224,
  prime256v1: 256,
  secp256k1: 256,
  brainpoolP256r1: 256,
  brainpoolP384r1: 384,
  brainpoolP512r1: 512,
  secp384r1: 384,
  secp521r1: 521,
  prime192v1: 192,
}

const keyOf = (key: KeyObject): CsrFacts['key'] => {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return { kind: 'RSA', bits: modulusLength ?? 0 }
    case 'ec':
      return { kind: 'EC', bits: curveBits[namedCurve ?? ''] ?? 0, curve: namedCurve ?? 'unnamed' }
    case 'ed25519':
      return { kind: 'EC', bits: 256, curve: 'Ed25519' }
    case 'ed448':
      return { kind: 'EC', bits: 448, curve: 'Ed448' }
    default:
      return { kind: 'other', bits: 0 }
  }
}

/**
 * Reads a PKCS#10 request (RFC 2986) as chargers send it: PEM in any shape, or base64 of the DER. Its digest is of the DER, so
 * that the same request in another shape is the same request.
 * @returns the reason when it is none
 */
export const readCsr = (text: string): CertificateRequest | { readonly unreadable: string } => {
  try {
    const [der, ...more] = derOfPem(text, /^(NEW )?CERTIFICATE REQUEST$/)
    if (der === undefined) return { unreadable: 'the text has no certificate request in it' }
    if (more.length > 0) return { unreadable: 'the text has several certificate requests in it' }
    const request = new Pkcs10CertificateRequest(Buffer.from(der))
    const publicKey = new Uint8Array(request.publicKey.rawData)
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
    // CertificationRequest: info, algorithm, signature (RFC 2986 §4.2)
    const [info, identifier, signature] = derParts(der)
    if (info === undefined || identifier === undefined || signature === undefined)
      return { unreadable: 'the certificate request lacks a part' }
    const algorithm = signatureAlgorithm(identifier)
    const field = (name: string): readonly string[] => request.subjectName.getField(name)
    return {
      facts: {
        digest: createHash('sha256').update(der).digest('hex'),
        keyDigest: createHash('sha256').update(publicKey).digest('hex'),
        subject: request.subject.slice(0, 300),
        commonNames: field('CN'),
        organisations: field('O'),
        key: keyOf(key),
        signature: algorithm?.name ?? 'an unknown algorithm',
        signatureValid:
          algorithm !== undefined && isSignedBy(key, algorithm, info.whole, signature.content.subarray(1)),
      },
      der,
      pem: pemOf('CERTIFICATE REQUEST', der),
      publicKey,
    }
  } catch (error) {
    return { unreadable: `it cannot be read: ${error instanceof Error ? error.message : String(error)}`.slice(0, 150) }
  }
}
