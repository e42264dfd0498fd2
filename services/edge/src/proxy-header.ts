/**
 * The header with which a balancer tells whose connection it passes on: PROXY protocol, versions 1 and 2
 * (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt).
 */
export type ProxyHeader =
  /** not all of it is there */
  | { readonly kind: 'incomplete' }
  /** `bytes` of it came before the connection's own; `source` is absent when the balancer speaks for itself (health checks) */
  | { readonly kind: 'header'; readonly bytes: number; readonly source?: string }
  | { readonly kind: 'invalid'; readonly detail: string }

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
/** §2.1: with its CRLF a version 1 header never takes more */
const longestText = 107
const invalid = (detail: string): ProxyHeader => ({ kind: 'invalid', detail })

/** @param start what the connection has sent so far */
export const readProxyHeader = (start: Buffer): ProxyHeader => {
  if (startsLike(start, signature)) return start.length < 16 ? { kind: 'incomplete' } : readBinary(start)
  if (startsLike(start, Buffer.from('PROXY '))) return readText(start)
  return invalid('the connection does not begin with a PROXY protocol header')
}

const startsLike = (start: Buffer, with_: Buffer): boolean => {
  const length = Math.min(start.length, with_.length)
  return start.subarray(0, length).equals(with_.subarray(0, length))
}

const readText = (start: Buffer): ProxyHeader => {
  const end = start.indexOf('\r\n')
  if (end < 0) return start.length >= longestText ? invalid('its PROXY header has no end') : { kind: 'incomplete' }
  if (end + 2 > longestText) return invalid('its PROXY header is too long')
  const [, family = '', source = '', destination = '', ...ports] = start.subarray(0, end).toString('latin1').split(' ')
  const bytes = end + 2
  if (family === 'UNKNOWN') return { kind: 'header', bytes }
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined
  const right =
    version !== undefined &&
    isAddress(source, version) &&
    isAddress(destination, version) &&
    ports.length === 2 &&
    ports.every((port) => /^\d{1,5}$/.test(port) && Number(port) <= 65_535)
  return right ? { kind: 'header', bytes, source } : invalid('its PROXY header of version 1 cannot be read')
}

const isAddress = (text: string, version: 4 | 6): boolean =>
  version === 4
    ? /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255)
    : /^[0-9a-f:.]{2,45}$/i.test(text) && text.includes(':')

const readBinary = (start: Buffer): ProxyHeader => {
  const versionAndCommand = start[12] ?? 0
  if (versionAndCommand >> 4 !== 2) return invalid('its PROXY header is of a version other than 1 and 2')
  const bytes = 16 + start.readUInt16BE(14)
  if (bytes > 16 + 4_096) return invalid('its PROXY header is too long')
  if (start.length < bytes) return { kind: 'incomplete' }
  const command = versionAndCommand & 0x0f
  // LOCAL: the balancer's own connection, its addresses are to be ignored
  if (command === 0) return { kind: 'header', bytes }
  if (command !== 1) return invalid('its PROXY header has a command other than LOCAL and PROXY')
  const family = start[13]
  if (family === 0x11 && bytes >= 16 + 12)
    return { kind: 'header', bytes, source: [...start.subarray(16, 20)].join('.') }
  if (family === 0x21 && bytes >= 16 + 36) return { kind: 'header', bytes, source: ipv6(start.subarray(16, 32)) }
  return family === 0 ? { kind: 'header', bytes } : invalid('its PROXY header is not of TCP over IPv4 or IPv6')
}

const ipv6 = (bytes: Buffer): string => {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
