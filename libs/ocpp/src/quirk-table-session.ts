import type { Quirk } from './quirk.ts'

/** Quirks that no format shows: what belongs together, and what happens below messages. Their code is in other packages. */

const correlation = { kind: 'correlation', matches: 'all', default: 'on', switchable: false } as const
const transport = { kind: 'transport', matches: 'all', default: 'on', switchable: false } as const
const foxess = 'https://github.com/lbbrhzn/ocpp/issues/2008'
const session = (test: string) => ({ file: 'libs/domain/src/session.test.ts', test })
const central = (test: string) => ({ file: 'services/central/src/central.int.test.ts', test })
const meters = (test: string) => ({ file: 'test-e2e/src/meters.e2e.test.ts', test })
const edge = (name: string, test: string) => ({ file: `services/edge/src/${name}.test.ts`, test })

export const correlationQuirks = [
  {
    ...correlation,
    id: 'Q15-remote-start-without-start',
    what: 'A remote start that was accepted and never began is told, once',
    evidence: [
      'https://github.com/steve-community/steve/issues/796',
      'https://github.com/steve-community/steve/issues/2042',
    ],
    proof: {
      file: 'libs/domain/src/charger/remote-start.test.ts',
      test: 'is told once, and the outcome of the command knows it',
    },
  },
  {
    ...correlation,
    id: 'Q2-clock-skew',
    what: 'A clock that is off by the same, as with Z on local time, is corrected by what was measured; else our clock decides',
    evidence: ['https://github.com/steve-community/steve/issues/136'],
    proof: {
      file: 'libs/domain/src/occurred-at.test.ts',
      test: 'is corrected where the clock is off by the same, three times measured',
    },
  },
  {
    ...correlation,
    id: 'Q8-no-boot',
    what: 'A charger that reconnects without a boot, or sends meter values before it, is served as it was accepted before',
    evidence: ['https://github.com/evcc-io/evcc/pull/4567', 'https://github.com/mobilityhouse/ocpp/issues/188'],
    proof: edge('calls.int', 'before a boot are answered and recorded, and so is a boot that comes late'),
  },
  {
    ...correlation,
    id: 'Q10-same-message-again',
    what: 'The same message again on one connection gets the stored answer, never an error',
    evidence: ['https://github.com/matth-x/MicroOcpp/issues/50'],
    proof: edge('calls.int', 'that are repeated get the stored answer and are one fact'),
  },
  {
    ...correlation,
    id: 'Q11-new-message-same-content',
    what: 'A start told again under a new message id is the same start, by its content as received',
    evidence: [
      'https://github.com/EVerest/libocpp/pull/298',
      'https://github.com/EVerest/libocpp/pull/688',
      'https://github.com/mobilityhouse/ocpp/issues/186',
    ],
    proof: central(
      'gives a start that is told again, with the same fact or a new one, the same transaction and one session',
    ),
  },
  {
    ...correlation,
    id: 'Q12-retry-before-concurrency',
    what: 'A start told again is known as a repeat before anything is said about concurrent use: no ConcurrentTx for its own session',
    evidence: ['https://github.com/matth-x/MicroOcpp/issues/237'],
    proof: {
      file: 'services/central/src/tokens.int.test.ts',
      test: 'is never said to a start that is told again, as another message, re-stamped, or to another pod',
    },
  },
  {
    ...correlation,
    id: 'Q13-stop-correlation',
    what: 'A stop of transaction -1, 0 or none is matched by time, meter and tag if exactly one open session fits, else parked; it is always answered',
    evidence: [
      'https://github.com/EVerest/libocpp/issues/495',
      'https://github.com/dallmann-consulting/OCPP.Core/issues/55',
      'https://github.com/mikuso/ocpp-rpc/issues/82',
    ],
    proof: central('answers and records a stop for transaction -1: matched with the one open session, or parked'),
  },
  {
    ...correlation,
    id: 'Q14-stop-never-started',
    what: 'The stop of a transaction that never started here is answered and parked, or it would be repeated for ever and block the next start',
    evidence: ['https://github.com/ConnectorIO/connectorio-addons/pull/199'],
    proof: {
      file: 'test-e2e/src/bad-input.e2e.test.ts',
      test: 'StopTransaction of an unknown transaction is answered, and parked once however often it comes',
    },
  },
  {
    ...correlation,
    id: 'Q16-start-without-stop',
    what: 'A start on a connector ends by inference the session that is open there',
    evidence: ['https://github.com/ChargeTimeEU/Java-OCA-OCPP/issues/74'],
    proof: central(
      'ends a session by inference when the next begins on its EVSE, and corrects it when its stop comes after all',
    ),
  },
  {
    ...correlation,
    id: 'Q17-values-after-stop',
    what: 'Meter values after the stop are recorded and, where no meter stop told the energy, correct it',
    evidence: ['https://github.com/lbbrhzn/ocpp/pull/2075', 'https://github.com/lbbrhzn/ocpp/pull/1777'],
    proof: session('is corrected by late meter values when no meter stop told its energy'),
  },
  {
    ...correlation,
    id: 'Q18-values-without-transaction',
    what: 'Meter values with no usable transaction belong to the session that is open on their EVSE',
    evidence: ['ev-server, OCPPValidator.validateMeterValues'],
    proof: central(
      'gives meter values without a usable transaction to the session that is open on their EVSE, and keeps others as telemetry',
    ),
  },
  {
    ...correlation,
    id: 'Q21-register-reset',
    what: 'A register that goes back or begins again is billed as the sum of its rising stretches',
    evidence: [
      'https://github.com/lbbrhzn/ocpp/pull/919',
      'https://github.com/ChargeTimeEU/Java-OCA-OCPP/issues/331',
      'https://github.com/matth-x/MicroOcpp/issues/66',
    ],
    proof: meters(
      'that was reset under way is billed by its segments, though only transactionData shows it, told twice and in disorder',
    ),
  },
  {
    ...correlation,
    id: 'Q21-meter-mode',
    what: 'A register that rises by more than can be delivered, as from a meter start of 0 to an absolute register, is another one from there on: its rise is billed, flagged',
    evidence: ['https://github.com/lbbrhzn/ocpp/pull/919', 'https://github.com/ChargeTimeEU/Java-OCA-OCPP/issues/331'],
    proof: meters('whose start is told as 0 while its register is absolute is billed by its rise, flagged'),
  },
  {
    ...correlation,
    id: 'Q22-current-total',
    what: 'A current or voltage told beside those of the phases, of the neutral, or between two phases is of no phase; L1-N is L1',
    evidence: ['ev-server, OCPPUtils, "Schneider Bug"', 'lbbrhzn/ocpp, chargepoint.py'],
    proof: {
      file: 'libs/domain/src/meter-samples.test.ts',
      test: 'are those of the phases, whatever total, neutral or line-to-line value stands beside them',
    },
  },
] as const satisfies readonly Quirk[]

