import type { Fact, FactAnswer, FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import { chargerStream, deviceStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { answeredBefore, charger } from '@voltrail/domain/charger/charger'
import { bootCharger, changeConnectorStatus, disconnectCharger } from '@voltrail/domain/charger/connection'
import { clockOf } from '@voltrail/domain/charger/measured-clock'
import { isToldLate } from '@voltrail/domain/charger/told-statuses'
import { openOnEvse } from '@voltrail/domain/charger/transactions'
import { occurredAt } from '@voltrail/domain/occurred-at'
import { changeChargingState, session } from '@voltrail/domain/session'
import { accept } from '@voltrail/domain/decider'
import { CommandId } from '@voltrail/contracts/ids'
import { device } from '@voltrail/domain/device/device'
import { claimMeterKeys } from '@voltrail/domain/device/meter-keys'
import { judgeVendorData } from '@voltrail/domain/vendor-data'
import type { CentralDeps } from '../central-deps.ts'
import { clearFrame, factMetadata } from '../evidence.ts'
import { settleInLog } from '../commands/settle-in-log.ts'
import { answered } from './answered.ts'

/** Facts that concern the charging station itself. */

const meta = async (deps: CentralDeps, request: FactRequest<Fact>) =>
  factMetadata(deps, request, { frame: await clearFrame(deps, request) })

export const disconnect = async (request: FactRequest<FactOf<'Disconnect'>>, deps: CentralDeps): Promise<FactReply> => {
  const { tenant, chargerId, epoch, edge, fact } = request
  if (epoch === undefined)
    return { outcome: 'refused', reason: 'invalid-request', detail: 'a disconnect names its epoch' }
  // a close reason is the peer's text: some end it as C does
  const reason = fact.reason.replaceAll('\u0000', '').toWellFormed()
  await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) => disconnectCharger({ epoch, edge, code: fact.code, reason }, state),
    await meta(deps, request),
  )
  return answered(deps, { type: 'Disconnect' })
}

export const boot = async (request: FactRequest<FactOf<'Boot'>>, deps: CentralDeps): Promise<FactReply> => {
  const { type: _, ...identity } = request.fact
  const settings = await deps.lookUps.settings(request.tenant)
  const { state } = await deps.decide(
    charger,
    chargerStream(request.tenant, request.chargerId),
    (known) => {
      // a charger that waits for approval asks again each minute
      const intervalSeconds = known.registration === 'Accepted' ? settings.value.heartbeatSeconds : 60
      return bootCharger({ ...identity, factId: request.factId, epoch: request.epoch, intervalSeconds }, known)
    },
    factMetadata(deps, request, { frame: await clearFrame(deps, request), lookups: [settings.lookup] }),
  )
  return answered(deps, remembered(answeredBefore(state, request.factId), 'Boot'))
}

/** A status; where a session is open there, whether energy flows is that session's business too. */
export const connectorStatus = async (
  request: FactRequest<FactOf<'ConnectorStatus'>>,
  deps: CentralDeps,
): Promise<FactReply> => {
  const { tenant, chargerId, fact, receivedAt } = request
  const decided = await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) => changeConnectorStatus(fact, state, request),
    await meta(deps, request),
  )
  const { status: chargingState } = fact
  const bearsNone = fact.evseId === 0 || isToldLate(decided.state, fact, request.epoch)
  const open = bearsNone ? undefined : openOnEvse(decided.state, fact.evseId)
  if (
    open !== undefined &&
    (chargingState === 'Charging' || chargingState === 'SuspendedEV' || chargingState === 'SuspendedEVSE')
  ) {
    const id = sessionId(chargerId, open.transactionId)
    const at = occurredAt(fact.time, receivedAt, clockOf(decided.state))
    await deps.decide(
      session,
      sessionStream(tenant, id),
      (state) =>
        state.start === undefined
          ? accept()
          : changeChargingState({ factId: request.factId, chargingState, at }, state),
      factMetadata(deps, request, { correlation: id }),
    )
  }
  return answered(deps, { type: 'ConnectorStatus' })
}

/** Vendor data: kept as evidence, answered as OCPP 1.6 §4.3 asks. Meter keys are known of the device before they are acknowledged. */
export const vendorData = async (request: FactRequest<FactOf<'VendorData'>>, deps: CentralDeps): Promise<FactReply> => {
  const { tenant, chargerId, fact } = request
  const { vendorId, messageId } = fact
  const { status, meterKeys } = judgeVendorData(fact)
  if (meterKeys.length > 0)
    await deps.decide(
      device,
      deviceStream(tenant, chargerId),
      (known) => claimMeterKeys(meterKeys, known),
      factMetadata(deps, request),
    )
  const { state } = await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (known) =>
      answeredBefore(known, request.factId) !== undefined
        ? accept()
        : accept({
            type: 'VendorDataReceived',
            data: { vendorId, ...(messageId === undefined ? {} : { messageId }), status },
          }),
    await meta(deps, request),
  )
  return answered(deps, remembered(answeredBefore(state, request.factId), 'VendorData'))
}

/** The answer to a command, after its time was up. */
export const lateAnswer = async (request: FactRequest<FactOf<'LateAnswer'>>, deps: CentralDeps): Promise<FactReply> => {
  const { commandId, result } = request.fact
  const { tenant, chargerId, factId } = request
  const answer = { commandId: CommandId.parse(commandId), result, frames: {}, late: true, factId }
  await settleInLog(deps, tenant, chargerId, answer, await meta(deps, request))
  return answered(deps, { type: 'LateAnswer' })
}

const remembered = <T extends FactAnswer['type']>(answer: FactAnswer | undefined, type: T): FactAnswer => {
  if (answer?.type === type) return answer
  throw new Error(`the charger does not remember its answer to a ${type}`)
}
