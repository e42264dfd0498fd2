import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import { at, given } from '../fixtures/given.ts'
import { device } from './device.ts'
import {
  beginSecurityUpgrade,
  endSecurityUpgrade,
  setClientIdentities,
  type BeginSecurityUpgrade,
} from './security-upgrade.ts'

const sealed = { owner: 'a'.repeat(32), key: 'k', text: 't' } as never
const begin = (more: Partial<BeginSecurityUpgrade> = {}): BeginSecurityUpgrade => ({
  upgradeId: 'u1',
  toProfile: 2,
  until: at(10),
  newKey: { digests: ['new'], sealed },
  charger: { registered: true, securityProfile: 1, passwordDigests: ['old'] },
  ...more,
})
const begun: DeviceEvent = {
  type: 'SecurityUpgradeBegun',
  data: { upgradeId: 'u1', toProfile: 2, until: at(10), passwordDigests: ['new'], sealedKey: sealed },
}
const ended = { upgradeId: 'u1', toProfile: 2, outcome: 'done', detail: 'booted' } as const
const identified: DeviceEvent = {
  type: 'ClientIdentitiesChanged',
  data: { identities: [{ kind: 'common-name', commonName: 'SN-1' }] },
}

describe('a security upgrade', () => {
  it('begins with the digests of the new key and the key itself sealed', () =>
    given(device)
      .when((state) => beginSecurityUpgrade(begin(), state))
      .then(begun))

  it('keeps the password that is set when no new key is asked for', () => {
    const { newKey: _, ...plain } = begin()
    given(device)
      .when((state) => beginSecurityUpgrade(plain, state))
      .thenMatching({ data: { upgradeId: 'u1', toProfile: 2, until: at(10), passwordDigests: ['old'] } })
  })

  it('begins once, however often it is told; a second one waits until the first is over', () => {
    given(device, begun)
      .when((state) => beginSecurityUpgrade(begin(), state))
      .thenNothing()
    given(device, begun)
      .when((state) => beginSecurityUpgrade(begin({ upgradeId: 'u2' }), state))
      .thenRejected({ kind: 'upgrade-under-way' })
    given(device, begun, { type: 'SecurityUpgradeEnded', data: ended })
      .when((state) => beginSecurityUpgrade(begin({ upgradeId: 'u2' }), state))
      .thenMatching({ type: 'SecurityUpgradeBegun' })
  })

  it('never lowers a profile, and changes something', () => {
    const at2 = { registered: true, securityProfile: 2, passwordDigests: ['old'] }
    const { newKey: _, ...plain } = begin({ charger: at2 })
    given(device)
      .when((state) => beginSecurityUpgrade(begin({ toProfile: 1, charger: at2 }), state))
      .thenRejected({ kind: 'profile-never-lower' })
    given(device)
      .when((state) => beginSecurityUpgrade(plain, state))
      .thenRejected({ kind: 'nothing-to-change' })
  })

  it('needs what the new profile needs', () => {
    const bare = { registered: true, securityProfile: 0, passwordDigests: [] }
    const { newKey: _, ...plain } = begin({ charger: bare })
    given(device)
      .when((state) => beginSecurityUpgrade(plain, state))
      .thenRejected({ kind: 'no-password' })
    given(device)
      .when((state) => beginSecurityUpgrade(begin({ toProfile: 3 }), state))
      .thenRejected({ kind: 'no-client-identity' })
    given(device, identified)
      .when((state) => beginSecurityUpgrade({ ...plain, toProfile: 3 }, state))
      .thenMatching({ type: 'SecurityUpgradeBegun' })
    given(device)
      .when((state) => beginSecurityUpgrade(begin({ charger: { ...bare, registered: false } }), state))
      .thenRejected({ kind: 'unknown-charger' })
  })

  it('ends once, and only the one that is under way', () => {
    given(device, begun)
      .when((state) => endSecurityUpgrade(ended, state))
      .then({ type: 'SecurityUpgradeEnded', data: ended })
    given(device, begun)
      .when((state) => endSecurityUpgrade({ ...ended, upgradeId: 'u0' }, state))
      .thenNothing()
    given(device)
      .when((state) => endSecurityUpgrade(ended, state))
      .thenNothing()
    expect(given(device, begun, { type: 'SecurityUpgradeEnded', data: ended }).state.securityUpgrade).toBeUndefined()
  })

  it('has its client identities set as a whole; the same again changes nothing', () => {
    const { identities } = identified.data as { identities: never[] }
    given(device)
      .when((state) => setClientIdentities(identities, state))
      .then(identified)
    given(device, identified)
      .when((state) => setClientIdentities(identities, state))
      .thenNothing()
    given(device, identified)
      .when((state) => setClientIdentities([], state))
      .then({ type: 'ClientIdentitiesChanged', data: { identities: [] } })
  })
})
