import { Extension } from '@peculiar/x509'

/** Which list this is: each has a greater number than the one before (RFC 5280 §5.2.3). */
export const crlNumber = (number: number): Extension => {
  const hex = Math.max(0, Math.trunc(number)).toString(16)
  const even = hex.length % 2 === 0 ? hex : `0${hex}`
  const bytes = Buffer.from(Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even, 'hex')
  return new Extension('2.5.29.20', false, Buffer.concat([Buffer.from([0x02, bytes.length]), bytes]))
}
