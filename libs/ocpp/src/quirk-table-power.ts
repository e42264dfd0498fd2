import type { Quirk } from './quirk.ts'

/** How commands that touch power and configuration are written for each make; what they do stands in `power-dialect.ts`. */

const usually = { kind: 'command', default: 'on', switchable: true } as const
const dialect = (test: string) => ({ file: 'libs/ocpp/src/power-dialect.test.ts', test })
const wallbox = { vendor: /wall\s?box/i }
/** where no public page was found again that says it */
const unconfirmed = 'reported, no public source found again'

export const powerQuirks = [
  {
    ...usually,
    id: 'Q30-stack-level-zero',
    what: 'Charging profiles have stack level 0: any other is refused',
    matches: [{ vendor: /\babb\b/i, model: /tac|terra ?ac/i, firmware: /^v?1\.8(\D|$)/i }, wallbox],
    evidence: [
      'https://github.com/evcc-io/evcc/issues/15493',
      'https://github.com/sap-labs-france/ev-server/pull/3997',
    ],
    proof: dialect('has stack level 0 for makes that refuse any other: %j'),
  },
  {
    ...usually,
    id: 'Q30-no-station-maximum',
    what: 'A maximum of the whole station is set as the default of transactions, shared out among the connectors: the make has no other',
    matches: [{ vendor: /ev-?box/i }],
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/1703', 'https://github.com/lbbrhzn/ocpp/issues/221'],
    proof: dialect('of the whole station becomes the default of transactions where the make has no such purpose'),
  },
  {
    ...usually,
    id: 'Q30-station-maximum-ignored',
    what: 'The same where a maximum of the whole station is accepted and then ignored',
    matches: [{ vendor: /grizzl|united chargers/i, firmware: /^v?0?3\.09/i }],
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/442 (of 5.621)', `of 3.09: ${unconfirmed}`],
    proof: dialect('of the whole station becomes the default of transactions where it would be ignored'),
  },
  {
    ...usually,
    id: 'Q30-relative-only',
    what: 'Charging profiles are relative to the start of charging: the make takes no other kind',
    matches: [wallbox],
    evidence: [unconfirmed],
    proof: dialect('is relative for makes that take no other kind, and is not sent when it names a time'),
  },
  {
    ...usually,
    id: 'Q30-watts-only',
    what: 'Limits in A are sent in W, at 230 V and the phases that the profile names: the make reads no other unit',
    matches: [{ vendor: /huawei/i }],
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/1635', 'https://github.com/lbbrhzn/ocpp/issues/1810'],
    proof: dialect('in A is sent in W, rounded down, to makes that read no other unit'),
  },
  {
    ...usually,
    id: 'Q30-no-connector-zero',
    what: 'What is meant for all connectors is sent to each: connector 0 is refused',
    matches: 'all',
    default: 'off',
    evidence: [unconfirmed],
    proof: dialect('for connector 0 is sent to each connector where that is switched on'),
  },
  {
    ...usually,
    id: 'Q31-static-limit-unit',
    what: 'The configuration key that limits a station’s current counts in 0.1 A or in mA, by make',
    matches: [{ vendor: /ev-?box/i }, { vendor: /\bkeba\b/i }],
    evidence: [
      'sap-labs-france/ev-server, EVBOXChargingStationVendorIntegration.ts (0.1 A), KebaChargingStationVendorIntegration.ts (mA)',
      `the name of KEBA’s key: ${unconfirmed}`,
    ],
    switchable: false,
    proof: { file: 'libs/ocpp/src/static-limit.test.ts', test: '%s is told %s A as %s=%s' },
  },
  {
    ...usually,
    id: 'Q32-settled-first',
    what: 'Configuration is brought in order only once a boot has settled, one key at a time; a key that makes the charger boot twice is left alone',
    matches: 'all',
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/1275'],
    switchable: false,
    proof: {
      file: 'libs/domain/src/device/configuration.test.ts',
      test: 'is left alone once the charger has booted twice after it, and says so',
    },
  },
  {
    ...usually,
    id: 'Q32-no-change-availability',
    what: 'ChangeAvailability is not sent: it breaks the firmware',
    matches: [{ vendor: /en\+|enplus/i }],
    evidence: [`evcc, newer versions of ocpp-enplus.yaml: ${unconfirmed}`],
    proof: dialect('is not sent to a make whose firmware it breaks'),
  },
] as const satisfies readonly Quirk[]
