import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { ChargingProfile } from '@voltrail/contracts/charging-profile'
import type { InboundContext } from './inbound-context.ts'
import { inDialect } from './power-dialect.ts'

const charger = (who: Partial<InboundContext>): InboundContext => ({ tenant: 'default', chargerId: 'CP1', ...who })
const evbox = { vendor: 'EV-BOX', evses: 2 }
const profile = (given: Partial<ChargingProfile> = {}): ChargingProfile => ({
  profileId: 7,
  stackLevel: 3,
  purpose: 'TxDefaultProfile',
  kind: 'Absolute',
  schedule: { unit: 'A', periods: [{ startSeconds: 0, limit: '16.5' }] },
  ...given,
})
const set = (given: Partial<ChargingProfile> = {}, evseId = 1): ChargerCommand => ({
  type: 'SetChargingProfile',
  evseId,
  profile: profile(given),
})
const maximum = set({ purpose: 'ChargingStationMaxProfile' }, 0)
const watts = (periods: ChargingProfile['schedule']['periods']) => ({ schedule: { unit: 'A' as const, periods } })
/** each command as it is sent, and the ids of the rules that changed it */
const spoken = (command: ChargerCommand, who: Partial<InboundContext>) => {
  const said = inDialect(command, charger(who))
  if ('unsupported' in said) return said
  return { commands: said.commands, rules: said.rules.map(({ rule }) => rule) }
}

describe('a charging profile', () => {
  it('is sent as it is to a make without a dialect, and to one that is not known yet', () => {
    expect(spoken(maximum, { vendor: 'Acme', model: 'X' })).toEqual({ commands: [maximum], rules: [] })
    expect(spoken(maximum, {})).toEqual({ commands: [maximum], rules: [] })
  })

  it.each([{ vendor: 'ABB', model: 'TAC-W22', firmwareVersion: '1.8.21' }, { vendor: 'Wall Box Chargers' }])(
    'has stack level 0 for makes that refuse any other: %j',
    (make) =>
      expect(inDialect(set({ kind: 'Relative' }), charger(make))).toEqual({
        commands: [set({ stackLevel: 0, kind: 'Relative' })],
        rules: [{ rule: 'Q30-stack-level-zero', path: '/profile/stackLevel', raw: '3' }],
        oneIsEnough: false,
      }),
  )

  it('keeps its stack level at a firmware that takes it, and where the rule is switched off', () => {
    const make = { vendor: 'ABB', model: 'TAC-W22' }
    expect(spoken(set(), { ...make, firmwareVersion: '1.6.6' })).toHaveProperty('rules', [])
    const off = { rulesOff: ['Q30-stack-level-zero'] }
    expect(spoken(set(), { ...make, firmwareVersion: '1.8.21', ...off })).toHaveProperty('rules', [])
  })

  it('of the whole station becomes the default of transactions where the make has no such purpose', () =>
    expect(spoken(maximum, { ...evbox, evses: 1 })).toEqual({
      commands: [set({}, 0)],
      rules: ['Q30-no-station-maximum'],
    }))

  it('of the whole station becomes the default of transactions where it would be ignored', () => {
    const grizzl = { vendor: 'Grizzl-E', evses: 1 }
    expect(spoken(maximum, { ...grizzl, firmwareVersion: '03.09.0' })).toMatchObject({
      commands: [{ profile: { purpose: 'TxDefaultProfile' } }],
      rules: ['Q30-station-maximum-ignored'],
    })
    expect(spoken(maximum, { ...grizzl, firmwareVersion: '05.02' })).toEqual({ commands: [maximum], rules: [] })
  })

  it('of the whole station is shared out among its connectors, and never adds up to more', () => {
    expect(spoken(maximum, evbox)).toMatchObject({
      commands: [{ profile: { schedule: { periods: [{ limit: '8.2' }] } } }],
    })
    expect(spoken(maximum, { vendor: 'EVBox' })).toEqual({ unsupported: expect.stringMatching(/not known how many/) })
  })

  it('is relative for makes that take no other kind, and is not sent when it names a time', () => {
    const make = { vendor: 'Wallbox' }
    expect(spoken(set({ stackLevel: 0 }), make)).toEqual({
      commands: [set({ stackLevel: 0, kind: 'Relative' })],
      rules: ['Q30-relative-only'],
    })
    expect(spoken(set({ kind: 'Recurring', recurrency: 'Daily' }), make)).toEqual({
      unsupported: expect.stringMatching(/leave out recurrency/),
    })
  })

  it('in A is sent in W, rounded down, to makes that read no other unit', () => {
    const periods = [
      { startSeconds: 0, limit: '16.1', numberPhases: 3 },
      { startSeconds: 60, limit: '6', numberPhases: 1 },
    ]
    expect(spoken(set(watts(periods)), { vendor: 'HUAWEI' })).toMatchObject({
      commands: [{ profile: { schedule: { unit: 'W', periods: [{ limit: '11109' }, { limit: '1380' }] } } }],
      rules: ['Q30-watts-only'],
    })
  })

  it('in A is not sent in W as long as nobody says on how many phases', () =>
    expect(spoken(set(), { vendor: 'Huawei' })).toEqual({ unsupported: expect.stringMatching(/numberPhases/) }))

  it('for connector 0 is sent to each connector where that is switched on', () => {
    const who = { rulesOn: ['Q30-no-connector-zero'] }
    expect(spoken(set({}, 0), { ...who, evses: 2 })).toEqual({
      commands: [set({ profileId: 10_000_007 }, 1), set({ profileId: 20_000_007 }, 2)],
      rules: ['Q30-no-connector-zero'],
    })
    expect(spoken(set({}, 0), who)).toEqual({ unsupported: expect.stringMatching(/status messages/) })
    expect(spoken(set({}, 2), who)).toEqual({ commands: [set({}, 2)], rules: [] })
    expect(spoken(maximum, { ...who, evses: 2 })).toEqual({ unsupported: expect.stringMatching(/TxDefaultProfile/) })
  })

  it('that comes with a remote start is in the same dialect', () => {
    const start = { type: 'RemoteStart', idToken: { value: 'A', type: 'ISO14443' } } as const
    expect(spoken({ ...start, chargingProfile: profile({ kind: 'Relative' }) }, { vendor: 'Wallbox' })).toEqual({
      commands: [{ ...start, chargingProfile: profile({ kind: 'Relative', stackLevel: 0 }) }],
      rules: ['Q30-stack-level-zero'],
    })
  })
})

