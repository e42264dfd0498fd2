import type { ChargerSummary } from '@voltrail/contracts/events/charger'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { CommandId, TokenRef } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import type { Recorded } from '../decider.ts'
import { nobodyIssued, type Verdict } from '../id-token.ts'

type RemoteStarts = NonNullable<ChargerSummary['remoteStarts']>
type State = Pick<ChargerSummary, 'remoteStarts'>

const keptStarts = 8
/** OCPP 1.6 §9.1.3 ConnectionTimeOut: within it the driver plugs in. As long as chargers have it at most, unless told. */
const connectionTimeOutMs = 120_000
/** The charger's clock may be a little behind ours. */
const earlierMs = 60_000

/** With the remote start that a command asks for; any other command changes nothing. */
export const remoteStartsWith = (
  state: State,
  { data, metadata }: Recorded<EventNamed<'CommandRequested'>>,
): { remoteStarts?: RemoteStarts } => {
  const { command, commandId } = data
  if (command.type !== 'RemoteStart') return {}
  const one = { commandId, tokenRef: command.idToken.ref, at: metadata.receivedAt }
  return { remoteStarts: [...(state.remoteStarts ?? []).slice(1 - keptStarts), one] }
}

/** Without a remote start that the charger never got or did not want. */
export const remoteStartsWithout = (state: State, commandId: CommandId): { remoteStarts?: RemoteStarts } =>
  state.remoteStarts?.some((one) => one.commandId === commandId)
    ? { remoteStarts: state.remoteStarts.filter((one) => one.commandId !== commandId) }
    : {}

/**
 * The verdict on a token at a charger: one that nobody issued may charge where our own remote start has just named it. A token
 * that is blocked, has expired or was made invalid stays what it is.
 * @param at when it was presented
 */
export const withRemoteStart = (state: State, tokenRef: TokenRef, verdict: Verdict, at: Instant): Verdict => {
  if (verdict.status !== 'Invalid' || verdict.reason !== nobodyIssued) return verdict
  const since = Date.parse(at)
  const asked = (state.remoteStarts ?? []).some((one) => {
    const asked = Date.parse(one.at)
    return one.tokenRef === tokenRef && since >= asked - earlierMs && since <= asked + connectionTimeOutMs
  })
  return asked ? { ...verdict, status: 'Accepted', reason: 'our own remote start' } : verdict
}
