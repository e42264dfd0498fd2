import { createHmac } from 'node:crypto'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'

const keyBytes = 20
/** OCPP 1.6 security white paper §2: an AuthorizationKey has 16 to 20 bytes (up to 40 as hex text). */
const fewestBytes = 16
const keyHex = new RegExp(`^[0-9A-Fa-f]{${keyBytes * 2}}$`)

/**
 * The keyed hashes (64 hex characters each, at most 4, none twice) of a charger's password in every reading that counts as
 * the same key. Stacks send an AuthorizationKey of 20 bytes as its 40 hex characters, in either case, or as the decoded bytes
 * (OCPP 1.6 security white paper §2: the key is hex text in ChangeConfiguration, bytes in the header). Whoever stores a
 * password and whoever checks one call this; they agree when the two lists share an element.
 *
 * HMAC-SHA-256 and no slow hash: the keys are long random secrets, and ten thousand chargers reconnect at once.
 * @param pepper the deployment's secret, at least 16 bytes
 * @param password the bytes exactly as presented or configured
 */
export const passwordDigests = (
  pepper: Uint8Array,
  tenant: TenantId,
  charger: ChargerId,
  password: Uint8Array,
): string[] => {
  if (pepper.length < 16) throw new RangeError(`a pepper has at least 16 bytes, this one has ${pepper.length}`)
  return readings(password)
    .map((reading) =>
      // ids hold no NUL, so no other split of the same bytes exists
      createHmac('sha256', pepper).update(`${tenant}\0${charger}\0`).update(reading).digest('hex'),
    )
    .filter((digest, index, all) => all.indexOf(digest) === index)
}

/**
 * Why OCPP forbids a password, or undefined: the configuration key AuthorizationKey (OCPP 1.6 security white paper) has 16 to 20
 * bytes, written as they are or as up to 40 hexadecimal digits.
 */
export const forbiddenPassword = (password: Uint8Array): string | undefined => {
  const text = Buffer.from(password).toString('latin1')
  const asHex = /^(?:[0-9A-Fa-f]{2})+$/.test(text) ? text.length / 2 : undefined
  const fits = (bytes: number | undefined): boolean => bytes !== undefined && bytes >= fewestBytes && bytes <= keyBytes
  if (fits(password.length) || fits(asHex)) return undefined
  const rule = `an AuthorizationKey has ${fewestBytes} to ${keyBytes} bytes, or ${fewestBytes * 2} to ${keyBytes * 2} hexadecimal digits (OCPP 1.6 security white paper, AuthorizationKey)`
  return `the password has ${password.length} bytes: ${rule}`
}

/** Whether a password is shorter than a key may be: taken all the same, for a charger that has it cannot be locked out, and flagged. */
export const isShortPassword = (password: Uint8Array): boolean => password.length < fewestBytes

const readings = (password: Uint8Array): Uint8Array[] => {
  const asHex = (hex: string): Uint8Array[] => [Buffer.from(hex.toLowerCase()), Buffer.from(hex.toUpperCase())]
  if (password.length === keyBytes) return [password, ...asHex(Buffer.from(password).toString('hex'))]
  const text = Buffer.from(password).toString('latin1')
  if (keyHex.test(text)) return [password, Buffer.from(text, 'hex'), ...asHex(text)]
  return [password]
}
