import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { CommandId, TokenRef } from '@voltrail/contracts/ids'
import type { ListedToken, LocalListPolicy } from '@voltrail/contracts/local-list'
import { at, given } from '../fixtures/given.ts'
import { applyOutcome } from './command-outcome.ts'
import type { SettledCommand } from './settled-command.ts'
import { device } from './device.ts'
import { listStep, wantedTokens, type ListedTerms } from './local-list-plan.ts'
import { assessList, desireLocalList, listedEntry, requestListSync } from './local-list.ts'

const ref = (n: number) => n.toString(16).padStart(32, '0') as TokenRef
const one = (n: number, more: Partial<NonNullable<ListedToken['authorization']>> = {}): ListedToken => ({
  tokenRef: ref(n),
  authorization: { status: 'Accepted', ...more },
})
const all: LocalListPolicy = { mode: 'all', groups: [], tokens: [], whenTooLong: 'refuse' }
const shows = (limits: Record<string, string>): DeviceEvent => ({
  type: 'ConfigurationChanged',
  data: {
    full: false,
    set: Object.entries(limits).map(([key, value]) => ({ key, value, readonly: true })),
    gone: [],
  },
})
const written = (version: number, tokens: readonly ListedToken[], gone: readonly number[] = []): DeviceEvent => ({
  type: 'LocalListWritten',
  data: {
    version,
    updateType: version === 1 ? 'Full' : 'Differential',
    digest: 'd',
    entries: tokens.length,
    set: tokens.map(listedEntry),
    gone: gone.map(ref),
  },
})
const seen = (version: number): DeviceEvent => ({ type: 'LocalListSeen', data: { version } })
const refused = (status: 'Failed' | 'NotSupported' | 'VersionMismatch', version = 1): DeviceEvent => ({
  type: 'LocalListRefused',
  data: { version, updateType: 'Full', status },
})
const after = (...history: DeviceEvent[]) => {
  const { state } = given(device, ...history)
  return {
    state,
    step: (wanted: readonly ListedToken[], policy = all) => listStep(state, wanted, policy),
  }
}
const sent = (
  entries: readonly ListedToken[],
  result: SettledCommand['result'],
  more: { version?: number; updateType?: 'Full' | 'Differential'; commandId?: string } = {},
): SettledCommand => ({
  commandId: (more.commandId ?? 'list-1') as CommandId,
  command: {
    type: 'SendLocalList',
    listVersion: more.version ?? 1,
    updateType: more.updateType ?? 'Full',
    entries: [...entries],
  },
  result,
  revision: 9,
  settledAt: at(0),
})
const status = (of: string): SettledCommand['result'] => ({ outcome: 'result', status: of, payload: { status: of } })
const asked = (listVersion: number): SettledCommand => ({
  commandId: 'list-seen' as CommandId,
  command: { type: 'GetLocalListVersion' },
  result: { outcome: 'result', status: 'Accepted', payload: { listVersion } },
  revision: 9,
  settledAt: at(0),
})

describe('whom a local list holds', () => {
  const terms = (more: Partial<ListedTerms> = {}): ListedTerms => ({ status: 'Accepted', ...more })
  const tokens = new Map<TokenRef, ListedTerms>([
    [ref(3), terms({ groupRef: ref(100) })],
    [ref(2), terms({ expiresAt: at(60) })],
    [ref(1), terms()],
    [ref(4), terms({ status: 'Blocked' })],
    [ref(5), terms({ expiresAt: at(0) })],
  ])
  const of = (policy: Partial<LocalListPolicy>) => wantedTokens({ ...all, ...policy }, tokens, at(0))

  it('is who may charge, with group and expiry date; blocked and expired tokens are not on it', () => {
    expect(of({}).entries).toEqual([one(1), one(2, { expiresAt: at(60) }), one(3, { groupRef: ref(100) })])
    expect(of({}).until).toBe(Date.parse(at(60)))
  })
  it('is nobody, a group, or tokens by name, as the operator says', () => {
    expect(of({ mode: 'none' }).entries).toEqual([])
    expect(of({ mode: 'selected', groups: [ref(100)] }).entries).toEqual([one(3, { groupRef: ref(100) })])
    expect(of({ mode: 'selected', tokens: [ref(1), ref(4)] }).entries).toEqual([one(1)])
  })
  it('has those first who are named themselves, then those of named groups, then the others', () => {
    const refs = of({ tokens: [ref(2)], groups: [ref(100)] }).entries.map(({ tokenRef }) => tokenRef)
    expect(refs).toEqual([ref(2), ref(3), ref(1)])
  })
})

