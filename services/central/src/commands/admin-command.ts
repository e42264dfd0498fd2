import { type AdminCommand, type AdminCommandReply, AdminCommandRequest } from '@voltrail/contracts/admin-commands'
import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { ChargerId, TenantId, TokenRef } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import {
  campaignStream,
  chargerStream,
  deviceStream,
  firmwareStream,
  tariffStream,
  tenantStream,
  tokenStream,
  type StreamName,
} from '@voltrail/contracts/streams'
import { campaign, changeCampaign, createCampaign } from '@voltrail/domain/campaign'
import { charger } from '@voltrail/domain/charger/charger'
import { registerCharger } from '@voltrail/domain/charger/connection'
import { changeChargerSettings } from '@voltrail/domain/charger/settings'
import type { Aggregate, Decision } from '@voltrail/domain/decider'
import { revokeCertificate } from '@voltrail/domain/device/certificates'
import { desireConfiguration } from '@voltrail/domain/device/configuration'
import { device } from '@voltrail/domain/device/device'
import { desireLocalList, requestListSync } from '@voltrail/domain/device/local-list'
import { decideMeterKey } from '@voltrail/domain/device/meter-keys'
import { beginSecurityUpgrade, setClientIdentities } from '@voltrail/domain/device/security-upgrade'
import { beginTransfer, cancelTransfer } from '@voltrail/domain/device/transfer-request'
import { recordFile } from '@voltrail/domain/device/transfers'
import { addFirmwareImage, firmwareImage, removeFirmwareImage } from '@voltrail/domain/firmware-image'
import { idToken, putIdToken } from '@voltrail/domain/id-token'
import { assignTariff, defineTariff, tariff } from '@voltrail/domain/tariff'
import { desireModelConfiguration } from '@voltrail/domain/model-configuration'
import { changeSettings, desireDefaultLocalList, tenant } from '@voltrail/domain/tenant'
import type { Outcome } from '../deciding.ts'
import { requestMetadata } from '../evidence.ts'
import { sealAuthorizationKey } from './authorization-key.ts'
import { listPolicy } from './local-list.ts'
import { settleReview } from './settle-review.ts'
import { aliasOf } from './token-alias.ts'
import { bootAfterApproval } from './approval.ts'
import type { CommandDeps } from './charger-command.ts'

type Request = Omit<AdminCommandRequest, 'command'>
type Of<T extends AdminCommand['type']> = Extract<AdminCommand, { type: T }>
interface Asked {
  readonly tenantId: TenantId
  readonly request: Request
  readonly deps: CommandDeps
}

