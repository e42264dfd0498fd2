import type { Quirk } from './quirk.ts'

/** How a message as a whole is written: its text, its JSON, its header; times and numbers wherever they stand in it. */

const always = { kind: 'format', matches: 'all', default: 'on', switchable: false } as const
const usually = { kind: 'format', matches: 'all', default: 'on', switchable: true } as const
const timestamps = { file: 'libs/ocpp/src/timestamp.test.ts', test: '%j is %s by %j' } as const
const unreadableTime = { file: 'libs/ocpp/src/timestamp.test.ts', test: '%j is unreadable' } as const
const decimals = { file: 'libs/ocpp/src/decimal.test.ts', test: '%j is %s by %j' } as const
const repairs = { file: 'libs/ocpp/src/repair-json.test.ts', test: '%s is repaired in a real frame' } as const
const frame = (test: string) => ({ file: 'libs/ocpp/src/framing.test.ts', test })

const ocppGo237 = 'https://github.com/lorenzodonini/ocpp-go/issues/237'
const keba = 'https://github.com/lbbrhzn/ocpp/issues/1576'
const steve1109 = 'https://github.com/steve-community/steve/issues/1109'
const evServerStatus = 'ev-server, OCPPValidator.validateStatusNotification'

export const messageQuirks = [
  {
    ...usually,
    id: 'Q1-time-no-zone',
    what: 'A time without a zone is read in the zone that is set for the charger, else as UTC',
    evidence: ['https://github.com/evcc-io/evcc/issues/10399', ocppGo237],
    proof: {
      file: 'libs/ocpp/src/timestamp.test.ts',
      test: 'without a zone is read in the zone that is given for the charger, in summer and in winter',
    },
  },
  {
    ...usually,
    id: 'Q2-time-short-zone',
    what: 'A zone without minutes or colon, +02 or +0200, is read as it is meant',
    evidence: ['https://github.com/monta-app/ocpp-emulator/issues/5'],
    proof: timestamps,
  },
  {
    ...usually,
    id: 'Q2-time-date-only',
    what: 'A date alone is read as its midnight',
    evidence: [ocppGo237],
    proof: timestamps,
  },
  {
    ...usually,
    id: 'Q2-time-spaces',
    what: 'Spaces or quotes around a time, or a space for the T, are left out',
    evidence: [ocppGo237],
    proof: timestamps,
  },
  {
    ...usually,
    id: 'Q2-time-loose',
    what: 'Lower-case t or z, a comma before the fraction, missing seconds, or single digits in a time are read',
    evidence: [ocppGo237],
    proof: timestamps,
  },
  {
    ...usually,
    id: 'Q2-time-epoch',
    what: 'A number for a time is seconds or milliseconds since 1970',
    evidence: [evServerStatus],
    proof: timestamps,
  },
  {
    ...always,
    id: 'Q2-time-zero',
    what: 'A time at the beginning of 1970 says that the charger has no clock; it is kept, and never priced by',
    evidence: [evServerStatus, 'https://github.com/steve-community/steve/issues/136'],
    proof: timestamps,
  },
  {
    ...always,
    id: 'Q2-time-unreadable',
    what: 'A time that we cannot read is kept as its text, and our clock decides',
    evidence: [ocppGo237],
    proof: unreadableTime,
  },
  {
    ...always,
    id: 'Q2-time-missing',
    what: 'A start, stop or meter value without a time is one all the same; our clock decides',
    evidence: ['law: nothing is refused that carries energy'],
    proof: unreadableTime,
  },
  {
    ...usually,
    id: 'Q23-decimal-spaces',
    what: 'Spaces or quotes around a number are left out',
    evidence: [keba],
    proof: decimals,
  },
  {
    ...usually,
    id: 'Q23-decimal-comma',
    what: 'A comma for the decimal point is read as the point',
    evidence: [keba],
    proof: decimals,
  },
  {
    ...usually,
    id: 'Q23-decimal-spelling',
    what: 'A plus sign, leading zeros, or nothing before or after the point are read',
    evidence: [keba],
    proof: decimals,
  },
  {
    ...usually,
    id: 'Q23-decimal-exponent',
    what: 'Scientific notation is written out',
    evidence: [keba],
    proof: decimals,
  },
  {
    ...usually,
    id: 'Q23-decimal-unit',
    what: 'A unit behind the number is the unit of the value, whatever else is said or usual',
    evidence: [keba],
    proof: {
      file: 'libs/ocpp/src/v16/meter-values.test.ts',
      test: 'have the unit that stands behind their number, whatever else is said or usual',
    },
  },
  {
    ...always,
    id: 'Q23-decimal-unreadable',
    what: 'What is no number that a meter can show is no value; the measurand is kept',
    evidence: ['law: nothing is refused that carries energy'],
    proof: { file: 'libs/ocpp/src/decimal.test.ts', test: '%j is unreadable' },
  },
  {
    ...usually,
    id: 'Q24-stray-comma',
    what: 'A comma with nothing before or behind it in a list or an object is left out: [,{ and ,]',
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/1078'],
    proof: repairs,
  },
  {
    ...usually,
    id: 'Q24-missing-value',
    what: 'A field whose value is missing altogether is null',
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/2032'],
    proof: repairs,
  },
  {
    ...usually,
    id: 'Q24-single-quotes',
    what: 'Text in single quotes is read as if they were double',
    evidence: ['lbbrhzn/ocpp, docs/user-guide.md (Grizzl-E 5.x)'],
    proof: repairs,
  },
  {
    ...usually,
    id: 'Q24-nul-padding',
    what: 'NUL characters and a byte order mark around the message are left out',
    evidence: [steve1109],
    proof: repairs,
  },
  {
    ...usually,
    id: 'Q24-control-character',
    what: 'A control character that stands unescaped in a text is read as itself',
    evidence: [keba],
    proof: repairs,
  },
  {
    ...always,
    id: 'Q24-nul-stripped',
    what: 'A NUL character in a text is left out',
    evidence: ['law: text in the log is well-formed; databases refuse NUL'],
    proof: frame('strip NUL and replace lone surrogates with their raw form in the note'),
  },
  {
    ...always,
    id: 'Q24-lone-surrogate-replaced',
    what: 'A lone surrogate becomes U+FFFD',
    evidence: ['law: text in the log is well-formed; a lone surrogate has no UTF-8'],
    proof: frame('strip NUL and replace lone surrogates with their raw form in the note'),
  },
  {
    ...always,
    id: 'Q24-number-out-of-range',
    what: 'A number that no double can hold becomes null',
    evidence: ['RFC 8259 §6'],
    proof: { file: 'libs/ocpp/src/rules16.test.ts', test: '%s turns a real frame into a fact' },
  },
  {
    ...always,
    id: 'Q25-payload-null',
    what: 'A payload that is null reads as {}',
    evidence: [steve1109],
    proof: frame('read null and a missing payload as {}'),
  },
  {
    ...always,
    id: 'Q25-payload-missing',
    what: 'A payload that is missing reads as {}',
    evidence: [steve1109],
    proof: frame('read null and a missing payload as {}'),
  },
  {
    ...always,
    id: 'Q25-message-type-as-text',
    what: 'A message type that came as text ("2") is read as the number',
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/1155'],
    proof: frame('take a type written as text and leave out what is too much'),
  },
  {
    ...always,
    id: 'Q25-message-id-number',
    what: 'A message id that is a number is read as its text; the answer echoes the number',
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/1155'],
    proof: frame('take an id that is a number, and let the answer echo it as it came'),
  },
  {
    ...always,
    id: 'Q25-message-id-long',
    what: 'A message id of more than 36 characters, up to 128, is taken',
    evidence: ['https://github.com/lorenzodonini/ocpp-go/issues/359'],
    proof: frame('take an id of up to 128 characters with a note, and none that is longer or of another type'),
  },
  {
    ...always,
    id: 'Q25-message-id-empty',
    what: 'An empty message id is taken',
    evidence: ['law: nothing is refused that carries energy'],
    proof: frame('never throw, and name every rule they use'),
  },
  {
    ...always,
    id: 'Q25-extra-elements',
    what: 'Elements of a frame beyond those of its type are left out; the note has their number',
    evidence: ['https://github.com/lbbrhzn/ocpp/issues/213'],
    proof: frame('take a type written as text and leave out what is too much'),
  },
  {
    ...always,
    id: 'Q25-call-error-incomplete',
    what: 'A CALLERROR without code, description or details settles its command all the same',
    evidence: ['OCPP-J 1.6 §4.2.3'],
    proof: frame('settle a call even with an incomplete CALLERROR'),
  },
] as const satisfies readonly Quirk[]
