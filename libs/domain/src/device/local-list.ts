import { createHash } from 'node:crypto'
import type { ListAssessment } from '@voltrail/contracts/events/device'
import type { DeviceEvent, EventNamed } from '@voltrail/contracts/events/registry'
import { type ListedToken, type LocalListPolicy } from '@voltrail/contracts/local-list'
import { instant, type Instant } from '@voltrail/contracts/quantities'
import { accept, type Decision } from '../decider.ts'
import type { Outcome, SettledCommand } from './settled-command.ts'
import type { DeviceState, Part } from './device-state.ts'

/** Updates that keep a list in step by themselves have ids that begin so. */
export const listPrefix = 'list-'

type Care = NonNullable<DeviceState['listCare']>

/** The local authorisation list: whom it shall hold, what the charger has of it, and what came of bringing it there. */
export const localListWith: Part = (state, event) => {
  const at = event.metadata.receivedAt
  const care: Care = state.listCare ?? {}
  switch (event.type) {
    case 'LocalListWritten': {
      const { version, digest, updateType } = event.data
      const content = contentAfter(state, event.data)
      const entries = content?.length ?? (updateType === 'Full' ? event.data.entries : (state.localList?.entries ?? 0))
      const { refused: _, ...others } = care
      return {
        ...state,
        localList: { version, digest, entries, ...(content === undefined ? {} : { content }) },
        listCare: { ...others, lastVersion: version, writtenAt: at },
      }
    }
    case 'LocalListSeen': {
      const { version } = event.data
      const { localList, ...others } = state
      const listCare = { ...care, seen: { version, at }, lastVersion: Math.max(care.lastVersion ?? 0, version) }
      // another version than ours: whatever it holds, we do not know it
      return localList?.version === version ? { ...state, listCare } : { ...others, listCare }
    }
    case 'LocalListDesired': {
      const { refused: _, assessed: __, ...others } = care
      return { ...state, listCare: { ...others, policy: event.data.policy } }
    }
    case 'LocalListSyncRequested': {
      const { refused: _, assessed: __, ...others } = care
      return { ...withoutContent(state), listCare: others }
    }
    case 'LocalListAssessed':
      return { ...state, listCare: { ...care, assessed: { ...event.data, at } } }
    case 'LocalListRefused': {
      const { status, detail, version } = event.data
      const times = (care.refused?.times ?? 0) + 1
      const retryAt = retryAfter(status, times, at)
      return {
        // after a refusal nobody knows what of it was taken
        ...withoutContent(state),
        listCare: {
          ...care,
          lastVersion: Math.max(care.lastVersion ?? 0, version),
          refused: {
            status,
            ...(detail === undefined ? {} : { detail }),
            at,
            times,
            ...(retryAt === undefined ? {} : { retryAt }),
          },
        },
      }
    }
    default:
      return state
  }
}

const withoutContent = (state: DeviceState): DeviceState => {
  if (state.localList === undefined) return state
  const { content: _, ...localList } = state.localList
  return { ...state, localList }
}

const tokenOf = (entry: string): string => entry.slice(0, 32)

/** What the charger has after an update, where that is known: a differential one says only what it changes. */
const contentAfter = (
  { localList }: DeviceState,
  { updateType, set, gone = [] }: EventNamed<'LocalListWritten'>['data'],
): string[] | undefined => {
  if (set === undefined || updateType === 'Full') return set
  const away = new Set<string>([...set.map(tokenOf), ...gone])
  return localList?.content && [...localList.content.filter((entry) => !away.has(tokenOf(entry))), ...set]
}

const minute = 60_000
const backOff = [minute, 5 * minute, 15 * minute, 60 * minute, 360 * minute] as const
/** a mismatch of versions is mended by a whole list under a higher number, unless it is none of numbers */
const promptMismatches = 2

const retryAfter = (status: string, times: number, at: Instant): Instant | undefined => {
  if (status === 'NotSupported') return undefined
  const prompt = status === 'VersionMismatch' && times <= promptMismatches
  return instant(Date.parse(at) + (prompt ? 0 : (backOff[Math.min(times, backOff.length) - 1] ?? minute)))
}

