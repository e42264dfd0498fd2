import type { ChargerId } from '@voltrail/contracts/ids'
import { ChargerSettingsView, PutChargerSettingsBody } from '@voltrail/contracts/rest/charger-settings'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import { chargerStream } from '@voltrail/contracts/streams'
import { readChargerSettings, refuseUnknownRules } from '../charger-settings.ts'
import { notFound } from '../problem.ts'
import { decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Chargers']

export function chargerSettingsRoutes(app: Routes, sources: Sources): void {
  const read = async (chargerId: ChargerId): Promise<ChargerSettingsView> => {
    const found = await readChargerSettings(sources.log, chargerStream(sources.tenant, chargerId))
    if (found === undefined) throw notFound(`There is no charger ${JSON.stringify(chargerId)}.`)
    return { chargerId, ...found.settings, revision: String(found.revision) }
  }

  app.route({
    method: 'GET',
    url: '/chargers/:id/settings',
    schema: {
      tags,
      operationId: 'getChargerSettings',
      summary: 'What is set for one charger',
      params: ChargerParams,
      response: { 200: ChargerSettingsView, ...problems(404) },
    },
    handler: ({ params }) => read(params.id),
  })

  app.route({
    method: 'PUT',
    url: '/chargers/:id/settings',
    schema: {
      tags,
      operationId: 'putChargerSettings',
      summary: 'Set what one charger needs because of its model or its site',
      description:
        'All settings at once: what is absent is as if it had never been set. They hold from the charger’s next connection on.',
      params: ChargerParams,
      body: PutChargerSettingsBody,
      response: { 200: ChargerSettingsView, ...problems(400, 404, 413, 415, 422) },
    },
    handler: async ({ params, body }) => {
      refuseUnknownRules(body)
      await read(params.id)
      await decide(sources, { type: 'ChangeChargerSettings', chargerId: params.id, settings: body })
      return read(params.id)
    },
  })
}
