import type { ConnectorState } from '@voltrail/contracts/events/charger'
import type { ChargerOutcome } from '@voltrail/contracts/events/campaign'
import type { CampaignEvent, EventNamed } from '@voltrail/contracts/events/registry'
import type { ChargerId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { canonicalJson } from './canonical-json.ts'
import { accept, reject, type Aggregate, type Decision } from './decider.ts'

/** A firmware campaign: `campaign-<tenant>.<id>`. One firmware for many chargers, a few at a time, stopped when too many fail. */

export type CampaignTerms = EventNamed<'CampaignCreated'>['data']
export type Progress =
  /** `turns` that it had already, none of which reached it */
  | { readonly state: 'waiting'; readonly turns: number }
  | { readonly state: 'taken'; readonly requestId: number; readonly at: Instant; readonly turns: number }
  | {
      readonly state: 'finished'
      readonly outcome: ChargerOutcome
      readonly requestId?: number | undefined
      readonly detail?: string | undefined
    }

export interface CampaignState {
  readonly terms: CampaignTerms | undefined
  /** `stopped`: by itself, too many failed; it can be resumed like a paused one */
  readonly phase: 'none' | 'running' | 'paused' | 'stopped' | 'cancelled' | 'completed'
  readonly chargers: ReadonlyMap<ChargerId, Progress>
  /** since it was begun or resumed */
  readonly failures: number
}

const initialState: CampaignState = { terms: undefined, phase: 'none', chargers: new Map(), failures: 0 }

export const campaign: Aggregate<CampaignState, CampaignEvent> = {
  initialState,
  evolve: (state, event) => {
    const charger = (id: ChargerId, progress: Progress) => new Map(state.chargers).set(id, progress)
    switch (event.type) {
      case 'CampaignCreated':
        return {
          terms: event.data,
          phase: 'running',
          chargers: new Map(event.data.chargers.map((id) => [id, { state: 'waiting', turns: 0 }])),
          failures: 0,
        }
      case 'ChargerTaken': {
        const { chargerId, requestId, at } = event.data
        return {
          ...state,
          chargers: charger(chargerId, { state: 'taken', requestId, at, turns: turnsOf(state, chargerId) }),
        }
      }
      case 'ChargerPutBack': {
        const { chargerId } = event.data
        return { ...state, chargers: charger(chargerId, { state: 'waiting', turns: turnsOf(state, chargerId) + 1 }) }
      }
      case 'ChargerFinished': {
        const { chargerId, requestId, outcome, detail } = event.data
        return {
          ...state,
          chargers: charger(chargerId, { state: 'finished', outcome, requestId, detail }),
          failures: state.failures + (outcome === 'Failed' ? 1 : 0),
        }
      }
      case 'CampaignPaused':
        return { ...state, phase: event.data.reason === 'failures' ? 'stopped' : 'paused' }
      case 'CampaignResumed':
        return { ...state, phase: 'running', failures: 0 }
      case 'CampaignCancelled':
        return { ...state, phase: 'cancelled' }
      case 'CampaignCompleted':
        return { ...state, phase: 'completed' }
      default:
        return event satisfies never
    }
  },
}

const turnsOf = ({ chargers }: CampaignState, chargerId: ChargerId): number => {
  const known = chargers.get(chargerId)
  return known === undefined || known.state === 'finished' ? 0 : known.turns
}

type Refusal = { readonly kind: string; readonly detail: string }
const unknown = reject({ kind: 'unknown-campaign', detail: 'there is no such campaign' })

/** By what was asked where that is known: what a filter means changes with the fleet. */
const sameRequest = (known: CampaignTerms, terms: CampaignTerms): boolean =>
  known.request !== undefined && terms.request !== undefined
    ? known.request === terms.request
    : canonicalJson({ ...known, request: null }) === canonicalJson({ ...terms, request: null })

/** A new campaign over a frozen list of chargers. The same again changes nothing. */
export const createCampaign = (terms: CampaignTerms, state: CampaignState): Decision<CampaignEvent, Refusal> => {
  if (state.terms !== undefined)
    return sameRequest(state.terms, terms)
      ? accept()
      : reject({
          kind: 'campaign-exists',
          detail: 'there is a campaign of this name with other content: take another name, or look at that one',
        })
  return accept<CampaignEvent>({ type: 'CampaignCreated', data: terms })
}

const counted = (state: CampaignState, what: (progress: Progress) => boolean): number =>
  [...state.chargers.values()].filter(what).length

/** How many chargers are under way. */
export const underWay = (state: CampaignState): number => counted(state, (one) => one.state === 'taken')

/** A charger's turn: only while the campaign runs, once for each charger, never more at once than it says. */
export const takeCharger = (
  { chargerId, requestId, at }: { readonly chargerId: ChargerId; readonly requestId: number; readonly at: Instant },
  state: CampaignState,
): Decision<CampaignEvent> =>
  state.phase === 'running' &&
  state.chargers.get(chargerId)?.state === 'waiting' &&
  underWay(state) < (state.terms?.concurrency ?? 0)
    ? accept<CampaignEvent>({ type: 'ChargerTaken', data: { chargerId, requestId, at } })
    : accept()

/** so many turns may come to nothing because the charger had just gone; the next that does is a failure */
const mostTurns = 5

/** The request of a charger's turn never reached it: it waits for another one, unless it had too many. */
export const putBackCharger = (
  {
    chargerId,
    requestId,
    detail,
  }: { readonly chargerId: ChargerId; readonly requestId: number; readonly detail: string },
  state: CampaignState,
): Decision<CampaignEvent> => {
  const known = state.chargers.get(chargerId)
  if (known?.state !== 'taken' || known.requestId !== requestId) return accept()
  return known.turns + 1 < mostTurns
    ? accept<CampaignEvent>({ type: 'ChargerPutBack', data: { chargerId, requestId, detail: detail.slice(0, 300) } })
    : finishCharger(
        { chargerId, outcome: 'Failed', detail: `${detail}, ${mostTurns} times when it was its turn` },
        state,
      )
}

/** How it ended for one charger; with it the campaign may be complete, or stop for the failures. */
export const finishCharger = (
  {
    chargerId,
    outcome,
    detail,
  }: { readonly chargerId: ChargerId; readonly outcome: ChargerOutcome; readonly detail?: string | undefined },
  state: CampaignState,
): Decision<CampaignEvent> => {
  const known = state.chargers.get(chargerId)
  if (known === undefined || known.state === 'finished') return accept()
  const finished: CampaignEvent = {
    type: 'ChargerFinished',
    data: {
      chargerId,
      ...(known.state === 'taken' ? { requestId: known.requestId } : {}),
      outcome,
      ...(detail === undefined ? {} : { detail: detail.slice(0, 300) }),
    },
  }
  const ended = (what: ChargerOutcome) =>
    counted(state, (one) => one.state === 'finished' && one.outcome === what) + (what === outcome ? 1 : 0)
  const [done, failed, skipped] = [ended('Done'), ended('Failed'), ended('Skipped')]
  if (done + failed + skipped === state.chargers.size && state.phase !== 'cancelled')
    return accept<CampaignEvent>(finished, { type: 'CampaignCompleted', data: { done, failed, skipped } })
  const failures = state.failures + (outcome === 'Failed' ? 1 : 0)
  const stops = state.phase === 'running' && outcome === 'Failed' && failures >= (state.terms?.stopAfterFailures ?? 1)
  return stops
    ? accept<CampaignEvent>(finished, { type: 'CampaignPaused', data: { reason: 'failures', failures } })
    : accept<CampaignEvent>(finished)
}

/** No charger is begun with any more until it is resumed; what is under way goes on. */
export const pauseCampaign = (state: CampaignState): Decision<CampaignEvent, Refusal> => {
  if (state.phase === 'none') return unknown
  if (state.phase === 'running')
    return accept<CampaignEvent>({ type: 'CampaignPaused', data: { reason: 'operator', failures: state.failures } })
  return state.phase === 'paused' || state.phase === 'stopped' ? accept() : over(state)
}

/** It goes on, and counts failures anew. */
export const resumeCampaign = (state: CampaignState): Decision<CampaignEvent, Refusal> => {
  if (state.phase === 'none') return unknown
  if (state.phase === 'paused' || state.phase === 'stopped')
    return accept<CampaignEvent>({ type: 'CampaignResumed', data: {} })
  return state.phase === 'running' ? accept() : over(state)
}

/** It is over for good; what is under way goes on to its end. */
export const cancelCampaign = (state: CampaignState): Decision<CampaignEvent, Refusal> => {
  if (state.phase === 'none') return unknown
  if (state.phase === 'cancelled') return accept()
  return state.phase === 'completed' ? over(state) : accept<CampaignEvent>({ type: 'CampaignCancelled', data: {} })
}

export const changeCampaign = (
  action: 'pause' | 'resume' | 'cancel',
  state: CampaignState,
): Decision<CampaignEvent, Refusal> => {
  switch (action) {
    case 'pause':
      return pauseCampaign(state)
    case 'resume':
      return resumeCampaign(state)
    case 'cancel':
      return cancelCampaign(state)
    default:
      return action satisfies never
  }
}

const over = ({ phase }: CampaignState) => reject({ kind: 'campaign-over', detail: `the campaign is ${phase}` })

/** What decides whether a charger may be begun with. */
export interface Readiness {
  readonly connected: boolean
  readonly accepted: boolean
  /** sessions that are open there */
  readonly charging: number
  /** a firmware update that is under way there, a campaign's or not */
  readonly updating: number | undefined
  readonly connectors: readonly Pick<ConnectorState, 'evseId' | 'status'>[]
}

/** Statuses in which somebody is there, or has been promised a place, without a session (OCPP 1.6 §4.9). */
const inUse: ReadonlySet<ConnectorState['status']> = new Set([
  'Preparing',
  'Charging',
  'SuspendedEV',
  'SuspendedEVSE',
  'Occupied',
  'Reserved',
])

/** Why a charger is not begun with now; undefined: it is idle. Nobody is interrupted, and no charger gets two firmwares at once. */
export const whyBusy = ({ connected, accepted, charging, updating, connectors }: Readiness): string | undefined => {
  if (!connected) return 'offline'
  if (!accepted) return 'not accepted'
  if (charging > 0) return 'charging'
  if (updating !== undefined) return `busy with request ${updating}`
  const used = connectors.find(({ status }) => inUse.has(status))
  return used && `connector ${used.evseId} is ${used.status}`
}

/** Why a whole campaign begins with no charger now (`now` in ms since 1970); undefined: it does. */
export const whyHeld = (state: CampaignState, now: number): string | undefined => {
  if (state.phase !== 'running') return `the campaign is ${state.phase}`
  if (nextInWindow(now, state.terms?.window) > now) return 'outside the window'
  return underWay(state) >= (state.terms?.concurrency ?? 0) ? 'others come first' : undefined
}

const minuteOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))
const day = 86_400_000

/** When (ms since 1970) chargers may be begun with next: `now` itself inside the window. */
export const nextInWindow = (now: number, window: CampaignTerms['window']): number => {
  if (window === undefined) return now
  const [from, until] = [minuteOf(window.from) * 60_000, minuteOf(window.until) * 60_000]
  const clock = now % day
  const inside = from < until ? clock >= from && clock < until : clock >= from || clock < until
  return inside ? now : now - clock + from + (clock < from ? 0 : day)
}
