import type { Quirk } from './quirk.ts'

/** How the fields of a message are written, and what is missing among them. */

const always = { kind: 'format', matches: 'all', default: 'on', switchable: false } as const
const usually = { kind: 'format', matches: 'all', default: 'on', switchable: true } as const
const seen = { file: 'libs/ocpp/src/rules16.test.ts', test: '%s turns a real frame into a fact' } as const
const tags = (test: string) => ({ file: 'libs/ocpp/src/v16/tag-rewrite.test.ts', test })

const energyLaw = 'law: nothing is refused that carries energy'
const keba = 'https://github.com/lbbrhzn/ocpp/issues/1576'
const kebaNotes = 'OCPP.Core, Real_life_Experiences_KEBA.md'
const evServerMeter = 'ev-server, OCPPValidator.validateMeterValues'
const legrand = 'https://github.com/lbbrhzn/ocpp/issues/1248'
const evlink = 'https://github.com/lbbrhzn/ocpp/issues/1155'
const ocular = 'https://github.com/lbbrhzn/ocpp/issues/2030'

export const fieldQuirks = [
  {
    ...always,
    id: 'Q2-time-as-number',
    what: 'A time as a JSON number is read as its text',
    evidence: ['ev-server, OCPPValidator.validateStatusNotification'],
    proof: seen,
  },
  {
    ...always,
    id: 'Q13-missing-transaction',
    what: 'A stop without transaction id names no transaction: it is found by time, meter and tag',
    evidence: ['https://github.com/EVerest/libocpp/issues/495'],
    proof: seen,
  },
  {
    ...always,
    id: 'Q13-transaction-unreadable',
    what: 'A transaction id that is no whole number names no transaction',
    evidence: [energyLaw, 'https://github.com/lbbrhzn/ocpp/issues/2032'],
    proof: seen,
  },
  {
    ...always,
    id: 'Q13-transaction-none',
    what: 'Transaction 0 or less, of a start that never reached us, names no transaction: it is found by time, meter and tag',
    evidence: [
      'https://github.com/EVerest/libocpp/issues/495',
      'https://github.com/dallmann-consulting/OCPP.Core/issues/55',
      'https://github.com/mikuso/ocpp-rpc/issues/82',
      'https://github.com/steve-community/steve/issues/292',
    ],
    proof: seen,
  },
  {
    ...always,
    id: 'Q18-transaction-zero',
    what: 'Meter values with transaction 0 or less belong to the session that runs on their connector',
    evidence: [evServerMeter],
    proof: seen,
  },
  {
    ...usually,
    id: 'Q18-connector-zero',
    what: 'Meter values at connector 0 of a box that has one connector are at connector 1',
    evidence: [evServerMeter],
    matches: [{ vendor: /\bkeba\b/i }],
    proof: {
      file: 'libs/ocpp/src/v16/meter-values.test.ts',
      test: 'at connector 0 of a single-connector box are at connector 1',
    },
  },
  {
    ...always,
    id: 'Q18-missing-connector',
    what: 'Meter values without connector belong to the charging station as a whole',
    evidence: [evServerMeter],
    proof: seen,
  },
  {
    ...usually,
    id: 'Q19-unit-missing',
    what: 'A measurand without unit has the standard one of its kind',
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/1989'],
    proof: {
      file: 'libs/ocpp/src/v16/meter-values.test.ts',
      test: 'of a frame as Autel sends it, numbers without unit, are whole',
    },
  },
  {
    ...usually,
    id: 'Q20-suspect',
    what: 'Energy that is a thousandth or a thousandfold of power times time is flagged, and no value changed: Wh and kWh were taken for each other',
    evidence: ['https://github.com/OpenEVSE/openevse_esp32_firmware/issues/703'],
    proof: { file: 'libs/ocpp/src/v16/plausible-energy.test.ts', test: 'is flagged when kWh are called Wh' },
  },
  {
    ...always,
    id: 'Q21-missing-meter-register',
    what: 'A start or stop without a readable meter register is one all the same: the register may come with the meter values',
    evidence: [energyLaw],
    proof: seen,
  },
  {
    ...usually,
    id: 'Q22-phase-sum',
    what: 'A total power that is not the sum of its phases is replaced by the sum',
    evidence: ['ev-server, OCPPUtils, "Schneider Bug"', 'lbbrhzn/ocpp, chargepoint.py'],
    proof: {
      file: 'libs/ocpp/src/v16/phase-sum.test.ts',
      test: 'of a total that is not the sum of its phases is the sum',
    },
  },
  {
    ...always,
    id: 'Q23-meter-register-loose',
    what: 'A meter register with decimals or as text is kept as its exact decimal',
    evidence: [keba, kebaNotes],
    proof: seen,
  },
  {
    ...always,
    id: 'Q23-number-as-text',
    what: 'A number written as text is read as the number',
    evidence: [keba],
    proof: seen,
  },
  {
    ...always,
    id: 'Q23-text-as-number',
    what: 'Text written as a number or boolean is read as its text',
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/1989'],
    proof: seen,
  },
  {
    ...always,
    id: 'Q23-boolean-as-text',
    what: 'A boolean written as text is read as the boolean',
    evidence: ['OCPP 1.6 §6.24: GetConfiguration.conf with "readonly": "true"'],
    proof: { file: 'libs/ocpp/src/rules16.test.ts', test: 'Q23-boolean-as-text turns an answer into a result' },
  },
  {
    ...usually,
    id: 'Q23-unit-case',
    what: 'A unit of the standard in another case is read as that unit',
    evidence: [keba],
    proof: seen,
  },
  {
    ...always,
    id: 'Q23-signed-unmarked',
    what: 'A signed record that is not marked SignedData, but begins with OCMF|, is one',
    evidence: ['https://github.com/SAFE-eV/OCMF-Open-Charge-Metering-Format'],
    proof: seen,
  },
  {
    ...always,
    id: 'Q25-null-field',
    what: 'A field that is null counts as absent',
    evidence: ['https://github.com/steve-community/steve/issues/1109'],
    proof: seen,
  },
  {
    ...always,
    id: 'Q25-extra-field',
    what: 'A field that the standard does not have is left out; the verbatim frame keeps it',
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/213'],
    proof: seen,
  },
  {
    ...usually,
    id: 'Q25-missing-error-code',
    what: 'A status without error code has NoError',
    evidence: ['OCPP 1.6 §6.47: required, and of no meaning without a fault'],
    proof: seen,
  },
  {
    ...always,
    id: 'Q25-missing-boot-field',
    what: 'A boot without vendor or model is a boot of an unnamed make: refusing it would keep the charger off for ever',
    evidence: [evlink],
    proof: seen,
  },
  {
    ...always,
    id: 'Q25-missing-sample',
    what: 'A sampled value without value, or a meter value without sampled values, has none; the others stay',
    evidence: [energyLaw],
    proof: seen,
  },
  {
    ...always,
    id: 'Q25-single-as-list',
    what: 'One object where a list belongs is a list of one',
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/1144'],
    proof: seen,
  },
  {
    ...always,
    id: 'Q25-data-as-json',
    what: 'DataTransfer data as a JSON value instead of text is read as its JSON text',
    evidence: ['OCPP 2.0.1 part 2, DataTransferRequest: data is anyType there'],
    proof: seen,
  },
  {
    ...always,
    id: 'Q25-text-too-long',
    what: 'Text longer than the standard allows is kept whole',
    evidence: [evlink, 'https://github.com/lorenzodonini/ocpp-go/issues/359'],
    proof: seen,
  },
  {
    ...always,
    id: 'Q26-field-name-case',
    what: 'A field written in another case is read as the field that it means',
    evidence: [legrand],
    proof: seen,
  },
  {
    ...always,
    id: 'Q26-enum-case',
    what: 'A word of the standard in another case, with spaces or quotes, is read as that word',
    evidence: [keba],
    proof: seen,
  },
  {
    ...always,
    id: 'Q26-enum-open',
    what: 'A word that the standard does not have is kept as it is',
    evidence: [legrand],
    proof: seen,
  },
  {
    ...always,
    id: 'Q26-unknown-status',
    what: 'A connector status that the standard does not have counts as Unavailable',
    evidence: [legrand],
    proof: seen,
  },
  {
    ...always,
    id: 'Q27-missing-id-tag',
    what: 'A start or Authorize without id tag, in free mode, has the empty tag',
    evidence: ['https://github.com/lorenzodonini/ocpp-go/issues/277'],
    proof: seen,
  },
  {
    ...usually,
    id: 'Q27-tag-trailing-bytes',
    what: 'Control characters behind an id tag are left out',
    evidence: [ocular, 'https://github.com/lbbrhzn/ocpp/issues/1803'],
    proof: tags('loses the control characters behind it, of every make'),
  },
  {
    ...usually,
    id: 'Q27-tag-serial-suffix',
    what: 'An id tag followed by an underscore and the serial number of the box is the tag alone',
    evidence: [kebaNotes],
    matches: [{ vendor: /\bkeba\b/i }],
    proof: tags('loses the serial number that KEBA puts behind it, and keeps it at other makes'),
  },
  {
    ...usually,
    id: 'Q27-tag-terminal-prefix',
    what: 'Of an id tag from a card terminal, written as something;uid, the uid is the tag',
    evidence: [kebaNotes],
    default: 'off',
    proof: tags('loses what a card terminal puts before it, where that is switched on'),
  },
] as const satisfies readonly Quirk[]
