import { createPrivateKey, createPublicKey, generateKeyPair, sign, webcrypto, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

export type KeyKind = 'ECDSA' | 'RSA'

/**
 * Whoever holds a private key: a file here, or a key management service behind the same three things. The key never leaves it.
 */
export interface Signer {
  readonly kind: KeyKind
  /** SubjectPublicKeyInfo, DER */
  readonly publicKey: Uint8Array
  /** Signs with SHA-256: RSA PKCS#1 v1.5, or ECDSA on P-256 as r‖s of 64 bytes (IEEE P1363). */
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/** A new private key, PKCS#8 PEM: ECDSA P-256, or RSA 3072. */
export const newKey = async (kind: KeyKind): Promise<string> => {
  const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const
  const made =
    kind === 'ECDSA'
      ? await promisify(generateKeyPair)('ec', { namedCurve: 'P-256', privateKeyEncoding, publicKeyEncoding })
      : await promisify(generateKeyPair)('rsa', { modulusLength: 3072, privateKeyEncoding, publicKeyEncoding })
  return made.privateKey
}

/** Signs with a key that this process holds. Throws when it is neither RSA nor of the curve P-256. */
export const keySigner = (pem: string): Signer => {
  const key = createPrivateKey(pem)
  const kind = kindOf(key)
  return {
    kind,
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }),
    sign: async (bytes) => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }),
  }
}

const kindOf = (key: KeyObject): KeyKind => {
  if (key.asymmetricKeyType === 'rsa') return 'RSA'
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ECDSA'
  throw new Error(`a signing key must be RSA or ECDSA on P-256, this one is ${key.asymmetricKeyType}`)
}

const algorithms = {
  ECDSA: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  RSA: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
} as const

/**
 * A signer as the X.509 library wants it: a key that names its algorithm, and a WebCrypto whose `sign` asks the signer.
 * The key handed out is the public one: there is no private key to leak.
 */
export const webSigner = async (signer: Signer) => {
  const signingAlgorithm = algorithms[signer.kind]
  const signingKey = await webcrypto.subtle.importKey('spki', signer.publicKey, signingAlgorithm, true, ['verify'])
  const subtle = new Proxy(webcrypto.subtle, {
    get: (target, name) => {
      if (name === 'sign')
        return async (_algorithm: unknown, _key: unknown, data: ArrayBuffer) => {
          const signature = await signer.sign(new Uint8Array(data))
          return signature.buffer.slice(signature.byteOffset, signature.byteOffset + signature.byteLength)
        }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const crypto = {
    subtle,
    getRandomValues: webcrypto.getRandomValues.bind(webcrypto),
    randomUUID: webcrypto.randomUUID.bind(webcrypto),
  } as unknown as webcrypto.Crypto
  return { signingAlgorithm, signingKey, crypto }
}
