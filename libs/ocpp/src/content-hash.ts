import { createHash } from 'node:crypto'

/**
 * SHA-256 (hex) of a JSON value in one spelling: members sorted by UTF-16 unit (as RFC 8785), no spaces. Total over whatever
 * JSON.parse gives up to the depth that framing lets through, because it names the value as received, defects included.
 */
export const contentHash = (value: unknown): string => createHash('sha256').update(spell(value)).digest('hex')

const spell = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(spell).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${spell(member)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? ''
}
