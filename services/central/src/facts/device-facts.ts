import { createHash } from 'node:crypto'
import type { Fact, FactAnswer, FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import { deviceStream } from '@voltrail/contracts/streams'
import { requestCertificate } from '@voltrail/domain/device/certificates'
import { device } from '@voltrail/domain/device/device'
import { deviceAnswered, type DeviceState } from '@voltrail/domain/device/device-state'
import { reportSecurityEvent } from '@voltrail/domain/device/security-events'
import { reportFirmwareStatus, reportLogStatus } from '@voltrail/domain/device/transfers'
import type { Decision } from '@voltrail/domain/decider'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import { readCsr } from '@voltrail/pki/csr'
import { judgeCsr } from '@voltrail/pki/judge-csr'
import type { CentralDeps } from '../central-deps.ts'
import { clearFrame, factMetadata } from '../evidence.ts'
import { answered } from './answered.ts'

/** Facts about the charging station as a device: firmware, logs, security. */

const decideOnDevice = async (
  request: FactRequest<Fact>,
  deps: CentralDeps,
  decision: (state: DeviceState) => Decision<DeviceEvent>,
  settings: MetadataInput['decision']['settings'] = {},
): Promise<DeviceState> => {
  const stream = deviceStream(request.tenant, request.chargerId)
  const meta = factMetadata(deps, request, { frame: await clearFrame(deps, request), settings })
  return (await deps.decide(device, stream, decision, meta)).state
}

export const firmwareStatus = async (
  request: FactRequest<FactOf<'FirmwareStatus'>>,
  deps: CentralDeps,
): Promise<FactReply> => {
  await decideOnDevice(request, deps, (state) =>
    reportFirmwareStatus({ ...request.fact, factId: request.factId }, state),
  )
  return answered(deps, { type: 'FirmwareStatus' })
}

export const logStatus = async (request: FactRequest<FactOf<'LogStatus'>>, deps: CentralDeps): Promise<FactReply> => {
  await decideOnDevice(request, deps, (state) => reportLogStatus({ ...request.fact, factId: request.factId }, state))
  return answered(deps, { type: 'LogStatus' })
}

export const securityEvent = async (
  request: FactRequest<FactOf<'SecurityEvent'>>,
  deps: CentralDeps,
): Promise<FactReply> => {
  const { fact, factId } = request
  const contentKey = createHash('sha256')
    .update(JSON.stringify([fact.raw.event, fact.raw.timestamp, fact.raw.techInfo]))
    .digest('hex')
  await decideOnDevice(request, deps, (state) => reportSecurityEvent({ ...fact, factId, contentKey }, state))
  return answered(deps, { type: 'SecurityEvent' })
}

/** A request for a certificate, judged by itself and by what the charger's record says; signing it is not central's business. */
export const certificateRequest = async (
  request: FactRequest<FactOf<'CertificateRequest'>>,
  deps: CentralDeps,
): Promise<FactReply> => {
  const { fact, factId } = request
  const { cpoName } = deps
  const csr = readCsr(fact.csr)
  const facts = 'unreadable' in csr ? undefined : csr.facts
  const problems = ({ identities = [] }: DeviceState): readonly string[] =>
    judgeCsr(csr, { identities, organisation: cpoName })
  const digest = facts?.digest ?? createHash('sha256').update(fact.csr).digest('hex')
  const settings = cpoName === undefined ? {} : { cpoName }
  const state = await decideOnDevice(
    request,
    deps,
    (known) => requestCertificate({ factId, csr: fact.csr, digest, facts, problems }, known),
    settings,
  )
  const answer: FactAnswer | undefined = deviceAnswered(state, factId)
  return answered(
    deps,
    answer?.type === 'CertificateRequest' ? answer : { type: 'CertificateRequest', status: 'Rejected' },
  )
}
