import { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { isShortPassword, passwordDigests } from './password-digest.ts'

const pepper = Buffer.alloc(32, 7)
const tenant = TenantId.parse('default')
const charger = ChargerId.parse('CP1')
const digests = (password: Uint8Array | string): string[] =>
  passwordDigests(pepper, tenant, charger, Buffer.from(password as string))
const agree = (one: string[], other: string[]): boolean => one.some((digest) => other.includes(digest))

const hex = '0102030405060708090a0b0c0d0e0f1011121314'

describe('password digests', () => {
  it('are 64 hex characters, at most four, none twice', () => {
    for (const password of [hex, hex.toUpperCase(), Buffer.from(hex, 'hex'), 'plain', '1'.repeat(40), '1'.repeat(20)]) {
      const all = digests(password)
      expect(all.every((digest) => /^[0-9a-f]{64}$/.test(digest))).toBe(true)
      expect(all.length).toBeLessThanOrEqual(4)
      expect(new Set(all).size).toBe(all.length)
    }
  })

  it('agree on a 20-byte key sent as hex in lower case, upper case, mixed case and as the decoded bytes', () => {
    const forms = [hex, hex.toUpperCase(), `${hex.slice(0, 20)}${hex.slice(20).toUpperCase()}`, Buffer.from(hex, 'hex')]
    for (const one of forms) for (const other of forms) expect(agree(digests(one), digests(other))).toBe(true)
  })

  it('take any other password only as it is, colons and bytes included', () => {
    expect(digests('a:b:c')).toHaveLength(1)
    expect(agree(digests('secret'), digests('SECRET'))).toBe(false)
    expect(agree(digests(Buffer.from([0xff, 0x00])), digests(Buffer.from([0xfe, 0x00])))).toBe(false)
  })

  it('differ by tenant, charger and pepper', () => {
    const password = Buffer.from('secret')
    const all = [
      passwordDigests(pepper, tenant, charger, password),
      passwordDigests(pepper, TenantId.parse('other'), charger, password),
      passwordDigests(pepper, tenant, ChargerId.parse('CP2'), password),
      passwordDigests(Buffer.alloc(32, 8), tenant, charger, password),
    ].flat()
    expect(new Set(all).size).toBe(4)
  })

  it('refuse a pepper that is too short to be one', () => {
    expect(() => passwordDigests(Buffer.alloc(8), tenant, charger, Buffer.from('x'))).toThrow('at least 16 bytes')
  })

  it.each([
    ['', true],
    ['x'.repeat(15), true],
    ['ü'.repeat(7), true],
    ['x'.repeat(16), false],
    ['ü'.repeat(8), false],
    ['0f'.repeat(20), false],
  ])('are of a short one below 16 bytes: %j', (password, short) =>
    expect(isShortPassword(Buffer.from(password))).toBe(short),
  )
})
