import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { CommandId, FactId } from '@voltrail/contracts/ids'
import { at, given } from '../fixtures/given.ts'
import type { CsrFacts } from './certificate-request.ts'
import {
  issueCertificate,
  refuseCertificate,
  requestCertificate,
  revokeCertificate,
  certificateOutcome,
} from './certificates.ts'
import { accept } from '../decider.ts'
import type { SettledCommand } from './settled-command.ts'
import { device } from './device.ts'

const hex = (digit: string) => digit.repeat(64)
const facts = (digest = hex('a'), keyDigest = hex('b')): CsrFacts => ({
  digest,
  keyDigest,
  subject: 'CN=SN-1',
  commonNames: ['SN-1'],
  organisations: [],
  key: { kind: 'EC', bits: 256, curve: 'prime256v1' },
  signature: 'ECDSA with SHA-256',
  signatureValid: true,
})
const ask = (csr = facts(), factId = '1.2', problems: readonly string[] = []) => ({
  factId: factId as FactId,
  csr: 'PEM',
  digest: csr.digest,
  facts: csr,
  problems: () => problems,
})
const requested = (csr = facts(), problems: string[] = []): DeviceEvent => ({
  type: 'CertificateRequested',
  data: {
    digest: csr.digest,
    keyDigest: csr.keyDigest,
    subject: 'CN=SN-1',
    algorithm: 'prime256v1, ECDSA with SHA-256',
    csr: 'PEM',
    problems,
  },
})
const certificate = (csr = facts(), serial = '0a') => ({
  serial,
  subject: 'CN=SN-1',
  issuer: 'CN=CA',
  notBefore: at(0),
  notAfter: at(1000),
  fingerprint: hex(serial.at(-1) ?? '0'),
  csrDigest: csr.digest,
  keyDigest: csr.keyDigest,
  pem: `chain ${serial}`,
})
const issued = (csr = facts(), serial = '0a'): DeviceEvent => ({
  type: 'CertificateIssued',
  data: certificate(csr, serial),
})
const revoked = (serial = '0a'): DeviceEvent => ({
  type: 'CertificateRevoked',
  data: { serial, reason: 'keyCompromise' },
})
const commandId = 'c1' as CommandId
const settled = (command: SettledCommand['command'], status: string, payload: object = {}): SettledCommand => ({
  commandId,
  command,
  result: { outcome: 'result', status, payload: { status, ...payload } },
  revision: 1,
  settledAt: at(0),
})
const outcome = (answered: SettledCommand) => (state: Parameters<typeof certificateOutcome>[1]) =>
  accept(...certificateOutcome(answered, state))
const root = (serialNumber: string) => ({
  hashAlgorithm: 'SHA256' as const,
  issuerNameHash: hex('c'),
  issuerKeyHash: hex('d'),
  serialNumber,
})

describe('a charger that asks for a certificate', () => {
  it('is recorded, and waits', () => {
    given(device)
      .when((state) => requestCertificate(ask(), state))
      .then(requested())
    expect(given(device, requested()).state.pendingCsr).toMatchObject({ digest: hex('a'), csr: 'PEM' })
  })
  it('is recorded with what speaks against it, and nothing waits', () => {
    given(device)
      .when((state) => requestCertificate(ask(facts(), '1.2', ['weak']), state))
      .then(requested(facts(), ['weak']))
    expect(given(device, requested(facts(), ['weak'])).state.pendingCsr).toBeUndefined()
  })
  it('is told once, however often the fact comes', () =>
    given<ReturnType<typeof device.evolve>, DeviceEvent>(device, { event: requested(), factId: '1.2' })
      .when((state) => requestCertificate(ask(), state))
      .thenNothing())
  it('gets the same certificate again when it asks with the same request again: nothing is issued', () => {
    const asked = given(device, requested(), issued(), {
      type: 'CertificateDelivered',
      data: { fingerprint: hex('a'), outcome: 'Accepted' },
    })
    asked.when((state) => requestCertificate(ask(), state)).then(requested())
    const again = given(device, requested(), issued(), requested()).state
    expect(again.pendingCsr).toBeUndefined()
    expect(again.delivery).toEqual({ fingerprint: hex('a'), chain: 'chain 0a', attempts: 0 })
  })
  it('is refused a request that a newer certificate has followed', () => {
    const newer = facts(hex('e'), hex('f'))
    given(device, requested(), issued(), requested(newer), issued(newer, '0b'))
      .when((state) => requestCertificate(ask(), state))
      .thenMatching({ data: expect.objectContaining({ problems: [expect.stringMatching(/answered before/)] }) })
  })
  it('is refused a new request of a key whose certificate was revoked', () =>
    given(device, requested(), issued(), revoked())
      .when((state) => requestCertificate(ask(facts(hex('e'))), state))
      .thenMatching({ data: expect.objectContaining({ problems: [expect.stringMatching(/key was revoked/)] }) }))
})

