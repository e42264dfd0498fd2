/**
 * How any id becomes one token of a stream name or a NATS subject, without loss.
 * Letters, digits, `_` and `-` stand for themselves; every other byte of the UTF-8 form becomes `=hh`.
 */
const plain = /[A-Za-z0-9_-]/

export const encodeToken = (id: string): string => {
  if (id === '') throw new Error('an empty id has no token')
  if (/^[A-Za-z0-9_-]+$/.test(id)) return id
  let token = ''
  for (const byte of new TextEncoder().encode(id)) {
    const character = String.fromCharCode(byte)
    token += byte < 0x80 && plain.test(character) ? character : `=${byte.toString(16).padStart(2, '0')}`
  }
  return token
}

/** The id behind a token. Throws on text that `encodeToken` cannot have made. */
export const decodeToken = (token: string): string => {
  const bytes: number[] = []
  for (let i = 0; i < token.length; i++) {
    const character = token[i]!
    if (plain.test(character)) bytes.push(character.charCodeAt(0))
    else if (character === '=' && /^[0-9a-f]{2}$/.test(token.slice(i + 1, i + 3))) {
      bytes.push(Number.parseInt(token.slice(i + 1, i + 3), 16))
      i += 2
    } else throw new Error(`not a token: ${JSON.stringify(token)} at ${i}`)
  }
  if (bytes.length === 0) throw new Error('an empty token names nothing')
  return new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(bytes))
}
