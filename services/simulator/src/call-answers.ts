import { z } from 'zod'
import { chargingProfile } from './charging-profiles.ts'
import type { ChargingProfile, ProfileCriteria } from './charging-profiles.ts'
import type { ConfigurationStatus, ShownKey } from './configuration.ts'
import type { Answer } from './link.ts'
import { localListUpdate } from './local-list.ts'
import type { LocalListUpdate } from './local-list.ts'
import type { Payload } from './payload.ts'
import type { Reservation } from './reservation.ts'
import type { LogRequest, Retrying } from './transfers.ts'

/** What the central system may ask of a charger. `after`: to be done once the answer is on its way. */
export type CommandTarget = {
  readonly vendor: string
  remoteStart(
    idTag: string,
    connectorId: number | undefined,
    profile: ChargingProfile | undefined,
  ): Reaction<'Accepted' | 'Rejected'>
  remoteStop(transactionId: number): Reaction<'Accepted' | 'Rejected'>
  reset(type: 'Hard' | 'Soft'): Reaction<'Accepted' | 'Rejected'>
  unlock(connectorId: number): Reaction<'Unlocked' | 'UnlockFailed' | 'NotSupported'>
  changeAvailability(connectorId: number, operative: boolean): Reaction<'Accepted' | 'Rejected' | 'Scheduled'>
  changeConfiguration(key: string, value: string): Reaction<ConfigurationStatus>
  showConfiguration(keys: readonly string[] | undefined): { configurationKey: ShownKey[]; unknownKey: string[] }
  clearCache(): void
  listVersion(): number
  updateList(update: LocalListUpdate): Reaction<'Accepted' | 'Failed' | 'NotSupported' | 'VersionMismatch'>
  reserve(
    connectorId: number,
    reservation: Reservation,
  ): Reaction<'Accepted' | 'Faulted' | 'Occupied' | 'Rejected' | 'Unavailable'>
  cancelReservation(reservationId: number): Reaction<'Accepted' | 'Rejected'>
  setProfile(connectorId: number, profile: ChargingProfile): Reaction<'Accepted' | 'Rejected'>
  clearProfile(criteria: ProfileCriteria): Reaction<'Accepted' | 'Unknown'>
  /** undefined: there is no such connector */
  compositeSchedule(connectorId: number, seconds: number, unit: 'A' | 'W' | undefined): Payload | undefined
  /** @param retrieveAt ms since 1970 */
  updateFirmware(location: string, retrieveAt: number, retrying: Retrying): void
  diagnostics(location: string, retrying: Retrying): Upload
  log(request: LogRequest): Upload
  trigger(message: string, connectorId: number | undefined): Reaction<'Accepted' | 'Rejected' | 'NotImplemented'>
}

/** A file that is sent once the answer is on its way. */
export type Upload = { readonly fileName: string; readonly after: () => void }

export type Reaction<S extends string> = { readonly status: S; readonly after?: () => void }

type Route = (target: CommandTarget, payload: unknown) => Answer

const route =
  <T>(request: z.ZodType<T>, answer: (target: CommandTarget, request: T) => Answer): Route =>
  (target, payload) => {
    const parsed = request.safeParse(payload)
    if (parsed.success) return answer(target, parsed.data)
    const [issue] = parsed.error.issues
    const place = issue ? `/${issue.path.join('/')}: ${issue.message}` : ''
    return { errorCode: 'TypeConstraintViolation', description: place.slice(0, 255) }
  }

const reacted = ({ status, after }: Reaction<string>): Answer => ({ payload: { status }, ...(after && { after }) })

const connectorId = z.int().min(0)
const idTag = z.string().min(1).max(20)
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const retrying = { retries: z.int().min(0).optional(), retryInterval: z.int().min(0).optional() }
const location = z.url()

