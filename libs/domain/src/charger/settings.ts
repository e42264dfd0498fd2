import type { ChargerSettings } from '@voltrail/contracts/charger-settings'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import { canonicalJson } from '../canonical-json.ts'
import { accept, reject, type Decision } from '../decider.ts'
import type { ChargerState } from './charger-state.ts'

/** What an operator sets for one charger; the settings that hold already make nothing. */
export const changeChargerSettings = (
  settings: ChargerSettings,
  state: ChargerState,
): Decision<ChargerEvent, { kind: 'unknown-charger'; detail: string }> => {
  if (!state.registered)
    return reject({ kind: 'unknown-charger', detail: 'there is no such charger: register it first' })
  return canonicalJson(state.settings ?? {}) === canonicalJson(settings)
    ? accept()
    : accept<ChargerEvent>({ type: 'ChargerSettingsChanged', data: { settings } })
}
