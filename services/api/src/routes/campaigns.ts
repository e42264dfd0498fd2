import { CampaignId } from '@voltrail/contracts/ids'
import {
  CampaignActionParams,
  CampaignBody,
  CampaignPage,
  CampaignParams,
  CampaignView,
  ListCampaignsQuery,
} from '@voltrail/contracts/rest/campaigns'
import type { CampaignEvent } from '@voltrail/contracts/events/registry'
import { campaignStream } from '@voltrail/contracts/streams'
import { campaign, type CampaignState, type Progress } from '@voltrail/domain/campaign'
import type { Recorded } from '@voltrail/domain/decider'
import { hasUrlSecret } from '@voltrail/domain/url-secrets'
import { campaignChargers } from '../campaign-chargers.ts'
import { namedImage } from '../firmware-image.ts'
import { ApiProblem, notFound } from '../problem.ts'
import { createdOrKnown, decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Firmware campaigns']

export function campaignRoutes(app: Routes, sources: Sources): void {
  const read = async (id: CampaignId): Promise<CampaignView> => {
    let state = campaign.initialState
    for await (const event of sources.log.readForward(campaignStream(sources.tenant, id), 0))
      state = campaign.evolve(state, event as unknown as Recorded<CampaignEvent>)
    const view = viewOf(state)
    if (view === undefined) throw notFound(`There is no campaign ${JSON.stringify(id)}.`)
    return view
  }

  app.route({
    method: 'POST',
    url: '/campaigns',
    schema: {
      tags,
      operationId: 'createCampaign',
      summary: 'Roll firmware out to many chargers, a few at a time',
      description:
        'The chargers that match the filter now are its chargers for good. Only idle ones are asked, each once; it stops by itself ' +
        'when too many fail. Success is the version at a charger’s next boot.',
      body: CampaignBody,
      response: { 200: CampaignView, 201: CampaignView, ...problems(400, 413, 415, 422) },
    },
    handler: async ({ body }, reply) => {
      const { filter, location, version, stopOnFailures, window } = body
      if (location !== undefined && hasUrlSecret(location))
        throw new ApiProblem(
          'refused',
          'A campaign is kept in the log, which holds no credentials: give a location without user, password, token or signature, or an image of our file service.',
        )
      if (body.image !== undefined && sources.files === undefined)
        throw new ApiProblem('refused', 'No file service is set up (FILES_URLS and FILES_KEY): give a location.')
      const firmware = await namedImage(sources, body)
      const id = body.campaignId ?? CampaignId.parse(sources.newId())
      const chargers = await campaignChargers(sources.reporting, filter)
      const decided = await decide(sources, {
        type: 'CreateCampaign',
        campaignId: id,
        chargers,
        firmware: {
          version,
          ...(location === undefined ? {} : { location }),
          ...firmware,
        },
        concurrency: body.concurrency,
        stopAfterFailures:
          'count' in stopOnFailures
            ? stopOnFailures.count
            : Math.max(1, Math.ceil(stopOnFailures.share * chargers.length)),
        ...(window === undefined ? {} : { window }),
        minutesPerCharger: body.minutesPerCharger,
      })
      return reply.code(createdOrKnown(decided)).send(await read(id))
    },
  })

  app.route({
    method: 'GET',
    url: '/campaigns',
    schema: {
      tags,
      operationId: 'listCampaigns',
      summary: 'All campaigns, newest first, and how far each is',
      querystring: ListCampaignsQuery,
      response: { 200: CampaignPage, ...problems(400) },
    },
    handler: ({ query }) => sources.reporting.listCampaigns(query),
  })

  app.route({
    method: 'GET',
    url: '/campaigns/:id',
    schema: {
      tags,
      operationId: 'getCampaign',
      summary: 'How far a campaign is, for each charger',
      params: CampaignParams,
      response: { 200: CampaignView, ...problems(400, 404) },
    },
    handler: ({ params }) => read(params.id),
  })

  app.route({
    method: 'POST',
    url: '/campaigns/:id/:action',
    schema: {
      tags,
      operationId: 'changeCampaign',
      summary: 'Pause, resume or cancel a campaign',
      description: 'What is under way goes on to its end. A cancelled campaign does not begin again.',
      params: CampaignActionParams,
      response: { 200: CampaignView, ...problems(400, 404, 422) },
    },
    handler: async ({ params }) => {
      await read(params.id)
      await decide(sources, { type: 'ChangeCampaign', campaignId: params.id, action: params.action })
      return read(params.id)
    },
  })
}

const viewOf = ({ terms, phase, chargers }: CampaignState): CampaignView | undefined => {
  if (terms === undefined || phase === 'none') return undefined
  const progress = [...chargers.values()]
  const count = (what: (one: Progress) => boolean) => progress.filter(what).length
  const finished = (outcome: string) => count((one) => one.state === 'finished' && one.outcome === outcome)
  return {
    campaignId: terms.campaignId,
    phase,
    version: terms.firmware.version,
    location: terms.firmware.location ?? null,
    image: terms.firmware.image ?? null,
    concurrency: terms.concurrency,
    stopAfterFailures: terms.stopAfterFailures,
    window: terms.window ?? null,
    counts: {
      waiting: count(({ state }) => state === 'waiting'),
      taken: count(({ state }) => state === 'taken'),
      done: finished('Done'),
      failed: finished('Failed'),
      skipped: finished('Skipped'),
    },
    chargers: [...chargers].map(([chargerId, one]) => ({
      chargerId,
      state: one.state,
      requestId: (one.state === 'waiting' ? undefined : one.requestId) ?? null,
      takenAt: one.state === 'taken' ? one.at : null,
      outcome: one.state === 'finished' ? one.outcome : null,
      detail: (one.state === 'finished' ? one.detail : undefined) ?? null,
    })),
  }
}
