import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import { instant } from '@voltrail/contracts/quantities'
import type { CertificateAuthority } from '@voltrail/pki/certificate-authority'
import { certificates } from './certificates.ts'
import { openHouse } from './fixtures/duty-house.ts'

const day = 86_400_000
const fingerprint = 'ab'.repeat(32)
const authority: CertificateAuthority = {
  name: 'test',
  roots: async () => [],
  intermediates: async () => [],
  issue: () => Promise.reject(new Error('nothing is signed here')),
  revocationList: async () => undefined,
}
const house = () => {
  const opened = openHouse([certificates({ authority, publish: async () => undefined, renewBeforeMs: 30 * day })])
  const issued = (daysLeft: number): DeviceEvent => ({
    type: 'CertificateIssued',
    data: {
      serial: '0a',
      subject: 'CN=CP1,O=Acme',
      issuer: 'CN=Test',
      notBefore: instant(opened.now()),
      notAfter: instant(opened.now() + daysLeft * day),
      fingerprint,
      csrDigest: fingerprint,
      keyDigest: fingerprint,
      pem: 'PEM',
      authority: 'test',
    },
  })
  return {
    ...opened,
    issue: (daysLeft = 365) => opened.onDevice(issued(daysLeft)),
    deliver: (outcome: 'Accepted' | 'Rejected') =>
      opened.onDevice({ type: 'CertificateDelivered', data: { fingerprint, outcome } }),
    triggers: () => opened.asked.filter(({ type }) => type === 'TriggerMessage').length,
  }
}

describe('the certificate of a charger', () => {
  it('that it refused three times is asked for anew, once a day', async () => {
    const { boot, issue, deliver, triggers, wait, skip } = house()
    await boot()
    await issue()
    await deliver('Rejected')
    await deliver('Rejected')
    await wait(3)
    expect(triggers()).toBe(0)
    await deliver('Rejected')
    expect(triggers()).toBe(1)
    await skip(60)
    expect(triggers()).toBe(1)
    await skip(24 * 60)
    expect(triggers()).toBe(2)
  })

  it('that it took is asked for anew before its end, and not before that', async () => {
    const { boot, issue, deliver, triggers, skip } = house()
    await boot()
    await issue(31)
    await deliver('Accepted')
    await skip(60)
    expect(triggers()).toBe(0)
    await skip(24 * 60)
    expect(triggers()).toBe(1)
  })
})
