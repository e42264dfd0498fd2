import type { AskedListPolicy } from '@voltrail/contracts/admin-commands'
import type { ListStanding } from '@voltrail/contracts/events/device'
import type { TenantEvent } from '@voltrail/contracts/events/registry'
import type { ChargerId } from '@voltrail/contracts/ids'
import type { LocalListPolicy } from '@voltrail/contracts/local-list'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import {
  DefaultLocalListView,
  LocalListView,
  PutDefaultLocalListBody,
  PutLocalListBody,
} from '@voltrail/contracts/rest/local-lists'
import { tenantStream } from '@voltrail/contracts/streams'
import type { Recorded } from '@voltrail/domain/decider'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import { tenant as tenantAggregate } from '@voltrail/domain/tenant'
import { readCharger, readDevice } from '../charger-device.ts'
import { decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Local lists']

const states = {
  InSync: 'in-sync',
  Pending: 'pending',
  TooLong: 'too-long',
  Disabled: 'disabled',
  Unsupported: 'unsupported',
} as const satisfies Record<ListStanding, LocalListView['state']>

type Care = NonNullable<DeviceState['listCare']>
interface Standing {
  readonly assessed: Care['assessed']
  readonly refused: Care['refused']
}

/** What was not taken comes before what was assessed: it is why nothing goes on. */
const stateOf = ({ assessed, refused }: Standing): LocalListView['state'] => {
  if (refused !== undefined && (assessed === undefined || assessed.standing === 'Pending'))
    return refused.status === 'NotSupported'
      ? 'unsupported'
      : refused.status === 'VersionMismatch'
        ? 'version-mismatch'
        : 'failed'
  return assessed === undefined ? 'waiting' : states[assessed.standing]
}

const viewOf = (policy: LocalListPolicy | null): DefaultLocalListView => ({
  mode: policy?.mode ?? 'off',
  groups: policy?.groups ?? [],
  idTokens: policy?.tokens ?? [],
  whenTooLong: policy?.whenTooLong ?? 'refuse',
})

const asked = (
  mode: AskedListPolicy['mode'],
  { groups, idTokens, whenTooLong }: Pick<AskedListPolicy, 'groups' | 'whenTooLong'> & { idTokens: string[] },
): AskedListPolicy => ({ mode, groups, tokens: idTokens, whenTooLong })

/** Whom chargers know while they cannot ask, and how far each has that list. */
export function localListRoutes(app: Routes, sources: Sources): void {
  const defaultPolicy = async (): Promise<{ readonly policy: LocalListPolicy | null; readonly since: string }> => {
    let state = tenantAggregate.initialState
    let since = ''
    for await (const recorded of sources.log.readForward(tenantStream(sources.tenant), 0)) {
      const event = recorded as unknown as Recorded<TenantEvent>
      state = tenantAggregate.evolve(state, event)
      if (event.type === 'LocalListDefaultDesired') since = event.metadata.receivedAt
    }
    return { policy: state.localList ?? null, since }
  }

  const ofCharger = async (chargerId: ChargerId): Promise<LocalListView> => {
    await readCharger(sources, chargerId)
    const { listCare: care = {}, localList } = await readDevice(sources, chargerId)
    const inherited = (care.policy ?? null) === null
    const { policy, since } = care.policy ? { policy: care.policy, since: '' } : await defaultPolicy()
    // what was assessed by another word says nothing of this one
    const assessed = care.assessed !== undefined && care.assessed.at >= since ? care.assessed : undefined
    const { refused, seen } = care
    return {
      chargerId,
      inherited,
      ...viewOf(policy),
      state: policy === null ? 'off' : stateOf({ assessed, refused }),
      detail: assessed?.detail ?? refused?.detail ?? null,
      desiredVersion: assessed?.version ?? null,
      desiredEntries: assessed === undefined ? null : assessed.entries - assessed.leftOut,
      leftOut: assessed?.leftOut ?? 0,
      version: localList?.version ?? seen?.version ?? null,
      entries: localList?.content?.length ?? (localList === undefined && seen?.version === 0 ? 0 : null),
      pending:
        assessed === undefined
          ? null
          : { full: assessed.full, added: assessed.added, changed: assessed.changed, removed: assessed.removed },
      assessedAt: assessed?.at ?? null,
      writtenAt: care.writtenAt ?? null,
      failures: refused?.times ?? 0,
      retryAt: refused?.retryAt ?? null,
    }
  }

  app.route({
    method: 'GET',
    url: '/chargers/:id/local-list',
    schema: {
      tags,
      operationId: 'getLocalList',
      summary: 'Whom the local list of a charger shall hold, and how far it is',
      params: ChargerParams,
      response: { 200: LocalListView, ...problems(404) },
    },
    handler: ({ params }) => ofCharger(params.id),
  })

  app.route({
    method: 'PUT',
    url: '/chargers/:id/local-list',
    schema: {
      tags,
      operationId: 'putLocalList',
      summary: 'Say whom the local list of a charger shall hold',
      description:
        'It is sent by itself, within the limits that the charger shows, and kept in step: tokens that are issued, changed, ' +
        'blocked or expire change it within seconds, or when the charger is back. What it refuses is tried again, later and ' +
        'later; one that knows no lists is asked no more until this is said anew.',
      params: ChargerParams,
      body: PutLocalListBody,
      response: { 200: LocalListView, ...problems(400, 404, 413, 415, 422) },
    },
    handler: async ({ params, body }) => {
      await readCharger(sources, params.id)
      const { mode, ...more } = body
      const policy = mode === 'inherit' ? null : asked(mode, more)
      await decide(sources, { type: 'DesireLocalList', chargerId: params.id, policy })
      return ofCharger(params.id)
    },
  })

  app.route({
    method: 'POST',
    url: '/chargers/:id/local-list/sync',
    schema: {
      tags,
      operationId: 'syncLocalList',
      summary: 'Send a charger its whole local list, whatever it is known to have',
      description: 'Also what stopped it before (no support, failures) is tried anew. The list is how it stands now.',
      params: ChargerParams,
      response: { 200: LocalListView, ...problems(404, 422) },
    },
    handler: async ({ params }) => {
      await readCharger(sources, params.id)
      await decide(sources, { type: 'SyncLocalList', chargerId: params.id })
      return ofCharger(params.id)
    },
  })

  app.route({
    method: 'GET',
    url: '/local-list',
    schema: {
      tags,
      operationId: 'getDefaultLocalList',
      summary: 'Whom the local lists of chargers hold that have no word of their own',
      response: { 200: DefaultLocalListView, ...problems() },
    },
    handler: async () => viewOf((await defaultPolicy()).policy),
  })

  app.route({
    method: 'PUT',
    url: '/local-list',
    schema: {
      tags,
      operationId: 'putDefaultLocalList',
      summary: 'Say whom local lists shall hold, for every charger without a word of its own',
      description: '`off` leaves the lists of those chargers as they are.',
      body: PutDefaultLocalListBody,
      response: { 200: DefaultLocalListView, ...problems(400, 413, 415, 422) },
    },
    handler: async ({ body }) => {
      const { mode, ...more } = body
      const policy = mode === 'off' ? null : asked(mode, more)
      await decide(sources, { type: 'DesireDefaultLocalList', policy })
      return viewOf((await defaultPolicy()).policy)
    },
  })
}
