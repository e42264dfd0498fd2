import type { FactAnswerOf } from '@voltrail/contracts/facts'
import type { EventNamed } from '@voltrail/contracts/events/registry'

type Status = FactAnswerOf<'VendorData'>['status']
type Claim = EventNamed<'MeterKeyClaimed'>['data']

/** What vendor data from a charger comes to: the status that it is answered with, and the meter keys that it tells. */
export interface VendorDataJudged {
  readonly status: Status
  readonly meterKeys: readonly Claim[]
}

type Handler = (data: string | undefined) => VendorDataJudged
const of = (status: Status, meterKeys: readonly Claim[] = []): VendorDataJudged => ({ status, meterKeys })
/** understood, and nobody here does it: the charger need not ask again */
const refused: Handler = () => of('Rejected')
/** the fact itself is all that there is to it */
const taken: Handler = () => of('Accepted')

/** The public keys of meters, as stations with signed meter values tell them after boot. Claimed: anybody can tell a key. */
const meterConfiguration: Handler = (data) => {
  const meters = (readObject(data)?.['meters'] ?? undefined) as unknown
  if (!Array.isArray(meters)) return of('Rejected')
  const keys = meters.slice(0, mostMeters).flatMap((meter: unknown): Claim[] => {
    if (typeof meter !== 'object' || meter === null) return []
    const { connectorId, meterSerial, publicKey } = meter as Record<string, unknown>
    const key = typeof publicKey === 'string' ? publicKey.replaceAll(/\s/g, '') : ''
    if (!/^[A-Za-z0-9+/=_-]{32,2000}$/.test(key)) return []
    const evse = Number.isInteger(connectorId) && (connectorId as number) >= 0 && (connectorId as number) <= 999
    return [
      {
        publicKey: key,
        ...(evse && { evseId: connectorId as Claim['evseId'] }),
        ...(typeof meterSerial === 'string' && /^[\x20-\x7e]{1,100}$/.test(meterSerial) && { meterSerial }),
      },
    ]
  })
  return keys.length === 0 ? of('Rejected') : of('Accepted', keys)
}

const mostMeters = 100

const readObject = (data: string | undefined): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(data ?? '')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Whose vendor data is understood, by vendor and message (OCPP 1.6 §4.3). */
const vendors: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  // OCA application note "Using ISO 15118 Plug & Charge with OCPP 1.6": known, and no service here signs for vehicles
  'org.openchargealliance.iso15118pnc': {
    Authorize: refused,
    SignCertificate: refused,
    Get15118EVCertificate: refused,
    GetCertificateStatus: refused,
  },
  // OCA white paper "OCPP & California Pricing Requirements": the one message of it that a charger sends
  'org.openchargealliance.costmsg': { ConnectorUnplugged: taken },
  // as stations under the German calibration law tell it: the key that the meter signs with
  generalConfiguration: { setMeterConfiguration: meterConfiguration },
}

/** What vendor data comes to. An unknown vendor and an unknown message of a known one are told so. */
export const judgeVendorData = (told: {
  readonly vendorId: string
  readonly messageId?: string | undefined
  readonly data?: string | undefined
}): VendorDataJudged => {
  const { vendorId, messageId = '', data } = told
  const messages = Object.hasOwn(vendors, vendorId) ? vendors[vendorId] : undefined
  if (messages === undefined) return of('UnknownVendorId')
  const handler = Object.hasOwn(messages, messageId) ? messages[messageId] : undefined
  return handler === undefined ? of('UnknownMessageId') : handler(data)
}