/** What operators decide: each command goes to one decider and answers where its decision stands in the log. */
export const adminCommand = async (
  tenantId: TenantId,
  payload: unknown,
  deps: CommandDeps,
): Promise<AdminCommandReply> => {
  const parsed = AdminCommandRequest.safeParse(payload)
  if (!parsed.success)
    return {
      outcome: 'refused',
      reason: 'invalid-request',
      detail: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '),
    }
  const { command, ...request } = parsed.data
  const asked = { tenantId, request, deps }
  switch (command.type) {
    case 'PutIdToken':
      return putToken(command, asked)
    case 'DefineTariff': {
      const { type: _, ...definition } = command
      return settle(asked, tariff, tariffStream(tenantId, command.tariffId), command, (state) =>
        defineTariff(definition, state),
      )
    }
    case 'AssignTariff': {
      const { type: _, ...assignment } = command
      const { value: settings } = await deps.lookUps.settings(tenantId)
      if (settings.strict)
        return {
          outcome: 'refused',
          reason: 'strict',
          detail:
            'a tenant whose chargers are answered strictly loses energy and cannot bill: set strict to false first',
        }
      const { scope } = assignment
      if (scope.kind === 'charger') {
        const { state } = await deps.load(charger, chargerStream(tenantId, scope.chargerId))
        if (!state.registered) return { outcome: 'refused', ...unknownCharger(scope.chargerId) }
      }
      return settle(asked, tariff, tariffStream(tenantId, command.tariffId), command, (state) =>
        assignTariff(assignment, state),
      )
    }
    case 'RegisterCharger':
      return register(command, asked)
    case 'ChangeChargerSettings':
      return settle(asked, charger, chargerStream(tenantId, command.chargerId), command, (state) =>
        changeChargerSettings(command.settings, state),
      )
    case 'SettleReview':
      return settleReview(command, asked)
    case 'BeginSecurityUpgrade':
      return beginUpgrade(command, asked)
    case 'SetClientIdentities':
      return settle(asked, device, deviceStream(tenantId, command.chargerId), command, (state) =>
        setClientIdentities(command.identities, state),
      )
    case 'RevokeCertificate':
      return settle(asked, device, deviceStream(tenantId, command.chargerId), command, (state) =>
        revokeCertificate(command, state),
      )
    case 'DecideMeterKey':
      return settle(asked, device, deviceStream(tenantId, command.chargerId), command, (state) =>
        decideMeterKey(command, state),
      )
    case 'DesireConfiguration':
      return settle(asked, device, deviceStream(tenantId, command.chargerId), command, (state) =>
        desireConfiguration(command, state),
      )
    case 'DesireModelConfiguration': {
      const { type: _, ...desired } = command
      return settle(asked, tenant, tenantStream(tenantId), command, (state) => desireModelConfiguration(desired, state))
    }
    case 'BeginTransfer':
      return settle(asked, device, deviceStream(tenantId, command.chargerId), command, (state) =>
        beginTransfer({ ...command, begunAt: request.requestedAt }, state),
      )
    case 'CancelTransfer':
      return settle(asked, device, deviceStream(tenantId, command.chargerId), command, (state) =>
        cancelTransfer(command.requestId, state),
      )
    case 'AddFirmwareImage': {
      const { type: _, image, ...facts } = command
      return settle(asked, firmwareImage, firmwareStream(tenantId, image), command, (state) =>
        addFirmwareImage(facts, state),
      )
    }
    case 'RemoveFirmwareImage':
      return settle(asked, firmwareImage, firmwareStream(tenantId, command.image), command, (state) =>
        removeFirmwareImage(command, state),
      )
    case 'CreateCampaign': {
      const { type: _, ...terms } = command
      return settle(asked, campaign, campaignStream(tenantId, command.campaignId), command, (state) =>
        createCampaign(terms, state),
      )
    }
    case 'ChangeCampaign':
      return settle(asked, campaign, campaignStream(tenantId, command.campaignId), command, (state) =>
        changeCampaign(command.action, state),
      )
    case 'RecordFile':
      return settle(asked, device, deviceStream(tenantId, command.chargerId), command, (state) =>
        recordFile({ requestId: command.requestId, file: command.file, protocol: command.protocol }, state),
      )
    case 'DesireLocalList':
    case 'DesireDefaultLocalList':
      return desireList(command, asked)
    case 'SyncLocalList':
      return settle(asked, device, deviceStream(tenantId, command.chargerId), command, () =>
        requestListSync('operator'),
      )
    case 'ChangeTenantSettings':
      return settle(asked, tenant, tenantStream(tenantId), command, (state) =>
        changeSettings({ change: command.settings, defaults: deps.defaultSettings }, state),
      )
    default:
      return command satisfies never
  }
}

const unknownCharger = (chargerId: ChargerId) => ({
  reason: 'unknown-charger',
  detail: `no charger ${chargerId} is registered: register it first, or correct the id`,
})

const settle = async <S, E extends DomainEvent>(
  { tenantId, request, deps }: Asked,
  aggregate: Aggregate<S, E>,
  stream: StreamName,
  storedCommand: object,
  decision: (state: S) => Decision<NoInfer<E>, { kind: string; detail: string }>,
  given: {
    readonly tokenRef?: TokenRef
    readonly onDecided?: (decided: Extract<Outcome<S, E, unknown>, { outcome: 'accepted' }>) => void
  } = {},
): Promise<AdminCommandReply> => {
  const decided = await deps.decide(
    aggregate,
    stream,
    decision,
    requestMetadata(deps, request, tenantId, storedCommand),
  )
  if (decided.outcome === 'rejected')
    return {
      outcome: 'refused',
      reason: decided.rejection.kind,
      detail: decided.rejection.detail,
    }
  given.onDecided?.(decided)
  return {
    outcome: 'done',
    changed: decided.appended.length > 0,
    stream,
    revision: String(Math.max(0, decided.revision)),
    ...(given.tokenRef === undefined ? {} : { tokenRef: given.tokenRef }),
  }
}

