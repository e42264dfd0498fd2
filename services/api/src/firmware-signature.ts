import {
  constants,
  createVerify,
  X509Certificate,
  type KeyObject,
  type VerifyKeyObjectInput,
  type Verify,
} from 'node:crypto'

/** Why a certificate cannot be what firmware was signed with. */
export class UnfitCertificate extends Error {}

export interface SignatureCheck {
  update(chunk: Uint8Array): void
  /** whether the signature is of all that was passed to `update` */
  holds(): boolean
}

/** The schemes that a key may have signed by: the white paper leaves the padding of RSA and the form of an EC signature open. */
const schemes = (key: KeyObject): readonly Omit<VerifyKeyObjectInput, 'key'>[] => {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return [pss, { padding: constants.RSA_PKCS1_PADDING }]
    case 'rsa-pss':
      return [pss]
    case 'ec':
      return [{ dsaEncoding: 'der' }, { dsaEncoding: 'ieee-p1363' }]
    default:
      throw new UnfitCertificate(
        `firmware is signed by RSA or EC keys, this certificate has one of ${key.asymmetricKeyType}: sign it with another`,
      )
  }
}

const curveBits: Readonly<Record<string, number>> = { secp224r1: 224, prime256v1: 256, secp384r1: 384, secp521r1: 521 }

/**
 * Checks a signature with SHA-256 (security white paper, SignedUpdateFirmware) while the image streams by.
 * @param signature base64
 * @param certificate PEM
 * @param now ms since 1970
 * @throws {UnfitCertificate} unreadable, out of its time, of a weak key or of one that cannot sign firmware
 */
export const checkSignature = (signature: string, certificate: string, now: number): SignatureCheck => {
  const { publicKey, validFrom, validTo } = readCertificate(certificate)
  if (now < Date.parse(validFrom) || now > Date.parse(validTo))
    throw new UnfitCertificate(`the signing certificate is valid from ${validFrom} to ${validTo}, which is not now`)
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {}
  const bits = modulusLength ?? curveBits[namedCurve ?? ''] ?? 0
  const ways = schemes(publicKey)
  if (modulusLength === undefined ? bits < 224 : bits < 2_048)
    throw new UnfitCertificate('the key of the signing certificate is weak: RSA needs 2048 bits, EC 224')
  const given = Buffer.from(signature.replaceAll(/\s/g, ''), 'base64')
  const checks = ways.map((way): readonly [Omit<VerifyKeyObjectInput, 'key'>, Verify] => [way, createVerify('sha256')])
  return {
    update: (chunk) => checks.forEach(([, verify]) => verify.update(chunk)),
    holds: () => checks.some(([way, verify]) => verifies(verify, { key: publicKey, ...way }, given)),
  }
}

/** What is no signature of this scheme at all is an error to OpenSSL, and to us one that does not hold. */
const verifies = (verify: Verify, by: VerifyKeyObjectInput, signature: Uint8Array): boolean => {
  try {
    return verify.verify(by, signature)
  } catch {
    return false
  }
}

const readCertificate = (pem: string): X509Certificate => {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw new UnfitCertificate('the signing certificate cannot be read: send it as PEM', { cause: error })
  }
}
