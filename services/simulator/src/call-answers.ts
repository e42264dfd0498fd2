import { z } from 'zod'
import type { ConfigurationStatus, ShownKey } from './configuration.ts'
import type { Answer } from './link.ts'

/** What the central system may ask of a charger. `after`: to be done once the answer is on its way. */
export type CommandTarget = {
  readonly vendor: string
  remoteStart(idTag: string, connectorId: number | undefined): Reaction<'Accepted' | 'Rejected'>
  remoteStop(transactionId: number): Reaction<'Accepted' | 'Rejected'>
  reset(type: 'Hard' | 'Soft'): Reaction<'Accepted' | 'Rejected'>
  unlock(connectorId: number): Reaction<'Unlocked' | 'UnlockFailed' | 'NotSupported'>
  changeAvailability(connectorId: number, operative: boolean): Reaction<'Accepted' | 'Rejected' | 'Scheduled'>
  changeConfiguration(key: string, value: string): Reaction<ConfigurationStatus>
  showConfiguration(keys: readonly string[] | undefined): { configurationKey: ShownKey[]; unknownKey: string[] }
  clearCache(): void
  trigger(message: string, connectorId: number | undefined): Reaction<'Accepted' | 'Rejected' | 'NotImplemented'>
}

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

/** Every CALL that these chargers understand (OCPP 1.6 §5). */
const routes: Readonly<Record<string, Route>> = {
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
  DataTransfer: route(
    z.object({ vendorId: z.string().max(255), messageId: z.string().max(50).optional(), data: z.string().optional() }),
    (target, request) => {
      if (request.vendorId !== target.vendor) return { payload: { status: 'UnknownVendorId' } }
      if (request.messageId !== 'Echo') return { payload: { status: 'UnknownMessageId' } }
      return { payload: { status: 'Accepted', ...(request.data !== undefined && { data: request.data }) } }
    },
  ),
  GetConfiguration: route(z.object({ key: z.array(z.string().max(50)).optional() }), (target, request) => ({
    payload: target.showConfiguration(request.key),
  })),
  RemoteStartTransaction: route(z.object({ idTag, connectorId: z.int().min(1).optional() }), (target, request) =>
    reacted(target.remoteStart(request.idTag, request.connectorId)),
  ),
  RemoteStopTransaction: route(z.object({ transactionId: z.int() }), (target, request) =>
    reacted(target.remoteStop(request.transactionId)),
  ),
  Reset: route(z.object({ type: z.enum(['Hard', 'Soft']) }), (target, request) => reacted(target.reset(request.type))),
  TriggerMessage: route(
    z.object({ requestedMessage: z.string(), connectorId: connectorId.optional() }),
    (target, request) => reacted(target.trigger(request.requestedMessage, request.connectorId)),
  ),
  UnlockConnector: route(z.object({ connectorId: z.int().min(1) }), (target, request) =>
    reacted(target.unlock(request.connectorId)),
  ),
}

/** Known to OCPP 1.6, but belonging to feature profiles that these chargers do not have. */
const unsupported: ReadonlySet<string> = new Set([
  'CancelReservation',
  'CertificateSigned',
  'ClearChargingProfile',
  'DeleteCertificate',
  'ExtendedTriggerMessage',
  'GetCompositeSchedule',
  'GetDiagnostics',
  'GetInstalledCertificateIds',
  'GetLocalListVersion',
  'GetLog',
  'InstallCertificate',
  'ReserveNow',
  'SendLocalList',
  'SetChargingProfile',
  'SignedUpdateFirmware',
  'UpdateFirmware',
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