describe('taking charging profiles away', () => {
  it('means what the charger was told when they were set', () => {
    const clear = { type: 'ClearChargingProfile', purpose: 'ChargingStationMaxProfile' } as const
    expect(spoken(clear, evbox)).toMatchObject({ commands: [{ purpose: 'TxDefaultProfile' }] })
    expect(spoken({ ...clear, purpose: 'TxDefaultProfile', stackLevel: 3 }, { vendor: 'Wallbox' })).toMatchObject({
      commands: [{ stackLevel: 0 }],
    })
    const each = { evses: 2, rulesOn: ['Q30-no-connector-zero'] }
    expect(spoken({ type: 'ClearChargingProfile', profileId: 7 }, each)).toMatchObject({
      commands: [{ profileId: 7 }, { profileId: 10_000_007 }, { profileId: 20_000_007 }],
    })
    expect(inDialect({ type: 'ClearChargingProfile', evseId: 0 }, charger(each))).toMatchObject({
      commands: [{ evseId: 1 }, { evseId: 2 }],
      oneIsEnough: true,
    })
  })
})

describe('ChangeAvailability', () => {
  it('is not sent to a make whose firmware it breaks', () => {
    const command = { type: 'ChangeAvailability', evseId: 1, availability: 'Inoperative' } as const
    expect(spoken(command, { vendor: 'EN+ Technologies' })).toEqual({ unsupported: expect.stringMatching(/breaks/) })
    expect(spoken(command, { vendor: 'Acme' })).toEqual({ commands: [command], rules: [] })
  })
})
