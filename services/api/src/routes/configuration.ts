import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { ChargerId } from '@voltrail/contracts/ids'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import {
  ConfigurationQuery,
  ConfigurationView,
  DesiredConfigurationView,
  ModelConfigurationView,
  ModelParams,
  PutDesiredConfigurationBody,
} from '@voltrail/contracts/rest/configuration'
import { deviceStream, tenantStream } from '@voltrail/contracts/streams'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import type { Recorded } from '@voltrail/domain/decider'
import type { DeviceState } from '@voltrail/domain/device/device-state'
import { unknownDevice } from '@voltrail/domain/device/device'
import { wantedOf } from '@voltrail/domain/model-configuration'
import { tenant as tenantAggregate } from '@voltrail/domain/tenant'
import { isSameKey } from '@voltrail/domain/device/key-name'
import { readCharger, readDevice } from '../charger-device.ts'
import { foldStream } from '../log-reads.ts'
import { decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Configuration']
const mostChanges = 200
/** how many events are looked through for changes when nobody says since when */
const mostEvents = 2_000

/** What has to come before upkeep sets a key. */
const waitsFor = (
  { registration, connection, lastBootAt }: ChargerState,
  { configuration, keys = [] }: DeviceState,
): string | null => {
  if (registration !== 'Accepted') return 'its acceptance: PUT /v1/chargers/{id} with "registration": "Accepted"'
  if (connection?.open !== true) return 'its connection'
  if (lastBootAt === undefined) return 'its boot (BootNotification)'
  return configuration?.fullAt === undefined && keys.length === 0
    ? 'the first reading of its configuration, once its boot has settled'
    : null
}

export function configurationRoutes(app: Routes, sources: Sources): void {
  const desired = async (chargerId: ChargerId): Promise<DesiredConfigurationView> => {
    const charger = await readCharger(sources, chargerId)
    const { identity } = charger
    const state = await readDevice(sources, chargerId)
    const { desired: own = [], keys = [], configuration } = state
    const { state: known } = await foldStream(sources.log, tenantAggregate, tenantStream(sources.tenant))
    const wanted = wantedOf(identity, known.models ?? [], state)
    return {
      chargerId,
      mayReset: wanted.mayReset,
      waitsFor: wanted.keys.length === 0 ? null : waitsFor(charger, state),
      keys: wanted.keys.map(({ key, value, since }) => {
        // what came of it before it was desired anew says nothing of it
        const tried = keys.find((one) => isSameKey(one.key, key) && one.at >= since)
        return {
          key,
          value,
          of: own.some((one) => isSameKey(one.key, key)) ? 'charger' : 'model',
          shown: configuration?.keys.find((one) => isSameKey(one.key, key))?.value ?? null,
          outcome: tried?.outcome ?? null,
          attempts: tried?.attempts ?? 0,
          boots: tried?.boots ?? 0,
          at: tried?.at ?? null,
          nextAt: tried?.nextAt ?? null,
          by: tried?.by ?? null,
        }
      }),
    }
  }

  app.route({
    method: 'GET',
    url: '/chargers/:id/configuration',
    schema: {
      tags,
      operationId: 'getConfiguration',
      summary: 'The configuration of a charger as it showed it last, and how it changed',
      params: ChargerParams,
      querystring: ConfigurationQuery,
      response: { 200: ConfigurationView, ...problems(400, 404) },
    },
    handler: async ({ params, query }) => {
      await readCharger(sources, params.id)
      const { configuration } = await readDevice(sources, params.id)
      const changes: ConfigurationView['changes'] = []
      let events = 0
      for await (const recorded of sources.log.readBackward(deviceStream(sources.tenant, params.id))) {
        const event = recorded as unknown as Recorded<DeviceEvent>
        const at = event.metadata.receivedAt
        if (query.since === undefined ? ++events > mostEvents : at < query.since) break
        if (event.type !== 'ConfigurationChanged') continue
        const { full, set, gone } = event.data
        if (set.length > 0 || gone.length > 0) changes.push({ at, full, set, gone })
        if (changes.length >= mostChanges) break
      }
      return {
        chargerId: params.id,
        keys: (configuration?.keys ?? []).toSorted((a, b) => (a.key < b.key ? -1 : 1)),
        fullAt: configuration?.fullAt ?? null,
        changes,
      }
    },
  })

  app.route({
    method: 'GET',
    url: '/chargers/:id/desired-configuration',
    schema: {
      tags,
      operationId: 'getDesiredConfiguration',
      summary: 'The keys that a charger shall have, and how far each has come',
      params: ChargerParams,
      response: { 200: DesiredConfigurationView, ...problems(404) },
    },
    handler: ({ params }) => desired(params.id),
  })

  app.route({
    method: 'PUT',
    url: '/chargers/:id/desired-configuration',
    schema: {
      tags,
      operationId: 'putDesiredConfiguration',
      summary: 'Say what keys a charger shall have',
      description:
        'They are set by themselves, one at a time, once its newest boot has settled, and again when they drift. A key that it ' +
        'rejects is not tried again; one after which it boots twice is left alone; one that somebody sets by hand, too, until it is desired anew. ' +
        'Secrets are refused here.',
      params: ChargerParams,
      body: PutDesiredConfigurationBody,
      response: { 200: DesiredConfigurationView, ...problems(400, 404, 413, 415, 422) },
    },
    handler: async ({ params, body }) => {
      await readCharger(sources, params.id)
      const { keys, released, mayReset } = body
      await decide(sources, {
        type: 'DesireConfiguration',
        chargerId: params.id,
        keys,
        ...(released === undefined ? {} : { released }),
        ...(mayReset === undefined ? {} : { mayReset }),
      })
      return desired(params.id)
    },
  })

  const ofModel = async (vendor: string, model: string): Promise<ModelConfigurationView> => {
    const { state } = await foldStream(sources.log, tenantAggregate, tenantStream(sources.tenant))
    const { keys, mayReset } = wantedOf({ vendor, model }, state.models ?? [], unknownDevice)
    return { vendor, model, mayReset, keys: [...keys] }
  }

  app.route({
    method: 'GET',
    url: '/models/:vendor/:model/desired-configuration',
    schema: {
      tags,
      operationId: 'getModelConfiguration',
      summary: 'The keys that every charger of a model shall have',
      params: ModelParams,
      response: { 200: ModelConfigurationView, ...problems(400) },
    },
    handler: ({ params }) => ofModel(params.vendor, params.model),
  })

  app.route({
    method: 'PUT',
    url: '/models/:vendor/:model/desired-configuration',
    schema: {
      tags,
      operationId: 'putModelConfiguration',
      summary: 'Say what keys every charger of a model shall have',
      description: 'What is desired of a charger itself comes before it.',
      params: ModelParams,
      body: PutDesiredConfigurationBody,
      response: { 200: ModelConfigurationView, ...problems(400, 413, 415, 422) },
    },
    handler: async ({ params, body }) => {
      const { keys, released, mayReset } = body
      await decide(sources, {
        type: 'DesireModelConfiguration',
        ...params,
        keys,
        ...(released === undefined ? {} : { released }),
        ...(mayReset === undefined ? {} : { mayReset }),
      })
      return ofModel(params.vendor, params.model)
    },
  })
}
