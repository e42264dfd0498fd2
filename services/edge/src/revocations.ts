import 'reflect-metadata'
import type { X509Certificate } from 'node:crypto'
import { X509Certificate as Certificate, X509Crl } from '@peculiar/x509'
import { StartError } from '@voltrail/runtime/start-error'

/** Which certificates their issuers have revoked (RFC 5280 §5). Who has no list here is taken to have revoked none. */
export type Revocations = {
  /** @param issuer SHA-256 of the issuer's certificate in hex; `serial` in hex */
  has(issuer: string, serial: string): boolean
}

/** Serial numbers come in either case, and with zeros before them. */
export const plainSerial = (hex: string): string => hex.toLowerCase().replace(/^0+(?=.)/, '')

/**
 * Reads lists (PEM or DER), each signed by one of the issuers. A list whose time is over still counts: what was revoked stays so,
 * and to refuse everybody for a late list would switch chargers off. Throws StartError for one that nobody here has signed.
 */
export const readRevocations = async (
  lists: readonly { readonly path: string; readonly bytes: Buffer }[],
  issuers: readonly X509Certificate[],
): Promise<Revocations> => {
  const revoked = new Map<string, Set<string>>()
  for (const { path, bytes } of lists) {
    for (const block of blocksIn(bytes)) {
      let known = false
      const crl = readList(block, path)
      for (const issuer of issuers) {
        if (!(await crl.verify({ publicKey: new Certificate(issuer.raw) }).catch(() => false))) continue
        known = true
        const name = issuer.fingerprint256.replaceAll(':', '').toLowerCase()
        const serials = revoked.get(name) ?? new Set()
        for (const entry of crl.entries) serials.add(plainSerial(entry.serialNumber))
        revoked.set(name, serials)
      }
      if (!known) {
        throw new StartError(
          `the revocation list ${path} is signed by no authority of TLS_CLIENT_CA_PATH and TLS_VENDOR_CA_PATH`,
          'add the certificate of its issuer, or take the list out',
        )
      }
    }
  }
  return { has: (issuer, serial) => revoked.get(issuer)?.has(plainSerial(serial)) ?? false }
}

/** The lists of a file, in DER; a PEM label is `X509 CRL` by RFC 7468, and `CRL` with some tools. */
const blocksIn = (bytes: Buffer): Buffer[] => {
  const text = bytes.toString('latin1')
  if (!text.includes('-----BEGIN')) return [bytes]
  const blocks = [...text.matchAll(/-----BEGIN (?:X509 )?CRL-----([^-]+)-----END (?:X509 )?CRL-----/g)]
  return blocks.length === 0 ? [Buffer.alloc(0)] : blocks.map(([, body = '']) => Buffer.from(body, 'base64'))
}

const readList = (der: Buffer, path: string): X509Crl => {
  try {
    return new X509Crl(new Uint8Array(der))
  } catch (error) {
    throw new StartError(`the revocation list ${path} cannot be read`, 'give a CRL in PEM or DER', { cause: error })
  }
}
