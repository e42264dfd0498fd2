import { ChargerId } from '@voltrail/contracts/ids'
import { ListQuirksQuery, QuirkList } from '@voltrail/contracts/rest/quirks'
import { describeMatches } from '@voltrail/ocpp/quirk'
import { quirks } from '@voltrail/ocpp/quirks'
import { problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

export function quirkRoutes(app: Routes, sources: Sources): void {
  app.route({
    method: 'GET',
    url: '/quirks',
    schema: {
      tags: ['Chargers'],
      operationId: 'listQuirks',
      summary: 'What real chargers do, what is done about it, and how often it was needed',
      querystring: ListQuirksQuery,
      response: { 200: QuirkList, ...problems(400) },
    },
    handler: async () => {
      const counts = new Map((await sources.reporting.listQuirkCounts()).map((count) => [count.rule, count]))
      return {
        items: quirks.map(({ proof, matches, evidence, ...quirk }) => {
          const count = counts.get(quirk.id)
          return {
            ...quirk,
            evidence: [...evidence],
            matches: describeMatches(matches),
            proof: 'open' in proof ? null : proof,
            open: 'open' in proof ? proof.open : null,
            fired: count?.fired ?? 0,
            lastAt: count?.lastAt ?? null,
            chargerCount: count?.chargerCount ?? 0,
            chargers: (count?.chargers ?? []).map((one) => ({ ...one, chargerId: ChargerId.parse(one.chargerId) })),
          }
        }),
      }
    },
  })
}