describe('a local list that is kept in step', () => {
  it('is sent whole while nobody knows what the charger has, under a number above all that were ever seen', () => {
    const { update, assessment } = after(seen(7)).step([one(1), one(2)])
    expect(update).toEqual({ listVersion: 8, updateType: 'Full', listed: [one(1), one(2)], at: 0 })
    expect(assessment).toMatchObject({ standing: 'Pending', version: 8, entries: 2, added: 2, full: true })
  })
  it('needs nothing when the charger has it', () => {
    const { update, assessment } = after(written(1, [one(1), one(2)])).step([one(1), one(2)])
    expect(update).toBeUndefined()
    expect(assessment).toMatchObject({ standing: 'InSync', version: 1, added: 0, changed: 0, removed: 0 })
  })
  it('is changed by its differences, and who may no longer charge leaves first', () => {
    const { update } = after(written(1, [one(1), one(2), one(3)])).step([one(2, { expiresAt: at(9) }), one(3), one(4)])
    expect(update).toMatchObject({
      listVersion: 2,
      updateType: 'Differential',
      listed: [{ tokenRef: ref(1) }, one(2, { expiresAt: at(9) }), one(4)],
    })
  })
  it('follows the spelling that the charger came to use', () => {
    const { update } = after(written(1, [one(1)])).step([{ ...one(1), own: true }])
    expect(update?.listed).toEqual([{ ...one(1), own: true }])
  })
  it('goes in parts of what the charger takes at once: whole, then differences, each from what it has', () => {
    const limits = shows({ SendLocalListMaxLength: '2' })
    const wanted = [1, 2, 3, 4, 5].map((n) => one(n))
    const first = after(limits).step(wanted)
    expect(first.update).toMatchObject({ listVersion: 1, updateType: 'Full', listed: [one(1), one(2)] })
    expect(first.assessment.version).toBe(3)
    const second = after(limits, written(1, [one(1), one(2)])).step(wanted)
    expect(second.update).toMatchObject({ listVersion: 2, updateType: 'Differential', listed: [one(3), one(4)] })
    const third = after(limits, written(1, [one(1), one(2)]), written(2, [one(3), one(4)])).step(wanted)
    expect(third.update).toMatchObject({ listVersion: 3, listed: [one(5)] })
  })
  it('that is to be empty is left alone where it is, and emptied where it may not be', () => {
    expect(after(seen(0)).step([]).assessment.standing).toBe('InSync')
    expect(after(seen(4)).step([]).update).toMatchObject({ listVersion: 5, updateType: 'Full', listed: [] })
  })
  it('is sent whole again when an operator says so', () => {
    const { update } = after(written(1, [one(1)]), {
      type: 'LocalListSyncRequested',
      data: { reason: 'operator' },
    }).step([one(1)])
    expect(update).toMatchObject({ listVersion: 2, updateType: 'Full', listed: [one(1)] })
  })
  it('begins its numbers anew, with a whole list, before they come to an end', () => {
    const { update } = after(written(1, [one(1)]), seen(2_147_483_640), written(1, [one(1)])).step([one(2)])
    expect(update).toMatchObject({ listVersion: 2 })
    expect(after(seen(2_147_483_640)).step([one(2)]).update).toMatchObject({ listVersion: 1, updateType: 'Full' })
  })
})

describe('a charger with less room than its list needs', () => {
  const limits = shows({ LocalAuthListMaxLength: '2' })
  const wanted = [one(1), one(2), one(3)]

  it('gets nobody new, and the limit is named', () => {
    const { update, assessment } = after(limits, written(1, [one(1)])).step(wanted)
    expect(update).toBeUndefined()
    expect(assessment).toMatchObject({ standing: 'TooLong', entries: 3, leftOut: 2 })
    expect(assessment.detail).toContain('LocalAuthListMaxLength of the charger is 2 and the list would have 3')
  })
  it('loses all the same who may no longer charge', () => {
    const { update } = after(limits, written(1, [one(1), one(9)])).step(wanted)
    expect(update?.listed).toEqual([{ tokenRef: ref(9) }])
  })
  it('gets those of most priority where the list may be shortened', () => {
    const { update, assessment } = after(limits).step(wanted, { ...all, whenTooLong: 'shorten' })
    expect(update?.listed).toEqual([one(1), one(2)])
    expect(assessment).toMatchObject({ standing: 'Pending', leftOut: 1 })
  })
})

describe('a charger that has no local list', () => {
  it('is asked nothing more once it says so, until somebody wants the list anew', () => {
    const { step, state } = after(refused('NotSupported'))
    expect(step([one(1)])).toMatchObject({ assessment: { standing: 'Unsupported' } })
    expect(step([one(1)]).update).toBeUndefined()
    expect(state.listCare?.refused?.retryAt).toBeUndefined()
    const anew = after(refused('NotSupported'), { type: 'LocalListDesired', data: { policy: all } })
    expect(anew.step([one(1)]).update).toMatchObject({ updateType: 'Full' })
  })
  it('says so by the version -1, unless it shows that lists are switched on', () => {
    expect(after(seen(-1)).step([one(1)]).assessment.standing).toBe('Unsupported')
    expect(after(seen(-1), shows({ LocalAuthListEnabled: 'true' })).step([one(1)]).update).toMatchObject({
      listVersion: 1,
      updateType: 'Full',
    })
  })
  it('has it switched off: the key is named', () => {
    const { assessment } = after(shows({ localauthlistenabled: 'False' })).step([one(1)])
    expect(assessment).toMatchObject({ standing: 'Disabled' })
    expect(assessment.detail).toContain('LocalAuthListEnabled is false')
  })
})

