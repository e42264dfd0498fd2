import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import * as schemas20 from 'typed-ocpp/dist/ocpp20/schemas.js'
import { Fact } from '@voltrail/contracts/facts'
import type { TransactionId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { parseFrame } from '../framing.ts'
import { protocol16 } from './protocol16.ts'

const context = { tenant: 'default', chargerId: 'CP1' }
const now = instant(Date.UTC(2026, 0, 31, 12))
const noted = [{ rule: 'Q5-other-version-spoken', path: '', raw: '"2.x"' }]

/** Frames as stations of OCPP 2.0.1 send them. */
const frames = {
  BootNotification:
    '[2,"b1","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"A011KP1-E","vendorName":"FoxESS","serialNumber":"60KB1","firmwareVersion":"1.32","modem":{"iccid":"8949"}}}]',
  StatusNotification:
    '[2,"s1","StatusNotification",{"timestamp":"2026-01-31T12:00:00Z","connectorStatus":"Occupied","evseId":2,"connectorId":1}]',
  Authorize: '[2,"a1","Authorize",{"idToken":{"idToken":"04A2B3C4","type":"ISO14443"}}]',
  MeterValues:
    '[2,"m1","MeterValues",{"evseId":2,"meterValue":[{"timestamp":"2026-01-31T12:00:00Z","sampledValue":[{"value":12.345,"measurand":"Energy.Active.Import.Register","unitOfMeasure":{"unit":"kWh"},"signedMeterValue":{"signedMeterData":"T0NNRnx7fXx7fQ==","signingMethod":"","encodingMethod":"OCMF","publicKey":""}},{"value":72,"measurand":"Power.Active.Import","unitOfMeasure":{"unit":"W","multiplier":2}}]}]}]',
  started:
    '[2,"t1","TransactionEvent",{"eventType":"Started","timestamp":"2026-01-31T12:00:00Z","triggerReason":"Authorized","seqNo":0,"transactionInfo":{"transactionId":"3c7e0d1a-8a8e-4c55-9b0e-6a1e0f6f8d01","chargingState":"Charging"},"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"04A2B3C4","type":"ISO14443"},"meterValue":[{"timestamp":"2026-01-31T12:00:00Z","sampledValue":[{"value":1000,"context":"Transaction.Begin"}]}]}]',
  ended:
    '[2,"t2","TransactionEvent",{"eventType":"Ended","timestamp":"2026-01-31T13:00:00Z","triggerReason":"StopAuthorized","seqNo":9,"transactionInfo":{"transactionId":"3c7e0d1a-8a8e-4c55-9b0e-6a1e0f6f8d01","stoppedReason":"Local"},"meterValue":[{"timestamp":"2026-01-31T13:00:00Z","sampledValue":[{"value":8.2,"context":"Transaction.End","unitOfMeasure":{"unit":"kWh"}}]}]}]',
}

const read = (bytes: string) => {
  const frame = parseFrame(bytes)
  if (frame.kind !== 'call') throw new Error(`not a call: ${bytes}`)
  return protocol16.inbound(frame.action, frame.payload, context)
}
const readFact = (bytes: string) => {
  const inbound = read(bytes)
  if (inbound.kind !== 'fact') throw new Error(`no fact: ${JSON.stringify(inbound)}`)
  expect(Fact.safeParse(inbound.fact)).toMatchObject({ success: true })
  return inbound
}

describe('a connection that speaks OCPP 1.6', () => {
  it.each([
    [
      'BootNotification',
      {
        type: 'Boot',
        vendor: 'FoxESS',
        model: 'A011KP1-E',
        serialNumber: '60KB1',
        firmwareVersion: '1.32',
        iccid: '8949',
      },
      { type: 'Boot', registration: 'Accepted', intervalSeconds: 300 },
    ],
    [
      'StatusNotification',
      { type: 'ConnectorStatus', evseId: 2, connectorId: 1, status: 'Occupied', errorCode: 'NoError' },
      { type: 'ConnectorStatus' },
    ],
    [
      'Authorize',
      { type: 'Authorize', idToken: { value: '04A2B3C4', type: 'Unknown' } },
      { type: 'Authorize', authorization: { status: 'Accepted' } },
    ],
    [
      'MeterValues',
      {
        type: 'MeterValues',
        evseId: 2,
        connectorId: 1,
        samples: [
          {
            values: [
              { measurand: 'Energy.Active.Import.Register', value: '12.345', unit: 'kWh' },
              { measurand: 'Energy.Active.Import.Register', signed: 'T0NNRnx7fXx7fQ==' },
              { measurand: 'Power.Active.Import', value: '7200', unit: 'W' },
            ],
          },
        ],
      },
      { type: 'MeterValues' },
    ],
  ] as const)('turns a %s of OCPP 2.x into its fact', (name, fact, answer) => {
    const inbound = readFact(frames[name])
    expect(inbound.fact).toMatchObject(fact)
    expect(inbound.normalisations).toEqual(expect.arrayContaining(noted))
    expect(inbound.normalisations.map(({ rule }) => rule)).not.toContain('Q25-extra-field')
    expect(() => inbound.answer(answer as never, now)).not.toThrow()
  })

  it('parks a TransactionEvent, which it does not know, with all that can be read, and answers it as its own version wants', () => {
    const inbound = readFact(frames.started)
    expect(inbound.normalisations).toEqual(noted)
    expect(inbound.fact).toMatchObject({
      type: 'Malformed',
      meant: 'TransactionStart',
      violations: ['TransactionEvent is a message of OCPP 2.x, on a connection that speaks OCPP 1.6'],
      readable: {
        evseId: 1,
        connectorId: 1,
        transactionId: '3c7e0d1a-8a8e-4c55-9b0e-6a1e0f6f8d01',
        idToken: { value: '04A2B3C4' },
        meterStart: { value: '1000', unit: 'Wh' },
        time: { raw: '2026-01-31T12:00:00Z' },
      },
    })
    expect(readFact(frames.ended).fact).toMatchObject({
      meant: 'TransactionStop',
      readable: { reason: 'Local', meterStop: { value: '8.2', unit: 'kWh' } },
    })
    const ajv = addFormats.default(new Ajv({ strict: false }))
    const transactionId = '77' as TransactionId
    for (const answer of [
      inbound.answer({ type: 'Malformed', transactionId }, now),
      inbound.answer({ type: 'TransactionStart', transactionId, authorization: { status: 'Invalid' } }, now),
    ])
      expect(ajv.validate(schemas20.TransactionEventResponse as object, answer)).toBe(true)
  })

  it('parks a TransactionEvent whatever stands in it', () => {
    for (const payload of [
      {},
      { eventType: 5, evse: 7, idToken: [], transactionInfo: { transactionId: 'x'.repeat(99) }, meterValue: {} },
      { eventType: 'constructor', meterValue: [null, { sampledValue: [null, 5, { value: {} }] }], evse: { id: -1 } },
    ])
      expect(readFact(JSON.stringify([2, '1', 'TransactionEvent', payload])).fact).toMatchObject({
        type: 'Malformed',
        meant: 'MeterValues',
      })
  })

  it('says of other messages of OCPP 2.x which version they are of', () => {
    expect(read('[2,"1","NotifyReport",{"requestId":1,"generatedAt":"2026-01-31T12:00:00Z","seqNo":0}]')).toEqual({
      kind: 'error',
      code: 'NotImplemented',
      description: 'NotifyReport is a message of OCPP 2.x, and this connection speaks OCPP 1.6',
      details: {},
      normalisations: noted,
    })
  })
})
