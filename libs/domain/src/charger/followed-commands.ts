import type { FollowedCommand } from '@voltrail/contracts/events/charger'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { CommandId } from '@voltrail/contracts/ids'
import { accept, type Decision, type Recorded } from '../decider.ts'
import type { ChargerState } from './charger-state.ts'

type Followed = readonly FollowedCommand[]

const keptFollowed = 16

/**
 * The commands that are followed, after an event. A newer change of availability that the charger agreed to takes the place of
 * an older one of the same EVSEs; a new connection, or a boot, is what a reset was to bring.
 */
export const followedWith = (followed: Followed, event: Recorded<ChargerEvent>): Followed => {
  const at = event.metadata.receivedAt
  switch (event.type) {
    case 'CommandRequested': {
      const { commandId, command } = event.data
      if (command.type !== 'ChangeAvailability' && command.type !== 'Reset') return followed
      const { type } = command
      const asked: FollowedCommand['asked'] =
        type === 'Reset' ? { type } : { type, evseId: command.evseId, availability: command.availability }
      return [...followed.slice(1 - keptFollowed), { commandId, asked, requestedAt: at }]
    }
    case 'CommandSettled': {
      const { commandId, result } = event.data
      const one = followed.find((each) => each.commandId === commandId)
      if (one === undefined) return followed
      const others = followed.filter((each) => each !== one)
      const status = result.outcome === 'result' ? result.status : undefined
      // nobody knows what came of these: a late answer may still tell
      if (result.outcome === 'timeout') return followed
      if (status !== 'Accepted' && status !== 'Scheduled') return others
      const standing = others.filter((each) => each.agreedAt === undefined || !takesPlaceOf(one, each))
      // OCPP 1.6 §5.2: Accepted has been carried out, Scheduled will be when the transactions have ended
      const agreed = one.asked.type === 'Reset' ? 'Accepted' : 'Scheduled'
      return status === agreed ? [...standing, { ...one, agreedAt: at }] : standing
    }
    case 'CommandOffline':
    case 'AvailabilityReached':
    case 'ResetUnheeded':
      return followed.filter(({ commandId }) => commandId !== event.data.commandId)
    case 'AvailabilityUnheeded':
      return followed.map((one) => (one.commandId === event.data.commandId ? { ...one, unheeded: true as const } : one))
    case 'ChargerConnected':
    case 'ChargerBooted':
      return followed.some(isReset) ? followed.filter((one) => !isReset(one)) : followed
    default:
      return followed
  }
}

const isReset = ({ asked }: FollowedCommand): boolean => asked.type === 'Reset'

const takesPlaceOf = ({ asked: newer }: FollowedCommand, { asked: older }: FollowedCommand): boolean => {
  if (newer.type === 'Reset' || older.type === 'Reset') return newer.type === older.type
  return newer.evseId === 0 || newer.evseId === older.evseId
}

type Asked = Extract<FollowedCommand['asked'], { type: 'ChangeAvailability' }>
type Connectors = readonly Pick<ChargerState['connectors'][number], 'evseId' | 'status'>[]

/** Whether a transaction on these EVSEs stands in the way of a change of availability, given the EVSE of each open transaction. */
export const standsInTheWay = ({ evseId }: Asked, openOn: readonly number[]): boolean =>
  openOn.some((open) => evseId === 0 || open === evseId)

/**
 * Whether the connectors tell that a change of availability has come true: all of them are Unavailable, or none is. Of the whole
 * charger its own status (EVSE 0) is enough once nothing charges: not every charger tells each connector again.
 */
export const availabilityShows = (asked: Asked, connectors: Connectors, openOn: readonly number[]): boolean => {
  const concerned = connectors.filter((one) => (asked.evseId === 0 ? one.evseId > 0 : one.evseId === asked.evseId))
  const itself = asked.evseId === 0 ? connectors.find((one) => one.evseId === 0) : undefined
  if (asked.availability === 'Operative')
    return [...concerned, ...(itself === undefined ? [] : [itself])].every((one) => one.status !== 'Unavailable')
  if (standsInTheWay(asked, openOn)) return false
  if (itself?.status === 'Unavailable') return true
  return concerned.length > 0 && concerned.every((one) => one.status === 'Unavailable')
}

const agreedTo = (state: ChargerState, commandId: CommandId, type: FollowedCommand['asked']['type']) =>
  state.followed?.find((one) => one.commandId === commandId && one.asked.type === type && one.agreedAt !== undefined)

const changing = (state: ChargerState, commandId: CommandId) => {
  const one = agreedTo(state, commandId, 'ChangeAvailability')
  if (one?.asked.type !== 'ChangeAvailability') return undefined
  const openOn = state.openTransactions.map(({ evseId }) => evseId)
  return { ...one, asked: one.asked, openOn, shows: availabilityShows(one.asked, state.connectors, openOn) }
}

/** A scheduled change of availability (OCPP 1.6 §5.2) that the connectors tell now. Told once. */
export const availabilityReached = (
  { commandId }: { readonly commandId: CommandId },
  state: ChargerState,
): Decision<ChargerEvent> => {
  const one = changing(state, commandId)
  if (one?.shows !== true) return accept()
  const { evseId, availability } = one.asked
  return accept<ChargerEvent>({ type: 'AvailabilityReached', data: { commandId, evseId, availability } })
}

/** A scheduled change of availability that nothing stands in the way of any more, and that has not come. Told once. */
export const availabilityUnheeded = (
  { commandId }: { readonly commandId: CommandId },
  state: ChargerState,
): Decision<ChargerEvent> => {
  const one = changing(state, commandId)
  return one === undefined || one.shows || one.unheeded === true || standsInTheWay(one.asked, one.openOn)
    ? accept()
    : accept<ChargerEvent>({ type: 'AvailabilityUnheeded', data: { commandId } })
}

/** An accepted reset (OCPP 1.6 §5.14) after which the charger neither connected nor booted anew. Told once. */
export const resetUnheeded = (
  { commandId }: { readonly commandId: CommandId },
  state: ChargerState,
): Decision<ChargerEvent> =>
  agreedTo(state, commandId, 'Reset') === undefined
    ? accept()
    : accept<ChargerEvent>({ type: 'ResetUnheeded', data: { commandId } })
