import { createHmac, timingSafeEqual } from 'node:crypto'
import { FileProtocol } from '@voltrail/contracts/charger-settings'
import type { TransferKind } from '@voltrail/contracts/events/device'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'

/**
 * The credential of one file transfer, derived and never stored: whoever has the key can tell a good one from its text alone.
 * Charging stations log in several times per transfer, so it is good until its request has ended or its time is over. It is
 * lower-case letters and digits only: nothing to be escaped in a URL, a shell or a configuration that some firmware builds of it.
 *
 * User: kind (1), request (6, base 36), expiry in seconds (7, base 36), owner (16). Password: 26 characters of base 32.
 */
export interface TransferClaim {
  readonly kind: TransferKind
  readonly requestId: number
  /** ms since 1970, whole seconds */
  readonly expiresAt: number
  /** stands for tenant and charger, see `transferOwner`: an id of 48 characters of any script has no room in a URL */
  readonly owner: string
}

export const transferProtocols = FileProtocol.options
export type TransferProtocol = FileProtocol

/** OCPP 1.6 leaves the length of a location open; firmware in the field does not take more. */
export const longestLocation = 200

const letters = { Firmware: 'f', DiagnosticsLog: 'd', SecurityLog: 's' } as const satisfies Record<TransferKind, string>
const kinds = new Map(Object.entries(letters).map(([kind, letter]) => [letter as string, kind as TransferKind]))
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** The first `length` characters of HMAC-SHA-256 in base 32: 5 bits each. */
const derived = (key: Uint8Array, purpose: string, parts: readonly string[], length: number): string => {
  const bytes = createHmac('sha256', key)
    .update(JSON.stringify([purpose, ...parts]))
    .digest()
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5 && text.length < length) {
      bits -= 5
      text += alphabet[(held >> bits) & 31]
    }
  }
  return text
}

/** What a user name says in the place of tenant and charger. */
export const transferOwner = (tenant: TenantId, chargerId: ChargerId, key: Uint8Array): string =>
  derived(key, 'transfer-owner', [tenant, chargerId], 16)

const passwordOf = (user: string, key: Uint8Array): string => derived(key, 'transfer-password', [user], 26)

export interface TransferRequest {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  readonly requestId: number
  readonly kind: TransferKind
  /** ms since 1970; counts in whole seconds */
  readonly expiresAt: number
}

export const transferCredential = (
  { tenant, chargerId, requestId, kind, expiresAt }: TransferRequest,
  key: Uint8Array,
): { readonly user: string; readonly password: string } => {
  const user = [
    letters[kind],
    requestId.toString(36).padStart(6, '0'),
    Math.floor(expiresAt / 1_000)
      .toString(36)
      .padStart(7, '0'),
    transferOwner(tenant, chargerId, key),
  ].join('')
  return { user, password: passwordOf(user, key) }
}

export interface TransferLocation extends TransferRequest {
  readonly protocol: TransferProtocol
  readonly host: string
  /** absent: the protocol's own */
  readonly port?: number
  /** of firmware, or for stations that want the name of what they upload; letters, digits, `.`, `_` and `-` */
  readonly fileName?: string
  /**
   * `path`: for HTTP stacks that leave out the user of a URL. The location is a secret either way: it must not be stored or
   * logged as it is.
   */
  readonly credentialIn?: 'userinfo' | 'path'
}

/**
 * The URL to hand to the charger: no query, at most 200 characters, ending in `/` when it names no file.
 * Throws a RangeError that says what to shorten when host and file name leave no room.
 */
export const transferLocation = (where: TransferLocation, key: Uint8Array): string => {
  const { protocol, host, port, fileName = '', credentialIn = 'userinfo' } = where
  if (!/^[A-Za-z0-9._-]*$/.test(fileName) || /^\.+$/.test(fileName))
    throw new RangeError(
      `a location cannot name the file ${JSON.stringify(fileName)}: use letters, digits, ".", "_", "-"`,
    )
  if (credentialIn === 'path' && !protocol.startsWith('http'))
    throw new RangeError(`only http and https carry the credential in the path, ${protocol} does not`)
  const { user, password } = transferCredential(where, key)
  const authority = `${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`
  const url =
    credentialIn === 'path'
      ? `${protocol}://${authority}/${user}/${password}/${fileName}`
      : `${protocol}://${user}:${password}@${authority}/${fileName}`
  if (url.length > longestLocation)
    throw new RangeError(
      `the location on ${host} has ${url.length} characters and may have ${longestLocation}: shorten the host or the file name`,
    )
  return url
}

/** A user with its password as a location or a path of it has them, wherever it stands in a text. */
export const credentialInText = /(?<![0-9a-z])[fds][0-9a-z]{13}[a-z2-7]{16}(?::|%3a|\\?\/)[a-z2-7]{26}(?![0-9a-z])/gi

const form = /^([fds])([0-9a-z]{6})([0-9a-z]{7})([a-z2-7]{16})$/

/**
 * What a user name and password stand for. Nothing in it says whether the request is still open: that is in the log.
 * `now` in ms since 1970. The comparison takes the same time for every wrong password.
 */
export const verifyTransfer = (
  user: string,
  password: string,
  now: number,
  key: Uint8Array,
): { readonly outcome: 'good'; readonly claim: TransferClaim } | { readonly outcome: 'wrong' | 'expired' } => {
  const parts = form.exec(user)
  const expected = Buffer.from(passwordOf(user, key))
  const given = Buffer.from(password)
  const same = timingSafeEqual(given.length === expected.length ? given : Buffer.alloc(expected.length), expected)
  const kind = kinds.get(parts?.[1] ?? '')
  if (!same || parts === null || kind === undefined) return { outcome: 'wrong' }
  const [, , request = '', expiry = '', owner = ''] = parts
  const expiresAt = Number.parseInt(expiry, 36) * 1_000
  if (now >= expiresAt) return { outcome: 'expired' }
  return { outcome: 'good', claim: { kind, requestId: Number.parseInt(request, 36), expiresAt, owner } }
}

/** What processes of ours show to the file service: a bearer key that whoever has the same key can make. */
export const fileServiceToken = (key: Uint8Array): string => derived(key, 'file-service', [], 51)
