import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/**
 * AES-256-GCM envelopes, nothing else. An envelope is iv(12) | ciphertext | tag(16); what it belongs to is bound to it as
 * additional data, so that an envelope moved elsewhere does not open.
 */

export const keyBytes = 32
const ivBytes = 12
const tagBytes = 16

/** The length of an envelope around a key. */
export const wrappedKeyBytes = ivBytes + keyBytes + tagBytes

/** Where an envelope belongs; each part is framed, so that no two places read the same. */
export type Place = readonly [purpose: string, ...parts: string[]]
const additionalData = (place: Place): Buffer => Buffer.from(JSON.stringify(place), 'utf8')

export const freshKey = (): Buffer => randomBytes(keyBytes)

/** @param iv 12 bytes, never used twice with the same key */
export const encrypt = (key: Buffer, iv: Buffer, clear: Buffer, place: Place): Buffer => {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
  cipher.setAAD(additionalData(place))
  return Buffer.concat([iv, cipher.update(clear), cipher.final(), cipher.getAuthTag()])
}

/** `undefined` when the envelope is damaged, was made with another key or belongs elsewhere. */
export const decrypt = (key: Buffer, envelope: Buffer, place: Place): Buffer | undefined => {
  if (envelope.length < ivBytes + tagBytes) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, envelope.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAAD(additionalData(place))
  decipher.setAuthTag(envelope.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(envelope.subarray(ivBytes, -tagBytes)), decipher.final()])
  } catch {
    return undefined
  }
}

export const randomIv = (): Buffer => randomBytes(ivBytes)

/**
 * The iv of a data key's envelope: 16 bits say which generation of the token's key wraps it, 80 bits are random. A million
 * seals under one token key repeat an iv with a probability of 2^-41.
 */
export const generationIv = (generation: number): Buffer => {
  const iv = randomIv()
  iv.writeUInt16BE(generation)
  return iv
}
/** From 1; `undefined` for what cannot be a data key's envelope. */
export const generationOf = (envelope: Buffer): number | undefined =>
  envelope.length === wrappedKeyBytes ? envelope.readUInt16BE() || undefined : undefined

/** The iv of the n-th text under a data key that is used for one call only: a counter cannot repeat. */
export const counterIv = (n: number): Buffer => {
  const iv = Buffer.alloc(ivBytes)
  iv.writeUInt32BE(n, ivBytes - 4)
  return iv
}

/** Bytes of canonical base64; `undefined` for anything else, so that no two texts mean the same envelope. */
export const fromBase64 = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