describe('what a charger answers to a list', () => {
  it('makes what it took the list that it has', () => {
    given(device)
      .when((state) => applyOutcome(sent([one(1)], status('Accepted')), state))
      .thenMatching({
        type: 'LocalListWritten',
        data: expect.objectContaining({ version: 1, set: [listedEntry(one(1))], gone: [] }) as object,
      })
    const { state } = after(written(1, [one(1), one(2)]), written(2, [one(3)], [1]))
    expect(state.localList).toMatchObject({ version: 2, entries: 2, content: [one(2), one(3)].map(listedEntry) })
  })
  it.each([
    ['Failed', status('Failed'), 'Failed'],
    ['a mismatch of versions', status('VersionMismatch'), 'VersionMismatch'],
    ['that it has no lists', status('NotSupported'), 'NotSupported'],
    ['a CALLERROR that says so', { outcome: 'callError', code: 'NotImplemented', description: '' }, 'NotSupported'],
    ['any other CALLERROR', { outcome: 'callError', code: 'InternalError', description: '' }, 'Failed'],
  ] as const)('is recorded when it is %s', (_, result, expected) => {
    given(device, written(1, [one(1)]))
      .when((state) => applyOutcome(sent([one(2)], result, { version: 2, updateType: 'Differential' }), state))
      .thenMatching({
        type: 'LocalListRefused',
        data: expect.objectContaining({ version: 2, status: expected }) as object,
      })
  })
  it('is tried again later and later after a failure, with the whole list', () => {
    const waits = [1, 2, 3, 9].map((times) => {
      const { state, step } = after(written(1, [one(1)]), ...Array.from({ length: times }, () => refused('Failed', 2)))
      expect(step([one(1)]).update).toMatchObject({ updateType: 'Full', listVersion: 3 })
      return (Date.parse(state.listCare?.refused?.retryAt ?? '') - Date.parse(at(0))) / 60_000
    })
    expect(waits).toEqual([1, 5, 15, 360])
  })
  it('is mended at once after a mismatch of versions, with the whole list above the number that it shows', () => {
    const { step, state } = after(written(1, [one(1)]), refused('VersionMismatch', 2), seen(40))
    expect(step([one(1)]).update).toMatchObject({ updateType: 'Full', listVersion: 41 })
    expect(state.listCare?.refused?.retryAt).toBe(at(0))
    const often = after(...Array.from({ length: 3 }, () => refused('VersionMismatch', 2)))
    expect(Date.parse(often.state.listCare?.refused?.retryAt ?? '')).toBeGreaterThan(Date.parse(at(0)))
  })
  it('is another version than ours: nobody knows what it has, and it gets the whole list', () => {
    given(device, written(1, [one(1)]))
      .when((state) => applyOutcome(asked(0), state))
      .then({ type: 'LocalListSeen', data: { version: 0, commandId: 'list-seen' } })
    expect(after(written(1, [one(1)]), seen(0)).step([one(1)]).update).toMatchObject({
      updateType: 'Full',
      listVersion: 2,
    })
    given(device, written(1, [one(1)]))
      .when((state) => applyOutcome(asked(1), state))
      .thenNothing()
  })
  it('is of no account when it comes late and a newer list was taken since', () => {
    given(device, written(1, [one(1)]), written(3, [one(2)]))
      .when((state) => applyOutcome(sent([], status('Accepted'), { version: 2 }), state))
      .thenNothing()
  })
})

describe('what is told of a list', () => {
  const { assessment } = after(seen(0)).step([one(1)])
  it('is told once, and again when it is another', () => {
    given(device)
      .when((state) => assessList(assessment, state))
      .then({ type: 'LocalListAssessed', data: assessment })
    given(device, { type: 'LocalListAssessed', data: assessment })
      .when((state) => assessList(assessment, state))
      .thenNothing()
  })
  it('wanted again makes nothing; wanted whole makes it anew', () => {
    given(device, { type: 'LocalListDesired', data: { policy: all } })
      .when((state) => desireLocalList(all, state))
      .thenNothing()
    given(device)
      .when(() => requestListSync('operator'))
      .then({ type: 'LocalListSyncRequested', data: { reason: 'operator' } })
  })
})