/** Every CALL that these chargers understand (OCPP 1.6 §5). */
const routes: Readonly<Record<string, Route>> = {
  CancelReservation: route(z.object({ reservationId: z.int() }), (target, request) =>
    reacted(target.cancelReservation(request.reservationId)),
  ),
  ChangeAvailability: route(z.object({ connectorId, type: z.enum(['Operative', 'Inoperative']) }), (target, request) =>
    reacted(target.changeAvailability(request.connectorId, request.type === 'Operative')),
  ),
  ChangeConfiguration: route(
    z.object({ key: z.string().min(1).max(50), value: z.string().max(500) }),
    (target, request) => reacted(target.changeConfiguration(request.key, request.value)),
  ),
  ClearCache: route(z.object({}), (target) => {
    target.clearCache()
    return { payload: { status: 'Accepted' } }
  }),
  ClearChargingProfile: route(
    z.object({
      id: z.int().optional(),
      connectorId: connectorId.optional(),
      chargingProfilePurpose: chargingProfile.shape.chargingProfilePurpose.optional(),
      stackLevel: z.int().min(0).optional(),
    }),
    (target, request) => reacted(target.clearProfile(request)),
  ),
  DataTransfer: route(
    z.object({ vendorId: z.string().max(255), messageId: z.string().max(50).optional(), data: z.string().optional() }),
    (target, request) => {
      if (request.vendorId !== target.vendor) return { payload: { status: 'UnknownVendorId' } }
      if (request.messageId !== 'Echo') return { payload: { status: 'UnknownMessageId' } }
      return { payload: { status: 'Accepted', ...(request.data !== undefined && { data: request.data }) } }
    },
  ),
  GetCompositeSchedule: route(
    z.object({ connectorId, duration: z.int().min(0), chargingRateUnit: z.enum(['A', 'W']).optional() }),
    (target, request) => {
      const schedule = target.compositeSchedule(request.connectorId, request.duration, request.chargingRateUnit)
      return {
        payload: schedule
          ? { status: 'Accepted', connectorId: request.connectorId, ...schedule }
          : { status: 'Rejected' },
      }
    },
  ),
  GetConfiguration: route(z.object({ key: z.array(z.string().max(50)).optional() }), (target, request) => ({
    payload: target.showConfiguration(request.key),
  })),
  GetDiagnostics: route(z.object({ location, ...retrying }), (target, request) => {
    const { fileName, after } = target.diagnostics(request.location, request)
    return { payload: { fileName }, after }
  }),
  // security white paper edition 3, N01
  GetLog: route(
    z.object({ requestId: z.int(), log: z.object({ remoteLocation: location }), ...retrying }),
    (target, { log, ...request }) => {
      const { fileName, after } = target.log({ ...request, location: log.remoteLocation })
      return { payload: { status: 'Accepted', filename: fileName }, after }
    },
  ),
  GetLocalListVersion: route(z.object({}), (target) => ({ payload: { listVersion: target.listVersion() } })),
  RemoteStartTransaction: route(
    z.object({ idTag, connectorId: z.int().min(1).optional(), chargingProfile: chargingProfile.optional() }),
    (target, request) => reacted(target.remoteStart(request.idTag, request.connectorId, request.chargingProfile)),
  ),
  RemoteStopTransaction: route(z.object({ transactionId: z.int() }), (target, request) =>
    reacted(target.remoteStop(request.transactionId)),
  ),
  Reset: route(z.object({ type: z.enum(['Hard', 'Soft']) }), (target, request) => reacted(target.reset(request.type))),
  ReserveNow: route(
    z.object({
      connectorId,
      expiryDate: time,
      idTag,
      parentIdTag: idTag.optional(),
      reservationId: z.int(),
    }),
    (target, { connectorId: at, expiryDate, ...reservation }) =>
      reacted(target.reserve(at, { ...reservation, until: expiryDate })),
  ),
  SendLocalList: route(localListUpdate, (target, request) => reacted(target.updateList(request))),
  SetChargingProfile: route(z.object({ connectorId, csChargingProfiles: chargingProfile }), (target, request) =>
    reacted(target.setProfile(request.connectorId, request.csChargingProfiles)),
  ),
  TriggerMessage: route(
    z.object({ requestedMessage: z.string(), connectorId: connectorId.optional() }),
    (target, request) => reacted(target.trigger(request.requestedMessage, request.connectorId)),
  ),
  UpdateFirmware: route(z.object({ location, retrieveDate: time, ...retrying }), (target, request) => ({
    payload: {},
    after: () => target.updateFirmware(request.location, request.retrieveDate, request),
  })),
  UnlockConnector: route(z.object({ connectorId: z.int().min(1) }), (target, request) =>
    reacted(target.unlock(request.connectorId)),
  ),
}

/** Known to OCPP 1.6, but belonging to feature profiles that these chargers do not have. */
const unsupported: ReadonlySet<string> = new Set([
  'CertificateSigned',
  'DeleteCertificate',
  'ExtendedTriggerMessage',
  'GetInstalledCertificateIds',
  'InstallCertificate',
  'SignedUpdateFirmware',
])

/** Answers a CALL; an action that is not understood gets the CALLERROR that OCPP-J 1.6 §4.2.3 names for it. */
export function answerCall(target: CommandTarget, action: string, payload: unknown): Answer {
  // not `routes[action]`: an action may be called `constructor`
  const known = Object.hasOwn(routes, action) ? routes[action] : undefined
  if (known) return known(target, payload)
  return unsupported.has(action)
    ? {
        errorCode: 'NotSupported',
        description: `${action} belongs to a feature profile that this charger does not have`,
      }
    : { errorCode: 'NotImplemented', description: `${action.slice(0, 50)} is not known here` }
}
