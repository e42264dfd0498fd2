import { parseFrame } from './framing.ts'
import { rules16, rulesFor, translationRules } from './rules16.ts'
import { protocol16 } from './v16/protocol16.ts'

const context = { tenant: 'default', chargerId: 'CP1' }
const boot = (more: string): string =>
  `[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"${more}}]`
const start = (more: string): string => `[2,"1","StartTransaction",{"connectorId":1${more}}]`
const status = (fields: string): string => `[2,"1","StatusNotification",{"connectorId":1,${fields}}]`
const meter = (sampled: string): string =>
  `[2,"1","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-01-31T12:00:00Z","sampledValue":[${sampled}]}]}]`
const time = (timestamp: string): string => start(`,"idTag":"A","meterStart":0,"timestamp":${timestamp}`)

/** One deviating frame for each rule, as a charger sent it. */
const seen: Record<string, string> = {
  'null-field': boot(',"iccid":null'),
  'field-name-case': boot(',"FirmwareVersion":"1"'),
  'extra-field': boot(',"chargePointProtocol":"ocpp1.6"'),
  'meter-register-loose': start(',"idTag":"A","meterStart":"236.1","timestamp":"2026-01-31T12:00:00Z"'),
  'missing-meter-register': start(',"idTag":"A","timestamp":"2026-01-31T12:00:00Z"'),
  'time-as-number': time('1697729287'),
  'time-missing': start(',"idTag":"A","meterStart":0'),
  'time-unreadable': time('"19/10/2023 15:28"'),
  'time-no-zone': time('"2023-10-19T15:28:07"'),
  'time-short-zone': time('"2023-10-19T14:35:02+02"'),
  'time-date-only': time('"2023-10-19"'),
  'time-spaces': time('"2023-10-19 15:28:07Z"'),
  'time-loose': time('"2023-10-19T15:28Z"'),
  'time-epoch': time('"1697729287"'),
  'time-zero': time('"1970-01-01T00:00:00Z"'),
  'missing-id-tag': start(',"meterStart":0,"timestamp":"2026-01-31T12:00:00Z"'),
  'missing-transaction': '[2,"1","StopTransaction",{"meterStop":1,"timestamp":"2026-01-31T12:00:00Z"}]',
  'transaction-unreadable':
    '[2,"1","StopTransaction",{"transactionId":"none","meterStop":1,"timestamp":"2026-01-31T12:00:00Z"}]',
  'missing-connector': '[2,"1","MeterValues",{"transactionId":5,"meterValue":[]}]',
  'missing-error-code': status('"status":"Available"'),
  'missing-boot-field': '[2,"1","BootNotification",{"chargePointVendor":"V"}]',
  'missing-sample': meter('{"unit":"Wh"}'),
  'single-as-list': meter('{"value":"1"}').replace('[{"value":"1"}]', '{"value":"1"}'),
  'number-as-text': '[2,"1","MeterValues",{"connectorId":"1","meterValue":[]}]',
  'text-as-number': meter('{"value":21.4}'),
  'boolean-as-text': '',
  'data-as-json': '[2,"1","DataTransfer",{"vendorId":"v","data":{"a":1}}]',
  'text-too-long': boot(',"chargePointSerialNumber":"3N20262040181111111111111111"'),
  'enum-case': status('"errorCode":"noError","status":"Available"'),
  'enum-open': status('"errorCode":"Error","status":"Faulted"'),
  'unit-missing': meter('{"value":"1","measurand":"Voltage"}'),
  'unit-case': meter('{"value":"1","unit":"HZ"}'),
  'signed-unmarked': meter('{"value":"OCMF|{}|{}"}'),
  'unknown-status': status('"errorCode":"NoError","status":"Idle"'),
  'decimal-spaces': meter('{"value":"\\"236.1\\""}'),
  'decimal-comma': meter('{"value":"236,1"}'),
  'decimal-spelling': meter('{"value":"+0236.1"}'),
  'decimal-exponent': meter('{"value":"2.361e2"}'),
  'decimal-unit': meter('{"value":"236.1 Wh"}'),
  'decimal-unreadable': meter('{"value":"NaN"}'),
  'nul-stripped': boot(String.raw`,"firmwareVersion":"1.0\u0000\u0000"`),
  'lone-surrogate-replaced': boot(String.raw`,"firmwareVersion":"1.0\udc00"`),
  'number-out-of-range': start(',"idTag":"A","meterStart":1e999,"timestamp":"2026-01-31T12:00:00Z"'),
}

describe('the quirk rules of OCPP 1.6', () => {
  const all = [...new Set([...rules16.map(({ id }) => id), ...Object.keys(translationRules)])]

  it('each have one name, and say what they do and why', () => {
    expect(new Set(rules16.map(({ id }) => id)).size).toBe(rules16.length)
    for (const { id, what, why } of rules16) {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(what.length > 10 && why.length > 10).toBe(true)
    }
    expect(all.toSorted()).toEqual(Object.keys(seen).toSorted())
    expect(rulesFor(context)).toBe(rules16)
  })

  it.each(Object.entries(seen).filter(([, bytes]) => bytes !== ''))(
    '%s turns a real frame into a fact',
    (rule, bytes) => {
      const frame = parseFrame(bytes)
      if (frame.kind !== 'call') throw new Error(`not a call: ${bytes}`)
      const inbound = protocol16.inbound(frame.action, frame.payload, context)
      expect(inbound).toMatchObject({
        kind: 'fact',
        normalisations: expect.arrayContaining([expect.objectContaining({ rule })]),
      })
      expect(inbound).not.toHaveProperty('fact.type', 'Malformed')
    },
  )

  it('boolean-as-text turns an answer into a result', () => {
    const payload = { configurationKey: [{ key: 'k', readonly: 'True' }] }
    expect(protocol16.settle({ type: 'GetConfiguration' }, payload)).toMatchObject({
      outcome: 'result',
      payload: { configurationKey: [{ key: 'k', readonly: true }] },
    })
  })
})
