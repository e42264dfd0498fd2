import { createHash } from 'node:crypto'
import type { ChargerCommand, ChargerCommandReply, CertificateUse } from '@voltrail/contracts/charger-commands'
import type { ChargerEvent, DeviceEvent } from '@voltrail/contracts/events/registry'
import { CommandId, type ChargerId, type TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { deviceStream, parseStream } from '@voltrail/contracts/streams'
import type { TrustBundle } from '@voltrail/contracts/trust'
import type { Decision, Recorded } from '@voltrail/domain/decider'
import { issueCertificate, refuseCertificate } from '@voltrail/domain/device/certificates'
import { device } from '@voltrail/domain/device/device'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import {
  AuthorityAway,
  RequestRefused,
  type CertificateAuthority,
  type Revoked,
} from '@voltrail/pki/certificate-authority'
import { readCsr } from '@voltrail/pki/csr'
import { Waits, type Duty, type DutyDeps } from './duty.ts'
import { commandOwn, decideOwn } from './own-name.ts'

export interface CertificateTerms {
  readonly authority: CertificateAuthority
  /** tells edges and the api whom to trust, and whom no more */
  readonly publish: (bundle: TrustBundle) => Promise<void>
  /** how long before its end a certificate is renewed, in ms */
  readonly renewBeforeMs: number
}

/** The newest certificate, as far as the charger has taken it. */
interface Delivery {
  readonly fingerprint: string
  /** revision in the device's stream of what asks for it */
  readonly cause: number
  readonly outcome?: string
  readonly attempts: number
  readonly at: number
  /** bridges the time until the charger's answer is in the log */
  sentAt?: number
}

interface Watch {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  /** digest of the request that waits to be signed */
  pending?: string | undefined
  delivery?: Delivery | undefined
  /** revision of the newest request in the device's stream */
  askedBy: number
  certificate?: { readonly serial: string; readonly fingerprint: string; readonly notAfter: number } | undefined
  /** when each of its certificates ends, by serial number: a list of revoked ones names none that has expired */
  readonly ends: Map<string, number>
  /** lists of roots that are not what they were, each with the revision that says so */
  readonly unread: Map<CertificateUse, number>
  /** of the open connection */
  epoch?: number | undefined
  /** sendings on this connection that came to nothing we know of */
  tries: number
  tryAt: number
  renewAt: number
}

const minute = 60_000
const day = 24 * 60 * minute
const trust = 'trust'
const commandMs = 30_000
/** how long the outcome of a sending may take to come back through the log */
const settlingMs = 2 * minute

/** the first pause after a sending that nobody answered */
const soonMs = 10_000
/** a certificate that a charger refused so often is not the one that it will have */
const mostRefusals = 3

/** Doubles with every attempt, a day at most. */
const pause = (attempts: number, firstMs = minute): number =>
  Math.min(day, firstMs * 2 ** Math.min(20, Math.max(0, attempts - 1)))

/**
 * Chargers' certificates: signs what central let through, records each certificate before it is sent, sends it until the charger
 * takes it, has it renewed in time; reads the roots that a charger trusts after each change; publishes what was revoked.
 */
export const certificates =
  ({ authority, publish, renewBeforeMs }: CertificateTerms) =>
  (deps: DutyDeps): Duty => {
    const watches = new Map<string, Watch>()
    const revoked = new Map<string, Revoked & { readonly until: number }>()
    let heardTo = 0n
    const watchOf = (tenant: TenantId, chargerId: ChargerId): readonly [string, Watch] => {
      const key = deviceStream(tenant, chargerId)
      const known = watches.get(key)
      if (known !== undefined) return [key, known]
      const watch: Watch = {
        tenant,
        chargerId,
        ends: new Map(),
        unread: new Map(),
        askedBy: -1,
        tries: 0,
        tryAt: 0,
        renewAt: 0,
      }
      watches.set(key, watch)
      return [key, watch]
    }

    const hearDevice = (watch: Watch, event: Recorded<DeviceEvent>): boolean => {
      switch (event.type) {
        case 'CertificateRequested': {
          const { digest, problems } = event.data
          if (problems.length > 0) return false
          // the newest certificate's own request again: `look` finds nothing waiting, and a delivery that starts anew
          watch.pending = digest
          watch.askedBy = event.revision
          return true
        }
        case 'CertificateRefused':
          if (watch.pending === event.data.csrDigest) watch.pending = undefined
          return false
        case 'CertificateIssued': {
          const { serial, fingerprint, notAfter } = event.data
          watch.pending = undefined
          watch.certificate = { serial, fingerprint, notAfter: Date.parse(notAfter) }
          watch.ends.set(serial, Date.parse(notAfter))
          watch.delivery = { fingerprint, cause: event.revision, attempts: 0, at: 0 }
          watch.tries = 0
          watch.tryAt = 0
          return true
        }
        case 'CertificateDelivered': {
          const { delivery } = watch
          const { fingerprint, outcome } = event.data
          if (delivery?.fingerprint !== fingerprint) return false
          const at = Date.parse(event.metadata.receivedAt)
          watch.delivery = { ...delivery, outcome, attempts: delivery.attempts + 1, at }
          delete watch.delivery.sentAt
          return true
        }
        case 'CertificateRevoked': {
          const { serial, reason } = event.data
          const at = new Date(event.metadata.receivedAt)
          revoked.set(serial, { serial, reason, at, until: watch.ends.get(serial) ?? Number.POSITIVE_INFINITY })
          if (watch.certificate?.serial !== serial) return false
          watch.certificate = undefined
          watch.delivery = undefined
          return false
        }
        case 'RootCertificateInstalled':
          watch.unread.set(event.data.use, event.revision)
          return true
        case 'RootCertificatesSeen':
          watch.unread.delete(event.data.use)
          return false
        default:
          return false
      }
    }

    const hearCharger = (watch: Watch, event: Recorded<ChargerEvent>): boolean => {
      switch (event.type) {
        case 'ChargerConnected':
          watch.epoch = event.revision
          watch.tries = 0
          watch.tryAt = 0
          watch.renewAt = 0
          return true
        case 'ChargerBooted':
          // what was sent before it booted may have been lost on it
          watch.tryAt = 0
          return event.data.registration === 'Accepted'
        case 'ChargerDisconnected':
          if (String(watch.epoch) === event.data.epoch) watch.epoch = undefined
          return false
        default:
          return false
      }
    }

    const decide = async (
      watch: Watch,
      command: object,
      decision: (state: DeviceState) => Decision<DeviceEvent>,
    ): Promise<void> => {
      const about = { tenant: watch.tenant, correlation: `certificate ${watch.pending ?? ''}`, command }
      await decideOwn(deps, device, deviceStream(watch.tenant, watch.chargerId), decision, about)
    }

    const sign = async (watch: Watch): Promise<number | undefined> => {
      const { pending } = watch
      const { state } = await deps.loop.load(device, deviceStream(watch.tenant, watch.chargerId))
      const { pendingCsr } = state
      if (pendingCsr?.csr === undefined) {
        // answered before: the charger asked with the same request again, and gets the same answer
        const { delivery } = state
        if (watch.pending === pending) watch.pending = undefined
        if (delivery !== undefined && delivery.attempts === 0)
          watch.delivery = { fingerprint: delivery.fingerprint, cause: watch.askedBy, attempts: 0, at: 0 }
        return undefined
      }
      const request = readCsr(pendingCsr.csr)
      const csrDigest = pendingCsr.digest
      try {
        if ('unreadable' in request) throw new RequestRefused(request.unreadable)
        const { facts, chain } = await authority.issue(request)
        const { keyDigest } = request.facts
        const issued = { ...facts, csrDigest, keyDigest, pem: chain, authority: authority.name }
        await decide(watch, { type: 'IssueCertificate', csrDigest, authority: authority.name }, (known) =>
          issueCertificate(issued, known),
        )
      } catch (error) {
        if (error instanceof AuthorityAway) {
          watch.tries += 1
          deps.log.warn({ chargerId: watch.chargerId, reason: error.message }, 'the certificate authority is away')
          return deps.now() + (error.retryAfterMs ?? pause(watch.tries))
        }
        if (!(error instanceof RequestRefused)) throw error
        const refused = { csrDigest, authority: authority.name, reason: error.message.slice(0, 500) }
        deps.log.warn({ chargerId: watch.chargerId, ...refused }, 'a certificate was refused')
        await decide(watch, { type: 'RefuseCertificate', ...refused }, (known) => refuseCertificate(refused, known))
      }
      return undefined
    }

    const send = async (
      { tenant, chargerId, epoch }: Watch,
      cause: readonly unknown[],
      command: ChargerCommand,
    ): Promise<ChargerCommandReply> => {
      const digest = createHash('sha256')
        .update(JSON.stringify([tenant, chargerId, epoch, ...cause]))
        .digest('hex')
      const commandId = CommandId.parse(`upkeep-${digest.slice(0, 40)}`)
      const reply = await commandOwn(deps, tenant, { commandId, chargerId, timeoutMs: commandMs, command })
      if (reply.outcome === 'unavailable') throw new Waits(reply.reason)
      return reply
    }

    /** Sends the newest certificate; what the charger says of it comes back as `CertificateDelivered`. */
    const deliver = async (watch: Watch): Promise<number | undefined> => {
      const { delivery } = watch
      if (delivery === undefined || delivery.outcome === 'Accepted' || watch.epoch === undefined) return undefined
      const due = Math.max(
        watch.tryAt,
        delivery.attempts === 0 ? 0 : delivery.at + pause(delivery.attempts),
        delivery.sentAt === undefined ? 0 : delivery.sentAt + settlingMs,
      )
      if (due > deps.now()) return due
      const { state } = await deps.loop.load(device, deviceStream(watch.tenant, watch.chargerId))
      if (state.delivery?.fingerprint !== delivery.fingerprint) return undefined
      const { chain } = state.delivery
      const cause = ['deliver', delivery.fingerprint, delivery.cause, delivery.attempts, watch.tries]
      const reply = await send(watch, cause, { type: 'CertificateSigned', chain })
      if (watch.delivery === delivery && (reply.outcome === 'result' || reply.outcome === 'callError')) {
        delivery.sentAt = deps.now()
        return delivery.sentAt + settlingMs
      }
      if (reply.outcome === 'result' || reply.outcome === 'callError') return undefined
      // no answer, or nobody found it though it is connected: its next connection, or the time, tries again
      watch.tries += 1
      watch.tryAt = deps.now() + pause(watch.tries, soonMs)
      return watch.tryAt
    }

    /** Has the charger ask for a new certificate before its own ends: once a day until it does. */
    const renew = async (watch: Watch): Promise<number | undefined> => {
      const { certificate, delivery } = watch
      if (certificate === undefined || delivery?.outcome === undefined) return undefined
      // one that it never takes is of a key that it has lost: it makes a new one when it asks anew
      const refused = delivery.outcome !== 'Accepted'
      if (refused && delivery.attempts < mostRefusals) return undefined
      const due = Math.max(refused ? 0 : certificate.notAfter - renewBeforeMs, watch.renewAt)
      if (due > deps.now() || watch.epoch === undefined) return due > deps.now() ? due : undefined
      await send(watch, ['renew', certificate.fingerprint, Math.floor(deps.now() / day)], {
        type: 'TriggerMessage',
        message: 'SignChargingStationCertificate',
      })
      watch.renewAt = deps.now() + day
      return watch.renewAt
    }

    const readRoots = async (watch: Watch): Promise<void> => {
      if (watch.epoch === undefined) return
      for (const [use, revision] of watch.unread) {
        await send(watch, ['roots', use, revision], { type: 'GetInstalledCertificateIds', use })
        if (watch.unread.get(use) === revision) watch.unread.delete(use)
      }
    }

    const publishTrust = async (): Promise<number> => {
      const now = deps.now()
      try {
        const standing = [...revoked.values()].filter(({ until }) => until > now)
        const crl = await authority.revocationList(standing, Math.floor(now / 1_000))
        await publish({
          authority: authority.name,
          at: instant(now),
          logPosition: String(heardTo),
          roots: [...(await authority.roots())],
          intermediates: [...(await authority.intermediates())],
          ...(crl === undefined ? {} : { crl }),
          revoked: standing.map(({ serial }) => serial),
        })
        return now + day
      } catch (error) {
        if (!(error instanceof AuthorityAway)) throw error
        throw new Waits(error.message)
      }
    }

    return {
      name: 'certificates',
      keys: [trust],
      hear(event) {
        heardTo = event.position?.commit ?? heardTo
        const address = parseStream(event.stream)
        if (address?.category !== 'device' && address?.category !== 'charger') return []
        const [key, watch] = watchOf(address.tenant, address.chargerId)
        const changed =
          address.category === 'device'
            ? hearDevice(watch, event as unknown as Recorded<DeviceEvent>)
            : hearCharger(watch, event as unknown as Recorded<ChargerEvent>)
        if (event.type === 'CertificateRevoked') return [key, trust]
        return changed ? [key] : []
      },
      async look(key) {
        if (key === trust) return publishTrust()
        const watch = watches.get(key)
        if (watch === undefined) return undefined
        const times: (number | undefined)[] = []
        if (watch.pending !== undefined) times.push(await sign(watch))
        times.push(await deliver(watch), await renew(watch))
        await readRoots(watch)
        const next = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
        return Number.isFinite(next) ? next : undefined
      },
    }
  }