/** An entry as it is kept: of which token, and a digest of what is said of it. */
export const listedEntry = ({ tokenRef, authorization, own }: ListedToken): string => {
  const { status, expiresAt, groupRef } = authorization ?? {}
  const said = JSON.stringify([status ?? null, expiresAt ?? null, groupRef ?? null, own ?? false])
  return tokenRef + createHash('sha256').update(said).digest('hex').slice(0, 8)
}

/** What the charger took of a list is the list, until it shows another version; what it did not take is told with its reason. */
export const listOutcome: Outcome = (settled, state) => {
  const { command, commandId, result } = settled
  if (command.type === 'GetLocalListVersion') {
    if (result.outcome !== 'result') return refusalOfAction(settled, state)
    const version = Number(result.payload['listVersion'])
    const known = state.localList === undefined ? state.listCare?.seen?.version : state.localList.version
    return Number.isSafeInteger(version) && version !== known
      ? [{ type: 'LocalListSeen', data: { version, commandId } }]
      : []
  }
  if (command.type !== 'SendLocalList') return []
  const { listVersion: version, updateType, entries } = command
  if (result.outcome === 'result' && result.status === 'Accepted') {
    // an answer that came late to an update of ours: a newer one was taken since
    if (commandId.startsWith(listPrefix) && version < (state.localList?.version ?? 0)) return []
    const digest = createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 32)
    const set = entries.filter(({ authorization }) => authorization !== undefined).map(listedEntry)
    const gone = entries.filter(({ authorization }) => authorization === undefined).map(({ tokenRef }) => tokenRef)
    return [
      {
        type: 'LocalListWritten',
        data: { version, updateType, digest, entries: entries.length, set, gone, commandId },
      },
    ]
  }
  const unable = refusalOfAction(settled, state)
  if (unable.length > 0) return unable
  const status = result.outcome === 'result' ? result.status : undefined
  if (result.outcome === 'notSent' || result.outcome === 'timeout') return []
  const refused = status === 'NotSupported' || status === 'VersionMismatch' ? status : 'Failed'
  return [{ type: 'LocalListRefused', data: { version, updateType, status: refused, ...detailOf(result), commandId } }]
}

/** A CALLERROR that says that the charger knows no local lists (OCPP-J 1.6 §4.2.3). */
const refusalOfAction = (
  { command, commandId, result }: SettledCommand,
  { listCare }: DeviceState,
): readonly DeviceEvent[] => {
  if (result.outcome !== 'callError' || !/^Not(Implemented|Supported)$/.test(result.code)) return []
  if (listCare?.refused?.status === 'NotSupported') return []
  const sent = command.type === 'SendLocalList' ? command : undefined
  const { listVersion: version, updateType } = sent ?? { listVersion: 0, updateType: 'Full' as const }
  return [
    {
      type: 'LocalListRefused',
      data: { version, updateType, status: 'NotSupported', ...detailOf(result), commandId },
    },
  ]
}

const detailOf = (result: SettledCommand['result']): { detail?: string } => {
  switch (result.outcome) {
    case 'callError':
      return { detail: `the charger answered ${result.code}` }
    case 'invalidAnswer':
      return { detail: "the charger's answer breaks its schema" }
    case 'unsupported':
      return { detail: result.reason.slice(0, 300) }
    default:
      return {}
  }
}

/** An operator says whom the list shall hold; null: as the tenant has it for all. */
export const desireLocalList = (policy: LocalListPolicy | null, state: DeviceState): Decision<DeviceEvent> =>
  state.listCare?.policy !== undefined && JSON.stringify(state.listCare.policy) === JSON.stringify(policy)
    ? accept()
    : accept<DeviceEvent>({ type: 'LocalListDesired', data: { policy } })

/** The whole list is to be sent, and what stopped it before is forgotten. */
export const requestListSync = (
  reason: EventNamed<'LocalListSyncRequested'>['data']['reason'],
): Decision<DeviceEvent> => accept<DeviceEvent>({ type: 'LocalListSyncRequested', data: { reason } })

/** How the list stands, told when it is another than was told last. */
export const assessList = (assessment: ListAssessment, { listCare }: DeviceState): Decision<DeviceEvent> => {
  const { at: _, ...told } = listCare?.assessed ?? { at: undefined }
  const same = Object.entries({ detail: undefined, ...assessment }).every(
    ([key, value]) => (told as Record<string, unknown>)[key] === value,
  )
  return same ? accept() : accept<DeviceEvent>({ type: 'LocalListAssessed', data: assessment })
}
