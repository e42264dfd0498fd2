import type { ChargerId } from '@voltrail/contracts/ids'
import type { CampaignFilter } from '@voltrail/contracts/rest/campaigns'
import type { ChargerView } from '@voltrail/contracts/rest/chargers'
import { ApiProblem } from './problem.ts'
import type { Reporting } from './reporting.ts'

const mostChargers = 5_000

/** The chargers that a filter means now. Throws a 422 where it means none, too many, or names one that is unknown. */
export async function campaignChargers(
  reporting: Pick<Reporting, 'listChargers'>,
  filter: CampaignFilter,
): Promise<ChargerView[]> {
  const named = filter.chargerIds && new Set(filter.chargerIds)
  const known = new Set<ChargerId>()
  const found: ChargerView[] = []
  let cursor: string | undefined
  do {
    const page = await reporting.listChargers({ limit: 500, ...(cursor === undefined ? {} : { cursor }) })
    for (const one of page.items) {
      known.add(one.chargerId)
      const matches =
        (filter.vendor === undefined || one.vendor === filter.vendor) &&
        (filter.model === undefined || one.model === filter.model) &&
        (filter.firmwareVersion === undefined || one.firmwareVersion === filter.firmwareVersion) &&
        (named === undefined || named.has(one.chargerId))
      if (matches) found.push(one)
    }
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  const missing = [...(named ?? [])].filter((id) => !known.has(id))
  if (missing.length > 0)
    throw new ApiProblem(
      'refused',
      `There is no charger ${missing
        .slice(0, 10)
        .map((id) => JSON.stringify(id))
        .join(', ')}.`,
    )
  if (found.length === 0) throw new ApiProblem('refused', 'No charger matches the filter.')
  if (found.length > mostChargers)
    throw new ApiProblem(
      'refused',
      `${found.length} chargers match the filter and a campaign may have ${mostChargers}: make several of it.`,
    )
  return found
}
