/**
 * PEM (RFC 7468), read leniently: chargers send one line, escaped line breaks, or the bare base64 of the DER.
 */

const block = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g

/** The DER of every block with this label; a text without any block is taken for base64 of one. Throws when it is neither. */
export const derOfPem = (text: string, label: RegExp): readonly Uint8Array[] => {
  const plain = text.replace(/\\r|\\n/g, '\n')
  const blocks = [...plain.matchAll(block)]
  if (blocks.length === 0) return plain.includes('-----') ? [] : [fromBase64(plain)]
  return blocks.filter(([, name]) => label.test(name ?? '')).map(([, , body]) => fromBase64(body ?? ''))
}

const fromBase64 = (text: string): Uint8Array => {
  const compact = text.replace(/\s+/g, '')
  if (compact === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) throw new Error('it is neither PEM nor base64')
  return Buffer.from(compact, 'base64')
}

/** One PEM block with a line break at its end. Node wants a revocation list to be called `X509 CRL`. */
export const pemOf = (label: 'CERTIFICATE' | 'X509 CRL' | 'CERTIFICATE REQUEST', der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`
