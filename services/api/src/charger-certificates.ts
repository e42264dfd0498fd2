import type { ChargerCertificatesView } from '@voltrail/contracts/rest/certificates'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { deviceStream } from '@voltrail/contracts/streams'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import { device, unknownDevice } from '@voltrail/domain/device/device'
import { isSameCertificate } from '@voltrail/domain/x509/certificate'
import type { EventLog } from '@voltrail/event-store/event-log'
import { newestEvents } from './newest-events.ts'

/** What is known of one charger's certificates, from the newest events of its device stream. */
export async function readChargerCertificates(
  log: Pick<EventLog, 'readBackward'>,
  tenant: TenantId,
  chargerId: ChargerId,
): Promise<ChargerCertificatesView> {
  const events = await newestEvents<DeviceEvent>(log, deviceStream(tenant, chargerId), 'DeviceSummarised')
  const { certificate, delivery, pendingCsr, issued, roots, installedRoots } = events.reduce(
    device.evolve,
    unknownDevice,
  )
  return {
    chargerId,
    certificate: certificate ?? null,
    delivery:
      delivery === undefined
        ? null
        : {
            fingerprint: delivery.fingerprint,
            outcome: delivery.outcome ?? null,
            attempts: delivery.attempts,
            at: delivery.at ?? null,
          },
    waitingSince: pendingCsr?.at ?? null,
    issued: (issued ?? []).map(({ serial, fingerprint, notAfter, revokedAt }) => ({
      serial,
      fingerprint,
      notAfter,
      revokedAt: revokedAt ?? null,
    })),
    lastRefusal: lastRefusal(events),
    roots: (roots ?? []).flatMap(({ use, certificates }) =>
      certificates.map((hash) => ({
        use,
        hash,
        facts: installedRoots?.find((known) => isSameCertificate(known.hash, hash))?.facts ?? null,
      })),
    ),
    rootsSeen: (roots ?? []).map(({ use }) => use),
  }
}

type Newest = Awaited<ReturnType<typeof newestEvents<DeviceEvent>>>

const lastRefusal = (events: Newest): ChargerCertificatesView['lastRefusal'] => {
  const refused = events.findLast(
    ({ type, data }) =>
      type === 'CertificateRefused' ||
      (type === 'CertificateRequested' && 'problems' in data && data.problems.length > 0),
  )
  if (refused?.type === 'CertificateRequested')
    return { at: refused.metadata.receivedAt, subject: refused.data.subject, reasons: refused.data.problems }
  if (refused?.type !== 'CertificateRefused') return null
  const { csrDigest, reason } = refused.data
  const asked = events.findLast((event) => event.type === 'CertificateRequested' && event.data.digest === csrDigest)
  const subject = asked?.type === 'CertificateRequested' ? asked.data.subject : ''
  return { at: refused.metadata.receivedAt, subject, reasons: [reason] }
}

/** Whether a certificate or a known root of this charger ends before then. */
export const endsBefore = ({ certificate, roots }: ChargerCertificatesView, then: string): boolean =>
  [certificate, ...roots.map(({ facts }) => facts)].some(
    (facts) => facts !== null && Date.parse(facts.notAfter) < Date.parse(then),
  )