describe('a certificate', () => {
  it('is issued once for the request that waits', () => {
    given(device, requested())
      .when((state) => issueCertificate(certificate(), state))
      .then(issued())
    given(device, requested(), issued())
      .when((state) => issueCertificate(certificate(), state))
      .thenNothing()
  })
  it('is not issued for a request that another has followed', () =>
    given(device, requested(), requested(facts(hex('e'))))
      .when((state) => issueCertificate(certificate(), state))
      .thenNothing())
  it('may be refused by the authority, once', () => {
    const refused = { csrDigest: hex('a'), authority: 'est', reason: 'no' }
    given(device, requested())
      .when((state) => refuseCertificate(refused, state))
      .then({ type: 'CertificateRefused', data: refused })
    given(device, requested(), { type: 'CertificateRefused', data: refused })
      .when((state) => refuseCertificate(refused, state))
      .thenNothing()
  })
  it('is delivered when the charger takes it, and what the charger says of it is kept', () => {
    given(device, requested(), issued())
      .when(outcome(settled({ type: 'CertificateSigned', chain: 'chain 0a' }, 'Rejected')))
      .then({ type: 'CertificateDelivered', data: { fingerprint: hex('a'), outcome: 'Rejected', commandId } })
    given(device, requested(), issued())
      .when(outcome(settled({ type: 'CertificateSigned', chain: 'another' }, 'Accepted')))
      .thenNothing()
  })
  it('is revoked once, and is then the charger’s no more', () => {
    const revoke = { serial: '0a', reason: 'keyCompromise' } as const
    given(device, requested(), issued())
      .when((state) => revokeCertificate(revoke, state))
      .then(revoked())
    given(device, requested(), issued(), revoked())
      .when((state) => revokeCertificate(revoke, state))
      .thenNothing()
    given(device)
      .when((state) => revokeCertificate(revoke, state))
      .thenRejected({ kind: 'unknown-certificate' })
    const { state } = given(device, requested(), issued(), revoked())
    expect([state.certificate, state.delivery]).toEqual([undefined, undefined])
  })
  it('is revoked however many were issued after it, as long as it is valid', () => {
    const many = Array.from({ length: 30 }, (_, n) => issued(facts(), n.toString(16).padStart(2, '0')))
    given(device, requested(), ...many)
      .when((state) => revokeCertificate({ serial: '00', reason: 'keyCompromise' }, state))
      .then(revoked('00'))
  })
})

describe('the roots that a charger trusts', () => {
  const use = 'CentralSystemRootCertificate'
  const seen = (...serials: string[]): DeviceEvent => ({
    type: 'RootCertificatesSeen',
    data: { use, certificates: serials.map(root), commandId },
  })
  it('are those that it lists', () => {
    given(device)
      .when(
        outcome(
          settled({ type: 'GetInstalledCertificateIds', use }, 'Accepted', {
            certificateHashData: [root('1'), root('2')],
          }),
        ),
      )
      .then(seen('1', '2'))
    given(device, seen('1'))
      .when(outcome(settled({ type: 'GetInstalledCertificateIds', use }, 'NotFound')))
      .then(seen())
  })
  it('lack the one that it deleted, in whatever spelling', () =>
    given(device, seen('0A', '2'))
      .when(outcome(settled({ type: 'DeleteCertificate', certificate: root('a') }, 'Accepted')))
      .then(seen('2')))
  it('are what they were when it refuses', () =>
    given(device, seen('1'))
      .when(outcome(settled({ type: 'DeleteCertificate', certificate: root('1') }, 'Failed')))
      .thenNothing())
})
