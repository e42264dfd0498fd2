import type { TenantSettings } from '@voltrail/contracts/admin-commands'
import type { TenantEvent } from '@voltrail/contracts/events/registry'
import { accept, type Aggregate, type Decision, type Recorded } from './decider.ts'

/** The settings of a tenant: `tenant-<tenant>`. Until someone decides, the deployment's defaults hold. */
export interface TenantState {
  readonly settings?: TenantSettings
}

export const tenant: Aggregate<TenantState, TenantEvent> = {
  initialState: {},
  evolve: (_state, event: Recorded<TenantEvent>) => ({ settings: event.data.settings }),
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
  const { adoption, unknownTokens, heartbeatSeconds } = command.change
  const after: TenantSettings = {
    adoption: adoption ?? before.adoption,
    unknownTokens: unknownTokens ?? before.unknownTokens,
    heartbeatSeconds: heartbeatSeconds ?? before.heartbeatSeconds,
  }
  const same = (Object.keys(after) as (keyof TenantSettings)[]).every((key) => after[key] === before[key])
  return same ? accept() : accept<TenantEvent>({ type: 'TenantSettingsChanged', data: { settings: after } })
}
