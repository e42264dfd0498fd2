import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { TrustBundle } from '@voltrail/contracts/trust'
import { StartError } from '@voltrail/runtime/start-error'
import { plainSerial, readRevocations } from './revocations.ts'
import type { Revocations } from './revocations.ts'

/** Which PEM files the TLS listeners work with. Certificates and keys in pairs: an RSA and an ECDSA one side by side. */
export type TlsPaths = {
  readonly certificates: readonly string[]
  readonly keys: readonly string[]
  /** roots (and issuing certificates) of our own certificate authority */
  readonly ours: readonly string[]
  /** those of vendors whose factory certificates may be accepted */
  readonly vendors: readonly string[]
  readonly revocations: readonly string[]
}

/** What stood in the files at one moment; `digest` tells whether it is another. */
export type TlsFiles = {
  readonly cert: readonly Buffer[]
  readonly key: readonly Buffer[]
  readonly ca: readonly string[]
  /** SHA-256 in hex of the certificates that make a client certificate ours, or a vendor's */
  readonly ours: ReadonlySet<string>
  readonly vendors: ReadonlySet<string>
  readonly revocations: Revocations
  /** serial numbers (plain hex) that were revoked here, whoever of `ours` issued them */
  readonly revoked: ReadonlySet<string>
  /** what of the bundle could not be used */
  readonly problems: readonly string[]
  readonly digest: string
}

const fingerprintOf = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase()

/**
 * Reads and checks all of them. Throws StartError that names the file and what to do.
 * @param trust whom the bus says to trust too. A revocation list in it that cannot be used is a problem that is told: the serial
 * numbers beside it count all the same
 */
export const readTlsFiles = async (paths: TlsPaths, trust?: TrustBundle): Promise<TlsFiles> => {
  if (paths.certificates.length !== paths.keys.length) {
    throw new StartError(
      `TLS_CERT_PATH names ${paths.certificates.length} files and TLS_KEY_PATH ${paths.keys.length}`,
      'name the key of each certificate, in the same order',
    )
  }
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path)
    } catch (error) {
      throw new StartError(`a TLS file cannot be read: ${(error as Error).message}`, 'correct its path', {
        cause: error,
      })
    }
  }
  const cert = paths.certificates.map(read)
  const key = paths.keys.map(read)
  cert.forEach((pem, i) => checkPair(pem, key[i] ?? pem, paths.certificates[i] ?? ''))
  const told = [...(trust?.roots ?? []), ...(trust?.intermediates ?? [])]
  const ours = [
    ...paths.ours.flatMap((path) => certificatesIn(read(path), path)),
    ...told.flatMap((pem) => certificatesIn(Buffer.from(pem), 'the trust bundle')),
  ]
  const vendors = paths.vendors.flatMap((path) => certificatesIn(read(path), path))
  const lists = paths.revocations.map((path) => ({ path, bytes: read(path) }))
  const issuers = [...ours, ...vendors]
  const listed = trust?.crl === undefined ? [] : [{ path: 'of the trust bundle', bytes: Buffer.from(trust.crl) }]
  const byBus = await readRevocations(listed, issuers).catch((error: unknown) => {
    if (error instanceof StartError) return error.message
    throw error
  })
  const byFiles = await readRevocations(lists, issuers)
  const revoked = (trust?.revoked ?? []).map(plainSerial).toSorted()
  const hash = createHash('sha256')
  for (const part of [
    ...cert,
    ...key,
    ...issuers.map(({ raw }) => raw),
    ...[...lists, ...listed].map((one) => one.bytes),
    revoked.join(),
  ])
    hash.update(createHash('sha256').update(part).digest())
  return {
    cert,
    key,
    ca: issuers.map((certificate) => certificate.toString()),
    ours: new Set(ours.map(fingerprintOf)),
    vendors: new Set(vendors.map(fingerprintOf)),
    revocations: {
      has: (issuer, serial) => byFiles.has(issuer, serial) || (typeof byBus !== 'string' && byBus.has(issuer, serial)),
    },
    revoked: new Set(revoked),
    problems: typeof byBus === 'string' ? [byBus] : [],
    digest: hash.digest('hex'),
  }
}

/** A weak key or signature (RSA under 2048 bits, EC under 224, SHA-1) fails here too: the security level asks for 112 bits. */
const checkPair = (cert: Buffer, key: Buffer, path: string): void => {
  try {
    createSecureContext({ cert, key, ciphers: `DEFAULT@SECLEVEL=2` })
  } catch (error) {
    throw new StartError(
      `the certificate ${path} and its key cannot be used: ${(error as Error).message}`,
      'give a PEM chain with its own PEM key: RSA of 2048 bits or more, or EC of 224 or more, not signed with SHA-1',
      { cause: error },
    )
  }
}

const certificatesIn = (pem: Buffer, path: string): X509Certificate[] => {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    if (blocks.length === 0) throw new Error('it holds none')
    return blocks.map((block) => new X509Certificate(block))
  } catch (error) {
    throw new StartError(
      `the certificates in ${path} cannot be read: ${(error as Error).message}`,
      'give a PEM file of root certificates',
      { cause: error },
    )
  }
}
