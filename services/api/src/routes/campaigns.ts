import { createHash } from 'node:crypto'
import { CampaignId, type ChargerId, type Sha256 } from '@voltrail/contracts/ids'
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
import { campaign, whyBusy, whyHeld, type CampaignState, type Progress } from '@voltrail/domain/campaign'
import type { Recorded } from '@voltrail/domain/decider'
import { hasUrlSecret } from '@voltrail/domain/url-secrets'
import { readCharger, readDevice } from '../charger-device.ts'
import { campaignChargers } from '../campaign-chargers.ts'
import { namedImage, refuseOtherMake } from '../firmware-image.ts'
import { ApiProblem, notFound } from '../problem.ts'
import { createdOrKnown, decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Firmware campaigns']
/** so many chargers that wait are asked after for one answer */
const mostLookedAt = 100

export function campaignRoutes(app: Routes, sources: Sources): void {
  const stateOf = async (id: CampaignId): Promise<CampaignState> => {
    let state = campaign.initialState
    for await (const event of sources.log.readForward(campaignStream(sources.tenant, id), 0))
      state = campaign.evolve(state, event as unknown as Recorded<CampaignEvent>)
    return state
  }
  const read = async (id: CampaignId): Promise<CampaignView> => {
    const state = await stateOf(id)
    const view = viewOf(state)
    if (view === undefined) throw notFound(`There is no campaign ${JSON.stringify(id)}.`)
    const held = whyHeld(state, sources.now())
    const waiting = view.chargers.filter((one) => one.state === 'waiting')
    const told = waiting.slice(0, held === undefined || held === 'others come first' ? mostLookedAt : 0)
    const busy = new Map(
      await Promise.all(told.map(async (one) => [one.chargerId, await busyWith(one.chargerId, id)] as const)),
    )
    for (const one of waiting) one.detail = busy.get(one.chargerId) ?? held ?? null
    return view
  }

  /** Why a campaign does not begin with a charger now. Its turn may have begun since the campaign was read: that is nothing to wait for. */
  const busyWith = async (chargerId: ChargerId, campaignId: CampaignId): Promise<string | undefined> => {
    const charger = await readCharger(sources, chargerId)
    const { transfers = [] } = await readDevice(sources, chargerId)
    return whyBusy({
      connected: charger.connection?.open === true,
      accepted: charger.registration === 'Accepted',
      charging: charger.openTransactions.length,
      updating: transfers.find((one) => one.kind === 'Firmware' && one.campaignId !== campaignId)?.requestId,
      connectors: charger.connectors,
    })
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
        'when too many fail. Success is the version at a charger’s next boot. An image of our file service goes to chargers of its vendor ' +
        'and model only, unless it is forced.',
      body: CampaignBody,
      response: { 200: CampaignView, 201: CampaignView, ...problems(400, 409, 413, 415, 422) },
    },
    handler: async ({ body }, reply) => {
      const { filter, location, stopAfterFailures, window, force } = body
      if (location !== undefined && hasUrlSecret(location))
        throw new ApiProblem(
          'refused',
          'A campaign is kept in the log, which holds no credentials: give a location without user, password, token or signature, or an image of our file service.',
        )
      if (body.image !== undefined && sources.files === undefined)
        throw new ApiProblem('refused', 'No file service is set up (FILES_URLS and FILES_KEY): give a location.')
      const id = body.campaignId ?? CampaignId.parse(sources.newId())
      const request = requestDigest(body)
      // a repeat is known by what was asked: what the filter means may be another by now
      if (body.campaignId !== undefined && (await stateOf(id)).terms?.request === request)
        return reply.code(200).send(await read(id))
      const firmware = await namedImage(sources, body)
      const { image, version = '', signed } = firmware
      const found = await campaignChargers(sources.reporting, filter)
      if (force !== true) refuseOtherMake(firmware, found)
      const chargers = found.map(({ chargerId }) => chargerId)
      const decided = await decide(sources, {
        type: 'CreateCampaign',
        campaignId: id,
        chargers,
        firmware: {
          version,
          ...(location === undefined ? {} : { location }),
          ...(image === undefined ? {} : { image }),
          ...signed,
        },
        concurrency: body.concurrency,
        stopAfterFailures:
          'count' in stopAfterFailures
            ? stopAfterFailures.count
            : Math.max(1, Math.ceil(stopAfterFailures.share * chargers.length)),
        ...(window === undefined ? {} : { window }),
        minutesPerCharger: body.minutesPerCharger,
        request,
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

/** Of a request as it was read, its defaults filled in: its fields stand in the order of its schema. */
const requestDigest = ({
  campaignId: _,
  ...asked
}: object & { readonly campaignId?: CampaignId | undefined }): Sha256 =>
  createHash('sha256').update(JSON.stringify(asked)).digest('hex')

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
