import { PatchSettingsBody, SettingsView } from '@voltrail/contracts/rest/settings'
import { tenantStream } from '@voltrail/contracts/streams'
import { tenant as tenantAggregate } from '@voltrail/domain/tenant'
import { foldStream } from '../log-reads.ts'
import { ApiProblem } from '../problem.ts'
import { decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Settings']

export function settingsRoutes(app: Routes, sources: Sources): void {
  const read = async (): Promise<SettingsView> => {
    const { state, revision } = await foldStream(sources.log, tenantAggregate, tenantStream(sources.tenant))
    const settings = state.settings ?? sources.defaultSettings
    return { ...settings, revision: revision < 0 ? null : String(revision) }
  }

  /** Whether a tariff is assigned, to the tenant or to a charger of it. */
  const bills = async (): Promise<boolean> => {
    for (let cursor: string | undefined; ;) {
      const { items, next } = await sources.reporting.listTariffs({ limit: 500, ...(cursor && { cursor }) })
      if (items.some(({ assignments }) => assignments.length > 0)) return true
      if (next === null) return false
      cursor = next
    }
  }

  app.route({
    method: 'GET',
    url: '/settings',
    schema: {
      tags,
      operationId: 'getSettings',
      summary: 'The settings of the tenant',
      response: { 200: SettingsView, ...problems() },
    },
    handler: read,
  })

  app.route({
    method: 'PATCH',
    url: '/settings',
    schema: {
      tags,
      operationId: 'changeSettings',
      summary: 'Change settings of the tenant',
      description: 'Absent fields stay as they are. Answers all settings as they are now.',
      body: PatchSettingsBody,
      response: { 200: SettingsView, ...problems(400, 413, 415, 422) },
    },
    handler: async ({ body }) => {
      if (body.strict === true && (await bills()))
        throw new ApiProblem(
          'refused',
          'A tenant that bills cannot be strict: starts, stops and meter values would be refused, and their energy lost. No tariff may be assigned.',
        )
      const given = Object.entries(body).filter(([, value]) => value !== undefined)
      await decide(sources, { type: 'ChangeTenantSettings', settings: Object.fromEntries(given) })
      return read()
    },
  })
}
