import { parseFrame } from './framing.ts'
import { rules16 } from './rules16.ts'
import { quirks } from './quirks.ts'
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
  'Q25-null-field': boot(',"iccid":null'),
  'Q26-field-name-case': boot(',"FirmwareVersion":"1"'),
  'Q25-extra-field': boot(',"chargePointProtocol":"ocpp1.6"'),
  'Q23-meter-register-loose': start(',"idTag":"A","meterStart":"236.1","timestamp":"2026-01-31T12:00:00Z"'),
  'Q21-missing-meter-register': start(',"idTag":"A","timestamp":"2026-01-31T12:00:00Z"'),
  'Q2-time-as-number': time('1697729287'),
  'Q2-time-missing': start(',"idTag":"A","meterStart":0'),
  'Q2-time-unreadable': time('"19/10/2023 15:28"'),
  'Q1-time-no-zone': time('"2023-10-19T15:28:07"'),
  'Q2-time-short-zone': time('"2023-10-19T14:35:02+02"'),
  'Q2-time-date-only': time('"2023-10-19"'),
  'Q2-time-spaces': time('"2023-10-19 15:28:07Z"'),
  'Q2-time-loose': time('"2023-10-19T15:28Z"'),
  'Q2-time-epoch': time('"1697729287"'),
  'Q2-time-zero': time('"1970-01-01T00:00:00Z"'),
  'Q27-missing-id-tag': start(',"meterStart":0,"timestamp":"2026-01-31T12:00:00Z"'),
  'Q13-missing-transaction': '[2,"1","StopTransaction",{"meterStop":1,"timestamp":"2026-01-31T12:00:00Z"}]',
  'Q13-transaction-unreadable':
    '[2,"1","StopTransaction",{"transactionId":"none","meterStop":1,"timestamp":"2026-01-31T12:00:00Z"}]',
  'Q13-transaction-none':
    '[2,"1","StopTransaction",{"transactionId":-1,"meterStop":1,"timestamp":"2026-01-31T12:00:00Z"}]',
  'Q18-transaction-zero': '[2,"1","MeterValues",{"connectorId":1,"transactionId":0,"meterValue":[]}]',
  'Q18-missing-connector': '[2,"1","MeterValues",{"transactionId":5,"meterValue":[]}]',
  'Q25-missing-error-code': status('"status":"Available"'),
  'Q25-missing-boot-field': '[2,"1","BootNotification",{"chargePointVendor":"V"}]',
  'Q25-missing-sample': meter('{"unit":"Wh"}'),
  'Q25-single-as-list': meter('{"value":"1"}').replace('[{"value":"1"}]', '{"value":"1"}'),
  'Q23-number-as-text': '[2,"1","MeterValues",{"connectorId":"1","meterValue":[]}]',
  'Q23-text-as-number': meter('{"value":21.4}'),
  'Q23-boolean-as-text': '',
  'Q25-data-as-json': '[2,"1","DataTransfer",{"vendorId":"v","data":{"a":1}}]',
  'Q25-text-too-long': boot(',"chargePointSerialNumber":"3N20262040181111111111111111"'),
  'Q26-enum-case': status('"errorCode":"noError","status":"Available"'),
  'Q26-enum-open': status('"errorCode":"Error","status":"Faulted"'),
  'Q19-unit-missing': meter('{"value":"1","measurand":"Voltage"}'),
  'Q23-unit-case': meter('{"value":"1","unit":"HZ"}'),
  'Q23-signed-unmarked': meter('{"value":"OCMF|{}|{}"}'),
  'Q26-unknown-status': status('"errorCode":"NoError","status":"Idle"'),
  'Q23-decimal-spaces': meter('{"value":"\\"236.1\\""}'),
  'Q23-decimal-comma': meter('{"value":"236,1"}'),
  'Q23-decimal-spelling': meter('{"value":"+0236.1"}'),
  'Q23-decimal-exponent': meter('{"value":"2.361e2"}'),
  'Q23-decimal-unit': meter('{"value":"236.1 Wh"}'),
  'Q23-decimal-unreadable': meter('{"value":"NaN"}'),
  'Q24-nul-stripped': boot(String.raw`,"firmwareVersion":"1.0\u0000\u0000"`),
  'Q24-lone-surrogate-replaced': boot(String.raw`,"firmwareVersion":"1.0\udc00"`),
  'Q24-number-out-of-range': start(',"idTag":"A","meterStart":1e999,"timestamp":"2026-01-31T12:00:00Z"'),
}

describe('the quirk rules of OCPP 1.6', () => {
  it('each have one name, which the tables of quirks know, and a frame that needs them', () => {
    expect(new Set(rules16.map(({ id }) => id)).size).toBe(rules16.length)
    const ids = new Set<string>(quirks.map(({ id }) => id))
    for (const id of [...rules16.map((rule) => rule.id), ...Object.keys(seen)])
      expect([id, ids.has(id)]).toEqual([id, true])
    for (const { id, proof } of quirks) {
      if (!('file' in proof) || proof.test !== '%s turns a real frame into a fact') continue
      expect(seen).toHaveProperty([id])
    }
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

  it('Q23-boolean-as-text turns an answer into a result', () => {
    const payload = { configurationKey: [{ key: 'k', readonly: 'True' }] }
    expect(protocol16.settle({ type: 'GetConfiguration' }, payload)).toMatchObject({
      outcome: 'result',
      payload: { configurationKey: [{ key: 'k', readonly: true }] },
    })
  })
})
