import { constants, verify, type KeyObject } from 'node:crypto'
import { derOid, derParts, derValues, type Der } from '@voltrail/domain/x509/der'

interface SignatureAlgorithm {
  readonly name: string
  /** as Node names it; absent: the algorithm brings its own */
  readonly hash?: string
  readonly pss?: true
}

const byOid: Readonly<Record<string, SignatureAlgorithm>> = {
  '1.2.840.113549.1.1.4': { name: 'RSA with MD5', hash: 'md5' },
  '1.2.840.113549.1.1.5': { name: 'RSA with SHA-1', hash: 'sha1' },
  '1.2.840.113549.1.1.14': { name: 'RSA with SHA-224', hash: 'sha224' },
  '1.2.840.113549.1.1.11': { name: 'RSA with SHA-256', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { name: 'RSA with SHA-384', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { name: 'RSA with SHA-512', hash: 'sha512' },
  '1.2.840.10045.4.1': { name: 'ECDSA with SHA-1', hash: 'sha1' },
  '1.2.840.10045.4.3.1': { name: 'ECDSA with SHA-224', hash: 'sha224' },
  '1.2.840.10045.4.3.2': { name: 'ECDSA with SHA-256', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { name: 'ECDSA with SHA-384', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { name: 'ECDSA with SHA-512', hash: 'sha512' },
  '1.3.101.112': { name: 'Ed25519' },
  '1.3.101.113': { name: 'Ed448' },
}

const hashByOid: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** An AlgorithmIdentifier of a signature (RFC 5280 §4.1.1.2), with its DER. Undefined: one that nobody here knows. */
export const signatureAlgorithm = (identifier: Der): SignatureAlgorithm | undefined => {
  const [oid, parameters] = derValues(identifier.content)
  const name = oid === undefined ? '' : derOid(oid.content)
  if (name !== '1.2.840.113549.1.1.10') return byOid[name]
  // RSASSA-PSS (RFC 4055 §3.1): the hash is its parameter [0], SHA-1 unless told
  const given = parameters === undefined ? undefined : derValues(parameters.content).find(({ tag }) => tag === 0xa0)
  const hashOid = given === undefined ? undefined : derParts(given.content)[0]
  const hash = hashOid === undefined ? 'sha1' : hashByOid[derOid(hashOid.content)]
  return hash === undefined
    ? undefined
    : { name: `RSA-PSS with ${hash.toUpperCase().replace('SHA', 'SHA-')}`, hash, pss: true }
}

/** Whether `signature` over `bytes` is of this key. Never throws: what cannot be checked is not valid. */
export const isSignedBy = (
  key: KeyObject,
  { hash, pss }: SignatureAlgorithm,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean => {
  try {
    const padding =
      pss === true ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO } : {}
    return verify(hash ?? null, bytes, { key, ...padding }, signature)
  } catch {
    return false
  }
}
