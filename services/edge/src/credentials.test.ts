import { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { passwordDigests } from '@voltrail/key-store/password-digest'
import { readCredential } from './credentials.ts'

const pepper = Buffer.alloc(32, 1)
const tenant = TenantId.parse('default')
const basic = (bytes: Uint8Array | string): string => `Basic ${Buffer.from(bytes as string).toString('base64')}`
const read = (header: string | undefined, id = 'CP1') =>
  readCredential(header, { tenant, chargerId: ChargerId.parse(id) }, pepper)
const expected = (password: Uint8Array | string, id = 'CP1') => ({
  kind: 'presented',
  credential: {
    kind: 'basic',
    proofs: passwordDigests(pepper, tenant, ChargerId.parse(id), Buffer.from(password as string)),
  },
})

describe('the credential of an upgrade', () => {
  it('is none without an Authorization header', () => {
    expect(read(undefined)).toEqual({ kind: 'presented', credential: { kind: 'none' } })
  })
  it('is the password behind "<id>:"', () => expect(read(basic('CP1:secret'))).toEqual(expected('secret')))
  it('may hold colons', () => expect(read(basic('CP1:a:b:c'))).toEqual(expected('a:b:c')))
  it('splits behind the id even when the id holds a colon', () => {
    expect(read(basic('CP:1:secret'), 'CP:1')).toEqual(expected('secret', 'CP:1'))
    expect(read(basic('CP%3A1:secret'), 'CP:1')).toEqual(expected('secret', 'CP:1'))
  })
  it('may be binary', () => {
    const key = Buffer.from('00ff3a80c3280102030405060708090a0b0c0d0e', 'hex')
    expect(read(basic(Buffer.concat([Buffer.from('CP1:'), key])))).toEqual(expected(key))
  })
  it('is read behind the first colon when the user is not the charger id', () => {
    expect(read(basic('admin:secret'))).toEqual(expected('secret'))
  })
  it('may be empty', () => expect(read(basic('CP1:'))).toEqual(expected('')))
  it.each(['Bearer abc', 'Basic', 'Basic ???', basic('nocolon'), 'Digest username="x"'])('%s is unreadable', (header) =>
    expect(read(header)).toMatchObject({ kind: 'unreadable' }),
  )
})
