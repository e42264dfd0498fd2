import type { CampaignEvent } from '@voltrail/contracts/events/registry'
import { CampaignId, ChargerId } from '@voltrail/contracts/ids'
import {
  campaign,
  cancelCampaign,
  createCampaign,
  finishCharger,
  nextInWindow,
  pauseCampaign,
  putBackCharger,
  resumeCampaign,
  takeCharger,
  whyBusy,
  type CampaignTerms,
} from './campaign.ts'
import { at, given } from './fixtures/given.ts'

const id = (n: number) => ChargerId.parse(`CP${n}`)
const terms: CampaignTerms = {
  campaignId: CampaignId.parse('c'),
  firmware: { image: 'fw.bin', version: '2.0' },
  chargers: [1, 2, 3, 4].map(id),
  concurrency: 2,
  stopAfterFailures: 2,
  minutesPerCharger: 60,
}
const created: CampaignEvent = { type: 'CampaignCreated', data: terms }
const taken = (n: number): CampaignEvent => ({
  type: 'ChargerTaken',
  data: { chargerId: id(n), requestId: n, at: at(0) },
})
const finished = (n: number, outcome: 'Done' | 'Failed' = 'Done'): CampaignEvent => ({
  type: 'ChargerFinished',
  data: { chargerId: id(n), requestId: n, outcome },
})
const paused = (reason: 'operator' | 'failures', failures = 0): CampaignEvent => ({
  type: 'CampaignPaused',
  data: { reason, failures },
})
const resumed: CampaignEvent = { type: 'CampaignResumed', data: {} }
const cancelled: CampaignEvent = { type: 'CampaignCancelled', data: {} }
const take = (n: number) => ({ chargerId: id(n), requestId: n, at: at(0) })
const finish = (n: number, outcome: 'Done' | 'Failed' = 'Done') => ({ chargerId: id(n), outcome })

describe('a turn that did not reach its charger', () => {
  const back = (n: number) => ({ chargerId: id(n), requestId: n, detail: 'the charger was not connected' })
  const putBack = (n: number): CampaignEvent => ({ type: 'ChargerPutBack', data: back(n) })
  const turns = (count: number) => Array.from({ length: count }, () => [taken(1), putBack(1)]).flat()

  it('puts it back to those that wait, and is no failure', () => {
    given(campaign, created, taken(1))
      .when((s) => putBackCharger(back(1), s))
      .then(putBack(1))
    const { state } = given(campaign, created, taken(1), putBack(1))
    expect([state.failures, state.chargers.get(id(1))]).toEqual([0, { state: 'waiting', turns: 1 }])
  })
  it('is the fifth at most: then it is one', () => {
    given(campaign, created, ...turns(3), taken(1))
      .when((s) => putBackCharger(back(1), s))
      .then(putBack(1))
    given(campaign, created, ...turns(4), taken(1))
      .when((s) => putBackCharger(back(1), s))
      .thenMatching({ type: 'ChargerFinished', data: expect.objectContaining({ outcome: 'Failed' }) })
  })
  it('is told once, and of the turn that it was', () => {
    given(campaign, created, ...turns(1))
      .when((s) => putBackCharger(back(1), s))
      .thenNothing()
    given(campaign, created, taken(1))
      .when((s) => putBackCharger({ ...back(1), requestId: 7 }, s))
      .thenNothing()
    given(campaign, created, taken(1), finished(1))
      .when((s) => putBackCharger(back(1), s))
      .thenNothing()
  })
})

describe('a charger that is there', () => {
  const ready = { connected: true, accepted: true, charging: 0, updating: undefined }
  it.each(['Preparing', 'Charging', 'SuspendedEV', 'SuspendedEVSE', 'Occupied', 'Reserved'] as const)(
    'is left alone while a connector is %s',
    (status) => {
      const connectors = [{ evseId: 1, status: 'Available' } as const, { evseId: 2, status }]
      expect(whyBusy({ ...ready, connectors: connectors })).toBe(`connector 2 is ${status}`)
    },
  )
  it('is begun with when nobody is, nor will be', () => {
    for (const status of ['Available', 'Finishing', 'Unavailable', 'Faulted'] as const)
      expect(whyBusy({ ...ready, connectors: [{ evseId: 1, status }] as never })).toBeUndefined()
  })
})

