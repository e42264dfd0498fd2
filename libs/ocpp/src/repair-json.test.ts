import fc from 'fast-check'
import { parseFrame } from './framing.ts'
import { repairJson } from './repair-json.ts'

const context = { tenant: 'default', chargerId: 'CP1' }

/** Frames as chargers sent them, or as their makers' issues tell, and the value that must come through. */
const broken: [rule: string, frame: string, value: string][] = [
  // ZJ Beny, https://github.com/lbbrhzn/ocpp/issues/1078
  [
    'Q24-stray-comma',
    '[2,"9lmha8x27fuad8cemfzn5bxr","MeterValues",{"connectorId":1,"transactionId":1707206943,"meterValue":[{"timestamp":"2024-02-06T08:09:37Z","sampledValue":[,{"value":"139955","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","format":"Raw","unit":"Wh"},{"value":"0","measurand":"Power.Active.Import","format":"Raw","unit":"W"}]}]}]',
    '139955',
  ],
  [
    'Q24-stray-comma',
    '[2,"1","MeterValues",{"connectorId":1,"meterValue":[{"sampledValue":[{"value":"5"},],},]}]',
    '5',
  ],
  // AEFA, https://github.com/lbbrhzn/ocpp/issues/2032
  [
    'Q24-missing-value',
    '[2,"1","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[{"timestamp":"2026-08-04T13:35:45.377","sampledValue":[{"value":"1750"}]}]}]',
    '1750',
  ],
  [
    'Q24-single-quotes',
    `[2,'1','StatusNotification',{'connectorId':1,'errorCode':'NoError','status':'Available','info':'it\\'s "well"'}]`,
    `it's \\"well\\"`,
  ],
  ['Q24-nul-padding', '[2,"1","Heartbeat",{}]\u0000\u0000\u0000', 'Heartbeat'],
  ['Q24-nul-padding', '\ufeff[2,"1","Heartbeat",{}]', 'Heartbeat'],
  [
    'Q24-control-character',
    '[2,"1","MeterValues",{"connectorId":1,"meterValue":[{"sampledValue":[{"value":"0.000","measurand":"Current.Import\n","phase":"L2"}]}]}]',
    '0.000',
  ],
]

describe('broken JSON', () => {
  it.each(broken)('%s is repaired in a real frame', (rule, text, value) => {
    const frame = parseFrame(text, context)
    expect(frame).toMatchObject({
      kind: 'call',
      normalisations: [{ rule, path: '', raw: /^character \d+$/ }].map((note) => ({
        ...note,
        raw: expect.stringMatching(note.raw),
      })),
    })
    expect(JSON.stringify(frame)).toContain(value.replaceAll('\\"', '\\"'))
  })

  it.each(broken)('%s stays broken where the charger has it switched off, and its id is readable', (rule, text) => {
    expect(parseFrame(text, { ...context, rulesOff: [rule] })).toMatchObject({
      kind: 'unreadable',
      problem: 'not-json',
    })
  })

  it('that ends too soon is not guessed at', () => {
    expect(parseFrame('[2,"1","MeterValues",{"connectorId":1,,"meterValue":[{', context)).toMatchObject({
      kind: 'unreadable',
      messageId: '1',
    })
  })

  it('is never touched where it is sound, and repairing never throws', () => {
    fc.assert(fc.property(fc.json(), (text) => expect(repairJson(text, () => true).text).toBe(text)))
    fc.assert(fc.property(fc.string(), (text) => void parseFrame(text, context)))
  })

  it('of 3 MiB is repaired in its stride', () => {
    const text = `[2,"1","DataTransfer",{"vendorId":"v","data":"${'x\n'.repeat(1_500_000)}",}]`
    expect(parseFrame(text, context)).toMatchObject({ kind: 'call' })
  })
})
