import type { ChargerCommand, ChargerCommandRequest } from '@voltrail/contracts/charger-commands'
import type { TenantId } from '@voltrail/contracts/ids'
import { evseCount } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { profileRefusal } from '@voltrail/domain/device/profile-checks'
import type { Placed } from '@voltrail/domain/device/profiles'
import type { InboundContext } from '@voltrail/ocpp/inbound-context'
import { inDialect } from '@voltrail/ocpp/power-dialect'
import type { KnownAtOnce } from './sent-first.ts'

/**
 * Why a charger would not take a command that sets a charging profile: by the profiles that are there already, in the dialect of
 * its make. What the log cannot say at once limits nothing: a decrease does not wait for it.
 */
export const profileLimits = (
  tenant: TenantId,
  { chargerId, command, asCall }: ChargerCommandRequest,
  { known, cared }: KnownAtOnce,
): string | undefined => {
  if (placedBy(command) === undefined) return undefined
  const terms = {
    keys: cared?.configuration?.keys ?? [],
    profiles: cared?.profiles ?? [],
    clockOffsetsMs: known?.clockOffsetsMs ?? [],
    // a call in the charger's own words has no room for a `force`, and nobody vouches for limits that one touched
    force: asCall ?? ('force' in command ? command.force : undefined),
  }
  const spoken = inDialect(command, contextOf(tenant, chargerId, known))
  if ('unsupported' in spoken) return known === undefined ? undefined : spoken.unsupported
  return spoken.commands
    .map((one) => placedBy(one))
    .map((placed) => placed && profileRefusal(placed, terms))
    .find((reason) => reason !== undefined)
}

const placedBy = (command: ChargerCommand): Placed | undefined => {
  if (command.type === 'SetChargingProfile') return command
  if (command.type !== 'RemoteStart' || command.chargingProfile === undefined) return undefined
  return { evseId: command.evseId ?? 0, profile: command.chargingProfile }
}

/** Who the charger is, as its edge knows it too. */
const contextOf = (tenant: TenantId, chargerId: string, known: ChargerState | undefined): InboundContext => {
  const evses = known === undefined ? 0 : evseCount(known)
  return {
    tenant,
    chargerId,
    ...(known?.identity !== undefined && { vendor: known.identity.vendor, model: known.identity.model }),
    ...(known?.identity?.firmwareVersion !== undefined && { firmwareVersion: known.identity.firmwareVersion }),
    ...(known?.settings !== undefined && { rulesOff: known.settings.rulesOff, rulesOn: known.settings.rulesOn }),
    ...(evses > 0 && { evses }),
  }
}
