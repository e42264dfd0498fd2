import type { TenantSettings } from '@voltrail/contracts/admin-commands'
import type { LocalListPolicy } from '@voltrail/contracts/local-list'
import type { TenantEvent } from '@voltrail/contracts/events/registry'
import { accept, type Aggregate, type Decision, type Recorded } from './decider.ts'
import { modelsWith, type ModelDesire } from './model-configuration.ts'

/** The settings of a tenant: `tenant-<tenant>`. Until someone decides, the deployment's defaults hold. */
export interface TenantState {
  readonly settings?: TenantSettings
  readonly models?: readonly ModelDesire[]
  /** of chargers without a word of their own; null or absent: their lists are left alone */
  readonly localList?: LocalListPolicy | null
}

export const tenant: Aggregate<TenantState, TenantEvent> = {
  initialState: {},
  evolve: (state, event: Recorded<TenantEvent>) => {
    switch (event.type) {
      case 'TenantSettingsChanged':
        return { ...state, settings: event.data.settings }
      case 'ModelConfigurationDesired':
        return { ...state, models: modelsWith(state.models ?? [], event) }
      case 'LocalListDefaultDesired':
        return { ...state, localList: event.data.policy }
      default:
        event satisfies never
        return state
    }
  },
}

export const changeSettings = (
  command: {
    /** what is absent stays as it is */
    readonly change: { readonly [K in keyof TenantSettings]?: TenantSettings[K] | undefined }
    readonly defaults: TenantSettings
  },
  state: TenantState,
): Decision<TenantEvent> => {
  const before = state.settings ?? command.defaults
  const { change } = command
  const after: TenantSettings = {
    adoption: change.adoption ?? before.adoption,
    unknownTokens: change.unknownTokens ?? before.unknownTokens,
    heartbeatSeconds: change.heartbeatSeconds ?? before.heartbeatSeconds,
    concurrentUse: change.concurrentUse ?? before.concurrentUse,
    inferAvailableMinutes: change.inferAvailableMinutes ?? before.inferAvailableMinutes,
    inferSilentHours: change.inferSilentHours ?? before.inferSilentHours,
    settleAfterHours: change.settleAfterHours ?? before.settleAfterHours,
    strict: change.strict ?? before.strict,
    defaultSubprotocol: change.defaultSubprotocol ?? before.defaultSubprotocol,
  }
  const same = (Object.keys(after) as (keyof TenantSettings)[]).every((key) => after[key] === before[key])
  return same ? accept() : accept<TenantEvent>({ type: 'TenantSettingsChanged', data: { settings: after } })
}

/** Whom local lists shall hold of chargers without a word of their own; null: they are left alone. */
export const desireDefaultLocalList = (policy: LocalListPolicy | null, state: TenantState): Decision<TenantEvent> =>
  JSON.stringify(state.localList ?? null) === JSON.stringify(policy)
    ? accept()
    : accept<TenantEvent>({ type: 'LocalListDefaultDesired', data: { policy } })
