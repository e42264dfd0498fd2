import type { AcceptedIdentity } from '@voltrail/contracts/events/device'
import type { ClientCertificate } from '@voltrail/contracts/facts'
import { credentialFlaw, type Presented } from './credentials.ts'

const root = 'aa'.repeat(32)
const fingerprint = 'bb'.repeat(32)
const certificate = (more: Partial<ClientCertificate> = {}): ClientCertificate => ({
  kind: 'certificate',
  commonName: 'SN-1',
  organisation: 'Acme Charging',
  fingerprint,
  issuers: [root],
  trust: 'ours',
  ...more,
})
const ours: AcceptedIdentity = { kind: 'common-name', commonName: 'SN-1', organisation: 'Acme Charging' }
const vendor: AcceptedIdentity = { kind: 'vendor-serial', root, commonName: 'SN-1' }
const first: AcceptedIdentity = { kind: 'fingerprint', fingerprint }

const flaw = (
  securityProfile: number,
  credential: Presented['credential'],
  {
    tls = true,
    identities = [],
    digests = ['p'],
  }: { tls?: boolean; identities?: AcceptedIdentity[]; digests?: string[] },
) => credentialFlaw({ securityProfile, passwordDigests: digests }, { tls, credential, identities })

describe('a charger’s credentials', () => {
  const password: Presented['credential'] = { kind: 'basic', proofs: ['q', 'p'] }

  it('are none at profile 0, a password at 1, a password over TLS at 2', () => {
    expect(flaw(0, { kind: 'none' }, { tls: false, digests: [] })).toBeUndefined()
    expect(flaw(1, password, { tls: false })).toBeUndefined()
    expect(flaw(1, password, { tls: true })).toBeUndefined()
    expect(flaw(2, password, { tls: false })).toContain('needs TLS')
    expect(flaw(2, password, { tls: true })).toBeUndefined()
    expect(flaw(2, { kind: 'basic', proofs: ['x'] }, {})).toContain('not the one that is registered')
    expect(flaw(2, { kind: 'none' }, {})).toContain('none was sent')
    expect(flaw(1, { kind: 'none' }, { digests: [] })).toContain('no password is set')
  })

  it('are a client certificate at profile 3: a password is no way in', () => {
    expect(flaw(3, password, { identities: [ours] })).toContain('client certificate')
    expect(flaw(3, certificate(), { identities: [ours] })).toBeUndefined()
    expect(flaw(3, certificate(), { tls: false, identities: [ours] })).toContain('needs TLS')
    expect(flaw(3, certificate(), {})).toContain('set its client identities')
  })

  it('count a password that comes with a certificate which is not needed yet', () => {
    expect(flaw(2, certificate({ proofs: ['p'] }), {})).toBeUndefined()
    expect(flaw(2, certificate(), {})).toContain('none was sent')
  })

  it.each<[string, AcceptedIdentity, Partial<ClientCertificate>, boolean]>([
    ['our CA, the recorded serial number as CN, our O', ours, {}, true],
    ['another charger’s certificate of our CA', ours, { commonName: 'SN-2' }, false],
    ['another operator’s O', ours, { organisation: 'Other' }, false],
    ['the same names from a vendor’s root', ours, { trust: 'vendor' }, false],
    ['the same names from an unknown root', ours, { trust: 'none' }, false],
    ['a vendor’s root with the serial number', vendor, { trust: 'vendor' }, true],
    ['another vendor’s root', vendor, { trust: 'vendor', issuers: ['cc'.repeat(32)] }, false],
    ['the fingerprint for the first contact, of whatever root', first, { trust: 'none', commonName: 'x' }, true],
    ['another fingerprint', first, { fingerprint: 'dd'.repeat(32) }, false],
    ['an expired certificate of the right name', ours, { flaw: 'it expired' }, false],
  ])('match identities: %s', (_title, identity, presented, good) => {
    expect(flaw(3, certificate(presented), { identities: [identity] }) === undefined).toBe(good)
  })
})