export const transportQuirks = [
  {
    ...transport,
    id: 'Q3-our-time',
    what: 'Our time is written in UTC with Z and three digits of a second, always',
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/512'],
    proof: { file: 'libs/ocpp/src/timestamp.test.ts', test: 'never throws, and reads back what we write' },
  },
  {
    ...transport,
    id: 'Q4-no-subprotocol',
    what: 'A charger that names no subprotocol is taken where one is set for it, or a default is configured, and none is echoed',
    evidence: [
      'https://github.com/steve-community/steve/issues/1109',
      'https://github.com/lbbrhzn/ocpp/issues/442',
      'https://github.com/dallmann-consulting/OCPP.Core/issues/43',
    ],
    proof: edge('upgrade.int', 'without a subprotocol is taken where one is set for the charger, and none is echoed'),
  },
  {
    ...transport,
    id: 'Q5-version-pinned',
    what: 'A charger that negotiates one version and speaks another is spoken to in the version that is set for it, and hears the name that it offered',
    evidence: [foxess, 'lbbrhzn/ocpp, docs/supported-devices.md'],
    proof: edge(
      'upgrade.int',
      'of a charger that names another version than is set for it hears its own name, and is spoken to in the one that is set',
    ),
  },
  {
    ...transport,
    kind: 'format',
    id: 'Q5-other-version-spoken',
    what: 'A message in the shape of another version than its connection is read by what it says; energy that this version has no message for is parked verbatim and answered',
    evidence: [foxess],
    proof: { file: 'libs/ocpp/src/v16/other-version.test.ts', test: 'turns a %s of OCPP 2.x into its fact' },
  },
  {
    ...transport,
    id: 'Q6-handshake-mended',
    what: 'A handshake without Connection: Upgrade, with folded headers, lines without CR or a path that is not percent-encoded is taken as the one it means',
    evidence: ['https://github.com/lbbrhzn/ocpp/pull/1984'],
    proof: edge('odd-upgrades.int', 'with %s is taken, noted and logged'),
  },
  {
    ...transport,
    id: 'Q6-malformed-upgrade',
    what: 'An upgrade request that may mean anything else is refused with what is wrong in it, and that is logged',
    evidence: ['https://github.com/lbbrhzn/ocpp/pull/1984'],
    proof: edge('odd-upgrades.int', '%s is refused with what is wrong in it, and logged'),
  },
  {
    ...transport,
    id: 'Q7-newest-wins',
    what: 'A charger that connects again without closing supersedes its old connection; the late end of that changes nothing',
    evidence: [
      'https://github.com/steve-community/steve/issues/357',
      'https://github.com/lorenzodonini/ocpp-go/issues/314',
      'https://github.com/citrineos/citrineos-core/pull/583',
      'https://github.com/voltbras/ts-ocpp/issues/19',
    ],
    proof: edge('takeover.int', 'to the same edge: the same, and the late end of the old one changes nothing'),
  },
  {
    ...transport,
    id: 'Q9-no-calls-before-boot',
    what: 'A charger seen for the first time gets no call before its boot is answered, or 30 s have passed',
    evidence: [
      'https://github.com/lbbrhzn/ocpp/issues/1503',
      'https://github.com/lbbrhzn/ocpp/issues/1510',
      'https://github.com/evcc-io/evcc/pull/27309',
    ],
    proof: edge('commands.int', 'wait until the boot of a charger that was never accepted before is answered'),
  },
  {
    ...transport,
    id: 'Q28-liveness',
    what: 'Any frame is life; pings before 60 s; one that never pongs stays for three heartbeats',
    evidence: [
      'https://github.com/evcc-io/evcc/pull/33099',
      'https://github.com/lorenzodonini/ocpp-go/issues/44',
      'https://github.com/mobilityhouse/ocpp/issues/626',
      'https://github.com/EVerest/libocpp/issues/1135',
    ],
    proof: edge('liveness', 'keeps one that never answers pings for three heartbeats'),
  },
  {
    ...transport,
    id: 'Q29-no-compression',
    what: 'No compression is agreed, even if it is offered',
    evidence: ['https://github.com/lorenzodonini/ocpp-go/issues/358'],
    proof: edge('upgrade.int', 'gets no compression even if it is offered'),
  },
  {
    ...transport,
    id: 'Q33-basic-user',
    what: 'Basic credentials are split behind the charger id first, then behind the first colon; keys come as text or as hex',
    evidence: ['MaEVe, InvalidUsernameAllowed', 'mikuso/ocpp-rpc, lib/server.js'],
    proof: edge('upgrade.int', 'proves its password %s'),
  },
  {
    ...transport,
    id: 'Q34-root-expiry',
    what: 'Which roots each charger trusts is asked and listed with when each ends, before it is dark for an expired one',
    evidence: ['https://github.com/dingo35/SmartEVSE-3.5/issues/363'],
    proof: {
      file: 'test-e2e/src/certificates.e2e.test.ts',
      test: 'takes our root, lists it, and the inventory shows when it ends',
    },
  },
] as const satisfies readonly Quirk[]
