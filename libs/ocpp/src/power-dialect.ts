import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { ChargingProfile } from '@voltrail/contracts/charging-profile'
import type { Normalisation } from '@voltrail/contracts/facts'
import { lowestWatts, sharedLimit, supplyVolts } from '@voltrail/domain/device/profile-limits'
import type { InboundContext } from './inbound-context.ts'
import { rulesInForce, type PowerRuleId } from './quirks.ts'

type Of<T extends ChargerCommand['type']> = Extract<ChargerCommand, { type: T }>
type Says = (rule: PowerRuleId, path: string, raw: unknown) => void

/**
 * What a charger is told for one command, in the dialect of its make: the same command, another, or one for each connector, to be
 * sent in this order. `rules` says what was changed, with the value as it was asked.
 */
export type Spoken =
  | {
      readonly commands: readonly [ChargerCommand, ...ChargerCommand[]]
      readonly rules: readonly Normalisation[]
      /** of several: whether one that is accepted is enough; else each has to be */
      readonly oneIsEnough: boolean
    }
  | { readonly unsupported: string }

class Unspeakable extends Error {}

/** @param context who the charger is: of a make that is not known yet no rule is in force */
export const inDialect = (command: ChargerCommand, context: InboundContext): Spoken => {
  const rules: Normalisation[] = []
  const says: Says = (rule, path, raw) => void rules.push({ rule, path, raw: JSON.stringify(raw) ?? '' })
  try {
    const commands = spoken(command, context, says)
    const [first, ...others] = commands
    return first === undefined
      ? { unsupported: 'it is not known how many connectors this charger has: it tells them by its status messages' }
      : { commands: [first, ...others], rules, oneIsEnough: command.type === 'ClearChargingProfile' }
  } catch (error) {
    if (error instanceof Unspeakable) return { unsupported: error.message }
    throw error
  }
}

const spoken = (command: ChargerCommand, context: InboundContext, says: Says): readonly ChargerCommand[] => {
  const inForce = rulesInForce(context)
  switch (command.type) {
    case 'SetChargingProfile':
      return setInDialect(command, context, says)
    case 'RemoteStart':
      return command.chargingProfile === undefined
        ? [command]
        : [{ ...command, chargingProfile: profileInDialect(command.chargingProfile, context, says) }]
    case 'ClearChargingProfile':
      return clearInDialect(command, context, says)
    case 'GetCompositeSchedule': {
      const unit = inForce.has('Q30-watts-only') && command.unit === 'A' ? 'W' : command.unit
      if (unit !== command.unit) says('Q30-watts-only', '/unit', command.unit)
      const asked = { ...command, ...(unit === undefined ? {} : { unit }) }
      if (command.evseId !== 0 || !inForce.has('Q30-no-connector-zero')) return [asked]
      if (context.evses !== 1)
        throw new Unspeakable('this charger refuses connector 0: ask for the schedule of each of its connectors')
      says('Q30-no-connector-zero', '/evseId', 0)
      return [{ ...asked, evseId: 1 }]
    }
    case 'ChangeAvailability':
      if (inForce.has('Q32-no-change-availability'))
        throw new Unspeakable(
          'ChangeAvailability breaks the firmware of this make: switch off Q32-no-change-availability in the charger’s settings to send it all the same',
        )
      return [command]
    default:
      return [command]
  }
}

const setInDialect = (command: Of<'SetChargingProfile'>, context: InboundContext, says: Says) => {
  const inForce = rulesInForce(context)
  const profile = profileInDialect(command.profile, context, says)
  const set = { ...command, profile }
  if (command.evseId !== 0 || !inForce.has('Q30-no-connector-zero')) return [set]
  if (profile.purpose === 'ChargingStationMaxProfile')
    throw new Unspeakable(
      'this charger refuses connector 0, and a maximum of the whole station is set there: use a TxDefaultProfile',
    )
  says('Q30-no-connector-zero', '/evseId', 0)
  return connectors(context).map((evseId) => ({
    ...set,
    evseId,
    profile: { ...profile, profileId: idAt(profile.profileId, evseId) },
  }))
}

/** Which connectors there are, in order; none: nobody knows. */
const connectors = ({ evses = 0 }: InboundContext): readonly number[] =>
  Array.from({ length: evses }, (_, index) => index + 1)

