import { type AdminCommand, type AdminCommandReply, AdminCommandRequest } from '@voltrail/contracts/admin-commands'
import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import { chargerStream, tariffStream, tenantStream, tokenStream, type StreamName } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { registerCharger } from '@voltrail/domain/charger/connection'
import { changeChargerSettings } from '@voltrail/domain/charger/settings'
import type { Aggregate, Decision } from '@voltrail/domain/decider'
import { idToken, putIdToken } from '@voltrail/domain/id-token'
import { assignTariff, defineTariff, tariff } from '@voltrail/domain/tariff'
import { changeSettings, tenant } from '@voltrail/domain/tenant'
import type { CentralDeps } from '../central-deps.ts'
import { requestMetadata } from '../evidence.ts'

type Request = Omit<AdminCommandRequest, 'command'>
type Of<T extends AdminCommand['type']> = Extract<AdminCommand, { type: T }>
interface Asked {
  readonly tenantId: TenantId
  readonly request: Request
  readonly deps: CentralDeps
}

/** What operators decide: each command goes to one decider and answers where its decision stands in the log. */
export const adminCommand = async (
  tenantId: TenantId,
  payload: unknown,
  deps: CentralDeps,
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
      return settle(asked, tariff, tariffStream(tenantId, command.tariffId), command, (state) =>
        assignTariff(assignment, state),
      )
    }
    case 'RegisterCharger':
      return settle(asked, charger, chargerStream(tenantId, command.chargerId), command, (state) =>
        registerCharger(command, state),
      )
    case 'ChangeChargerSettings':
      return settle(asked, charger, chargerStream(tenantId, command.chargerId), command, (state) =>
        changeChargerSettings(command.settings, state),
      )
    case 'SettleReview':
      return settleReview(command, asked)
    case 'ChangeTenantSettings':
      return settle(asked, tenant, tenantStream(tenantId), command, (state) =>
        changeSettings({ change: command.settings, defaults: deps.defaultSettings }, state),
      )
    default:
      return command satisfies never
  }
}

const settle = async <S, E extends DomainEvent>(
  { tenantId, request, deps }: Asked,
  aggregate: Aggregate<S, E>,
  stream: StreamName,
  storedCommand: object,
  decision: (state: S) => Decision<NoInfer<E>, { kind: string }>,
  tokenRef?: TokenRef,
): Promise<AdminCommandReply> => {
  const decided = await deps.decide(
    aggregate,
    stream,
    decision,
    requestMetadata(deps, request, tenantId, storedCommand),
  )
  if (decided.outcome === 'rejected')
    return { outcome: 'refused', reason: decided.rejection.kind, detail: `${stream}: ${decided.rejection.kind}` }
  return {
    outcome: 'done',
    changed: decided.appended.length > 0,
    stream,
    revision: String(Math.max(0, decided.revision)),
    ...(tokenRef === undefined ? {} : { tokenRef }),
  }
}

/** A token's value, its group and its label are sealed with its own key before anything else sees them. */
const putToken = async (command: Of<'PutIdToken'>, asked: Asked): Promise<AdminCommandReply> => {
  const { deps, tenantId } = asked
  const { token, status, expiresAt, groupToken, label } = command
  const ref = deps.vault.tokenRef(tenantId, token.value)
  const [value, group, note] = await deps.vault.seal(tenantId, ref, [token.value, groupToken ?? '', label ?? ''])
  if (value === undefined || group === undefined || note === undefined) throw new Error('sealing gave too little back')
  const terms = {
    status,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(groupToken === undefined ? {} : { group: { ref: deps.vault.tokenRef(tenantId, groupToken), sealed: group } }),
    ...(label === undefined ? {} : { label: { digest: deps.vault.rawRef(tenantId, label), sealed: note } }),
  }
  const stored = { type: command.type, ref, terms }
  const put = { idToken: { ref, type: token.type, sealed: value }, terms }
  return settle(asked, idToken, tokenStream(tenantId, ref), stored, (state) => putIdToken(put, state), ref)
}

/** What an operator decides about something that waits for review. */
const settleReview = async (command: Of<'SettleReview'>, { tenantId }: Asked): Promise<AdminCommandReply> => ({
  outcome: 'refused',
  reason: 'unknown-review',
  detail: `nothing waits for review at ${command.subject} of tenant ${tenantId}`,
})