describe('a firmware campaign', () => {
  it('is made once', () => {
    given(campaign)
      .when((s) => createCampaign(terms, s))
      .then(created)
    given(campaign, created)
      .when((s) => createCampaign(terms, s))
      .thenNothing()
    given(campaign, created)
      .when((s) => createCampaign({ ...terms, firmware: { image: 'other.bin', version: '3' } }, s))
      .thenRejected({ kind: 'campaign-exists' })
    given(campaign, created)
      .when((s) => createCampaign({ ...terms, concurrency: 3 }, s))
      .thenRejected({ kind: 'campaign-exists' })
  })
  it('is the same by what was asked, whatever its filter means by now', () => {
    const asked = { ...terms, request: 'a'.repeat(64) }
    given(campaign, { type: 'CampaignCreated', data: asked })
      .when((s) => createCampaign({ ...asked, chargers: [id(9)] }, s))
      .thenNothing()
    given(campaign, { type: 'CampaignCreated', data: asked })
      .when((s) => createCampaign({ ...asked, request: 'b'.repeat(64) }, s))
      .thenRejected({ kind: 'campaign-exists' })
  })
  it('takes a charger once, and none beyond its list', () => {
    given(campaign, created)
      .when((s) => takeCharger(take(1), s))
      .then(taken(1))
    given(campaign, created, taken(1))
      .when((s) => takeCharger(take(1), s))
      .thenNothing()
    given(campaign, created, taken(1), finished(1))
      .when((s) => takeCharger(take(1), s))
      .thenNothing()
    given(campaign, created)
      .when((s) => takeCharger(take(9), s))
      .thenNothing()
  })
  it('never takes more at once than it says', () => {
    given(campaign, created, taken(1), taken(2))
      .when((s) => takeCharger(take(3), s))
      .thenNothing()
    given(campaign, created, taken(1), taken(2), finished(2))
      .when((s) => takeCharger(take(3), s))
      .then(taken(3))
  })
  it('is complete with its last charger', () =>
    given(campaign, created, ...[1, 2, 3].flatMap((n) => [taken(n), finished(n)]), taken(4))
      .when((s) => finishCharger(finish(4, 'Failed'), s))
      .then(
        { type: 'ChargerFinished', data: { chargerId: 'CP4', requestId: 4, outcome: 'Failed' } },
        { type: 'CampaignCompleted', data: { done: 3, failed: 1, skipped: 0 } },
      ))
  it('stops by itself when too many have failed, and takes none any more', () => {
    const history = [created, taken(1), taken(2), finished(1, 'Failed')] as const
    given(campaign, ...history)
      .when((s) => finishCharger(finish(2, 'Failed'), s))
      .thenMatching({ type: 'ChargerFinished' }, paused('failures', 2))
    given(campaign, ...history, finished(2, 'Failed'), paused('failures', 2))
      .when((s) => takeCharger(take(3), s))
      .thenNothing()
  })
  it('counts failures anew when it is resumed', () =>
    given(campaign, created, taken(1), finished(1, 'Failed'), paused('operator', 1), resumed, taken(2))
      .when((s) => finishCharger(finish(2, 'Failed'), s))
      .thenMatching({ type: 'ChargerFinished' }))
  it('lets what is under way end while it is paused, and takes none', () => {
    const stopped = given(campaign, created, taken(1), paused('operator'))
    stopped.when((s) => finishCharger(finish(1), s)).then(finished(1))
    stopped.when((s) => takeCharger(take(2), s)).thenNothing()
    stopped.when(resumeCampaign).then(resumed)
  })
  it('is paused, resumed and cancelled once', () => {
    given(campaign, created).when(pauseCampaign).then(paused('operator'))
    given(campaign, created, paused('operator')).when(pauseCampaign).thenNothing()
    given(campaign, created).when(resumeCampaign).thenNothing()
    given(campaign, created).when(cancelCampaign).then(cancelled)
    given(campaign, created, cancelled).when(cancelCampaign).thenNothing()
  })
  it('that is over does not begin again', () => {
    given(campaign, created, cancelled).when(resumeCampaign).thenRejected({ kind: 'campaign-over' })
    given(campaign, created, cancelled)
      .when((s) => takeCharger(take(1), s))
      .thenNothing()
    given(campaign).when(pauseCampaign).thenRejected({ kind: 'unknown-campaign' })
  })
  it.each([
    ['at any time without one', undefined, '13:00', '13:00'],
    ['inside it', { from: '12:00', until: '14:00' }, '13:00', '13:00'],
    ['later today', { from: '14:00', until: '15:00' }, '13:00', '14:00'],
    ['tomorrow', { from: '10:00', until: '12:00' }, '13:00', '+10:00'],
    ['at night, over midnight', { from: '22:00', until: '05:00' }, '01:00', '01:00'],
    ['in the evening', { from: '22:00', until: '05:00' }, '06:00', '22:00'],
  ])('begins with chargers in its window: %s', (_name, window, now, expected) => {
    const clock = (text: string) =>
      Date.parse(`2026-02-0${text.startsWith('+') ? 2 : 1}T${text.replace('+', '')}:00.000Z`)
    expect(new Date(nextInWindow(clock(now), window))).toEqual(new Date(clock(expected)))
  })
})