const idStep = 10_000_000
/** A profile id names one profile of the whole charger (OCPP 1.6 §3.13.2): the copy at each connector has one of its own. */
const idAt = (profileId: number, evseId: number): number => {
  if (profileId >= idStep || evseId > 200)
    throw new Unspeakable(`a profile for each connector is made from an id below ${idStep}`)
  return profileId + evseId * idStep
}

const clearInDialect = (command: Of<'ClearChargingProfile'>, context: InboundContext, says: Says) => {
  const inForce = rulesInForce(context)
  const clear = { ...command }
  if (inForce.has('Q30-stack-level-zero') && (clear.stackLevel ?? 0) > 0) {
    says('Q30-stack-level-zero', '/stackLevel', clear.stackLevel)
    clear.stackLevel = 0
  }
  const rewritten = maximumRule(context)
  if (rewritten !== undefined && clear.purpose === 'ChargingStationMaxProfile') {
    says(rewritten, '/purpose', clear.purpose)
    clear.purpose = 'TxDefaultProfile'
  }
  if (!inForce.has('Q30-no-connector-zero')) return [clear]
  if (clear.profileId !== undefined) {
    const { profileId } = clear
    if (profileId >= idStep || connectors(context).length === 0) return [clear]
    says('Q30-no-connector-zero', '/profileId', profileId)
    return [clear, ...connectors(context).map((evseId) => ({ ...clear, profileId: idAt(profileId, evseId) }))]
  }
  if (clear.evseId !== 0) return [clear]
  says('Q30-no-connector-zero', '/evseId', 0)
  return connectors(context).map((evseId) => ({ ...clear, evseId }))
}

const maximumRule = (context: InboundContext): PowerRuleId | undefined =>
  (['Q30-no-station-maximum', 'Q30-station-maximum-ignored'] as const).find((rule) => rulesInForce(context).has(rule))

const profileInDialect = (given: ChargingProfile, context: InboundContext, says: Says): ChargingProfile => {
  const inForce = rulesInForce(context)
  const profile = { ...given, schedule: { ...given.schedule } }
  const noMaximum = maximumRule(context)
  if (noMaximum !== undefined && profile.purpose === 'ChargingStationMaxProfile') {
    const { evses } = context
    if (evses === undefined || evses < 1)
      throw new Unspeakable(
        'this charger has no maximum for the whole station, and the limit cannot be shared out: it is not known how many connectors it has',
      )
    says(noMaximum, '/profile/purpose', profile.purpose)
    profile.purpose = 'TxDefaultProfile'
    if (evses > 1) {
      says(noMaximum, '/profile/schedule/periods', profile.schedule.periods)
      profile.schedule.periods = profile.schedule.periods.map((period) => ({
        ...period,
        limit: sharedLimit(period.limit, evses),
      }))
    }
  }
  if (inForce.has('Q30-stack-level-zero') && profile.stackLevel !== 0) {
    says('Q30-stack-level-zero', '/profile/stackLevel', profile.stackLevel)
    profile.stackLevel = 0
  }
  if (inForce.has('Q30-relative-only') && profile.kind !== 'Relative') {
    if (profile.kind === 'Recurring' || profile.schedule.startAt !== undefined)
      throw new Unspeakable(
        'this make takes profiles that are relative to the start of charging only: leave out recurrency and startAt',
      )
    says('Q30-relative-only', '/profile/kind', profile.kind)
    profile.kind = 'Relative'
  }
  if (inForce.has('Q30-watts-only') && profile.schedule.unit === 'A') {
    says('Q30-watts-only', '/profile/schedule', profile.schedule)
    profile.schedule = inWatts(profile.schedule)
  }
  return profile
}

const inWatts = (schedule: ChargingProfile['schedule']): ChargingProfile['schedule'] => {
  const { minChargingRate: _, ...rest } = schedule
  return {
    ...rest,
    unit: 'W',
    periods: schedule.periods.map((period) => {
      const watts = lowestWatts(period)
      if (watts === undefined)
        throw new Unspeakable(
          `this make reads limits in W only, and one in A becomes W at ${supplyVolts} V by its phases: say numberPhases in each period, or give the limits in W`,
        )
      return { ...period, limit: watts }
    }),
  }
}
