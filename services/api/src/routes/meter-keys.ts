import type { ChargerId } from '@voltrail/contracts/ids'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import {
  DecideMeterKeyBody,
  ListMeterKeysQuery,
  MeterKeyPage,
  MeterKeyParams,
  MeterKeyView,
} from '@voltrail/contracts/rest/meter-keys'
import { meterKeyId } from '@voltrail/domain/device/meter-keys'
import { readCharger, readDevice } from '../charger-device.ts'
import { decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Meter keys']

export function meterKeyRoutes(app: Routes, sources: Sources): void {
  /** from the charger's own stream, newest first: exact, also right after a decision */
  const keysOf = async (chargerId: ChargerId): Promise<MeterKeyView[]> => {
    await readCharger(sources, chargerId)
    const { meterKeys = [] } = await readDevice(sources, chargerId)
    return meterKeys.toReversed().map((key) => ({
      id: meterKeyId(key),
      chargerId,
      publicKey: key.publicKey,
      meterSerial: key.meterSerial ?? null,
      evseId: key.evseId ?? null,
      state: key.state,
      claimedAt: key.at,
      decidedAt: key.decidedAt ?? null,
      decidedBy: key.decidedBy ?? null,
    }))
  }

  app.route({
    method: 'GET',
    url: '/meter-keys',
    schema: {
      tags,
      operationId: 'listMeterKeys',
      summary: 'The public keys that chargers claim for their meters, newest first',
      description:
        'Whoever speaks for a charger can claim a key: nothing is proven by one until an operator confirms it.',
      querystring: ListMeterKeysQuery,
      response: { 200: MeterKeyPage, ...problems(400) },
    },
    handler: ({ query }) => sources.reporting.listMeterKeys(query),
  })

  app.route({
    method: 'GET',
    url: '/chargers/:id/meter-keys',
    schema: {
      tags,
      operationId: 'getChargerMeterKeys',
      summary: 'The public keys that one charger claims for its meters',
      params: ChargerParams,
      response: { 200: MeterKeyPage, ...problems(404) },
    },
    handler: async ({ params }) => ({ items: await keysOf(params.id), next: null }),
  })

  app.route({
    method: 'POST',
    url: '/chargers/:id/meter-keys/:keyId',
    schema: {
      tags,
      operationId: 'decideMeterKey',
      summary: 'Confirm or reject a claimed key',
      description:
        'Recorded with who said it. The other word may follow; a key that was rejected stays so when it is claimed again.',
      params: MeterKeyParams,
      body: DecideMeterKeyBody,
      response: { 200: MeterKeyView, ...problems(400, 404, 413, 415) },
    },
    handler: async ({ params, body }) => {
      const { id: chargerId, keyId } = params
      await readCharger(sources, chargerId)
      await decide(sources, { type: 'DecideMeterKey', chargerId, keyId, ...body })
      return (await keysOf(chargerId)).find(({ id }) => id === keyId)!
    },
  })
}