/** Tokens and groups stand in the log by their references. */
const desireList = async (
  command: Of<'DesireLocalList'> | Of<'DesireDefaultLocalList'>,
  asked: Asked,
): Promise<AdminCommandReply> => {
  const { deps, tenantId } = asked
  const policy = command.policy && (await listPolicy(deps, tenantId, command.policy))
  if (policy !== null && 'refused' in policy)
    return { outcome: 'refused', reason: 'unknown-token', detail: policy.refused }
  const stored = { ...command, policy }
  return command.type === 'DesireLocalList'
    ? settle(asked, device, deviceStream(tenantId, command.chargerId), stored, (state) =>
        desireLocalList(policy, state),
      )
    : settle(asked, tenant, tenantStream(tenantId), stored, (state) => desireDefaultLocalList(policy, state))
}

/** A charger that waited for approval and is connected has to boot again to learn that it is accepted. */
const register = (command: Of<'RegisterCharger'>, asked: Asked): Promise<AdminCommandReply> => {
  const { deps, tenantId } = asked
  const { chargerId } = command
  return settle(
    asked,
    charger,
    chargerStream(tenantId, chargerId),
    command,
    (state) => registerCharger(command, state),
    {
      onDecided({ appended, state, revision }) {
        const changed = appended.some(({ type }) => type === 'ChargerRegistrationChanged')
        if (changed && state.registration === 'Accepted' && state.connection?.open === true)
          deps.background.run('the boot after an approval', () =>
            bootAfterApproval(tenantId, chargerId, revision, deps),
          )
      },
    },
  )
}

/**
 * A new key is sealed before anything else sees it: the log has its digests, and what upkeep needs to have it sent. The request's
 * id names the upgrade, so that a repeated request begins nothing anew.
 */
const beginUpgrade = async (command: Of<'BeginSecurityUpgrade'>, asked: Asked): Promise<AdminCommandReply> => {
  const { deps, tenantId, request } = asked
  const { type, chargerId, toProfile, newKey, windowSeconds } = command
  const known = await deps.load(charger, chargerStream(tenantId, chargerId))
  const { registered, securityProfile, passwordDigests } = known.state
  const sealed = newKey && (await sealAuthorizationKey(deps.vault, tenantId, chargerId, newKey.hex))
  const upgrade = {
    upgradeId: request.requestId.slice(-40),
    toProfile,
    until: instant(Date.parse(request.requestedAt) + windowSeconds * 1_000),
    ...(newKey === undefined || sealed === undefined ? {} : { newKey: { digests: newKey.digests, sealed } }),
    charger: { registered, securityProfile, passwordDigests },
  }
  const stored = { type, chargerId, toProfile, rotateKey: newKey !== undefined, windowSeconds }
  return settle(asked, device, deviceStream(tenantId, chargerId), stored, (state) =>
    beginSecurityUpgrade(upgrade, state),
  )
}

/**
 * A token's value, its group and its label are sealed with its own key before anything else sees them. A long token, or a long
 * group, has its alias before it is issued.
 */
const putToken = async (command: Of<'PutIdToken'>, asked: Asked): Promise<AdminCommandReply> => {
  const { deps, tenantId, request } = asked
  const { token, status, expiresAt, groupToken, label } = command
  const ref = deps.vault.tokenRef(tenantId, token.value)
  const about = requestMetadata(deps, request, tenantId, { type: command.type, ref })
  const aliasFor = (text: string | undefined) => (text === undefined ? undefined : aliasOf(deps, tenantId, text, about))
  const [alias, groupAlias] = [await aliasFor(token.value), await aliasFor(groupToken)]
  const texts = [token.value, groupToken ?? '', label ?? '', alias?.text ?? '', groupAlias?.text ?? '']
  const [value, group, note, short, shortGroup] = await deps.vault.seal(tenantId, ref, texts)
  if (
    value === undefined ||
    group === undefined ||
    note === undefined ||
    short === undefined ||
    shortGroup === undefined
  )
    throw new Error('sealing gave too little back')
  const terms = {
    status,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(groupToken === undefined
      ? {}
      : {
          group: {
            ref: deps.vault.tokenRef(tenantId, groupToken),
            sealed: group,
            ...(groupAlias === undefined ? {} : { alias: { ref: groupAlias.ref, sealed: shortGroup } }),
          },
        }),
    ...(label === undefined ? {} : { label: { digest: deps.vault.rawRef(tenantId, label), sealed: note } }),
    ...(alias === undefined ? {} : { alias: { ref: alias.ref, sealed: short } }),
  }
  const stored = { type: command.type, ref, terms }
  const put = { idToken: { ref, type: token.type, sealed: value }, terms }
  return settle(asked, idToken, tokenStream(tenantId, ref), stored, (state) => putIdToken(put, state), {
    tokenRef: ref,
  })
}
