import { meterKey } from '@voltrail/domain/content-key'
import { read } from './reading.fixture.ts'

const values = (fields: string) => read('MeterValues', `[2,"1","MeterValues",{${fields}}]`)
const sampled = (item: string) => {
  const { fact, rules } = values(
    `"connectorId":1,"transactionId":7,"meterValue":[{"timestamp":"2026-01-31T12:00:00Z","sampledValue":[${item}]}]`,
  )
  return [fact.samples[0]?.values[0], rules]
}

describe('MeterValues', () => {
  it('keep every value as its exact decimal, with the defaults of the standard', () => {
    const { fact, rules, answer } = values(
      '"connectorId":1,"transactionId":7,"meterValue":[{"timestamp":"2026-01-31T12:00:00Z","sampledValue":[{"value":"1500.000000000000000001"},{"value":"21.40","context":"Sample.Periodic","measurand":"Current.Import","phase":"L1","location":"Outlet","unit":"A"},{"value":"20","measurand":"Temperature","unit":"Celcius"}]}]',
    )
    expect(fact).toEqual({
      type: 'MeterValues',
      evseId: 1,
      connectorId: 1,
      transactionId: '7',
      samples: [
        {
          time: { raw: '2026-01-31T12:00:00Z', at: '2026-01-31T12:00:00.000Z' },
          values: [
            { measurand: 'Energy.Active.Import.Register', value: '1500.000000000000000001', unit: 'Wh' },
            {
              measurand: 'Current.Import',
              value: '21.40',
              unit: 'A',
              context: 'Sample.Periodic',
              phase: 'L1',
              location: 'Outlet',
            },
            { measurand: 'Temperature', value: '20', unit: 'Celsius' },
          ],
        },
      ],
      raw: { connector: '1', transaction: '7', contentHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    expect(rules).toEqual([])
    expect(answer({ type: 'MeterValues' })).toEqual({})
    expect(answer({ type: 'Malformed', transactionId: '1' as never })).toEqual({})
  })

  it('name no transaction with 0, -1, null, text or nothing', () => {
    // KEBA and others: ev-server, OCPPValidator.validateMeterValues
    for (const transaction of ['0', '-1', 'null', '"none"', '1.5']) {
      const { fact } = values(`"connectorId":0,"transactionId":${transaction},"meterValue":[]`)
      expect(fact).not.toHaveProperty('transactionId')
      expect(fact.raw.transaction).toBe(transaction)
    }
    expect(values('"connectorId":1,"meterValue":[]').fact.raw.transaction).toBe('')
    expect(values('"connectorId":1,"transactionId":"7","meterValue":[]').fact.transactionId).toBe('7')
    expect(values('"meterValue":[]').fact).toMatchObject({ evseId: 0, connectorId: 0 })
  })

  it('at connector 0 of a single-connector box are at connector 1', () => {
    // KEBA: ev-server, OCPPValidator.validateMeterValues
    const bytes = '[2,"1","MeterValues",{"connectorId":0,"transactionId":0,"meterValue":[]}]'
    const { fact, rules } = read('MeterValues', bytes, { vendor: 'Keba AG', model: 'KC-P30-ESS400C2-E0R' })
    expect(fact).toMatchObject({ evseId: 1, connectorId: 1 })
    expect(rules).toEqual(['Q18-connector-zero', 'Q18-transaction-zero'])
    for (const context of [{}, { vendor: 'ABB' }, { vendor: 'Keba AG', rulesOff: ['Q18-connector-zero'] }]) {
      expect(read('MeterValues', bytes, context).fact).toMatchObject({ evseId: 0, connectorId: 0 })
    }
    expect(read('MeterValues', bytes, { rulesOn: ['Q18-connector-zero'] }).fact).toMatchObject({ evseId: 1 })
  })

  it('are known by the connector as received: told again after the rule was switched they are the same', () => {
    const bytes = '[2,"1","MeterValues",{"connectorId":0,"meterValue":[]}]'
    const raws = [['Q18-connector-zero'], []].map((rulesOn) => read('MeterValues', bytes, { rulesOn }).fact)
    expect(raws.map(({ evseId }) => evseId)).toEqual([1, 0])
    const [on, off] = raws.map(({ evseId, raw }) => meterKey('CP1', evseId, raw))
    expect(on).toBe(off)
    // and of each physical connector there is another
    const second = values('"connectorId":2,"meterValue":[]').fact
    expect(meterKey('CP1', second.evseId, second.raw)).not.toBe(on)
  })

  it('have the unit of their measurand when it is missing', () => {
    // Autel: https://github.com/lbbrhzn/ocpp/issues/1989
    expect(sampled('{"value":"3600","measurand":"Power.Active.Import"}')).toEqual([
      { measurand: 'Power.Active.Import', value: '3600', unit: 'W' },
      ['Q19-unit-missing'],
    ])
    expect(sampled('{"value":"5","measurand":"SoC","unit":""}')).toEqual([
      { measurand: 'SoC', value: '5', unit: 'Percent' },
      ['Q26-enum-open', 'Q19-unit-missing'],
    ])
    expect(sampled('{"value":"5","measurand":"RPM"}')).toEqual([{ measurand: 'RPM', value: '5' }, []])
  })

  it('have the unit that stands behind their number, whatever else is said or usual', () => {
    const register = 'Energy.Active.Import.Register'
    expect(sampled('{"value":"2.75 kWh"}')).toEqual([
      { measurand: register, value: '2.75', unit: 'kWh' },
      ['Q23-decimal-unit'],
    ])
    expect(sampled('{"value":"2.75KWH","unit":"Wh"}')).toEqual([
      { measurand: register, value: '2.75', unit: 'kWh' },
      ['Q23-decimal-unit'],
    ])
    // what we cannot scale is not taken for Wh
    expect(sampled('{"value":"2.75 MWh"}')).toEqual([
      { measurand: register, value: '2.75', unit: 'MWh' },
      ['Q23-decimal-unit'],
    ])
    expect(sampled('{"value":"80 %","measurand":"SoC"}')).toEqual([
      { measurand: 'SoC', value: '80', unit: 'Percent' },
      ['Q23-decimal-unit'],
    ])
  })

  it('that are no number say in a note only how long they were: a record of a kind that nobody knows may name a person', () => {
    const { normalisations } = read(
      'MeterValues',
      '[2,"1","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-01-31T12:00:00Z","sampledValue":[{"value":"AP;0;3;04A1B2C3;x"},{"value":"n/a"},{"value":"NaN"}]}]}]',
    )
    const raws = normalisations.filter(({ rule }) => rule === 'Q23-decimal-unreadable').map(({ raw }) => raw)
    expect(raws).toEqual(['withheld: 17 characters', 'withheld: 3 characters', '"NaN"'])
  })

  it('of a frame as Autel sends it, numbers without unit, are whole', () => {
    // Autel MaxiCharger: https://github.com/lbbrhzn/ocpp/issues/1989
    const { fact, rules } = values(
      '"connectorId":1,"transactionId":7,"meterValue":[{"timestamp":"2026-01-31T12:00:00Z","sampledValue":[{"value":7350.5,"measurand":"Power.Active.Import","context":"Sample.Periodic"},{"value":15.9,"measurand":"Current.Import","phase":"L1"},{"value":1240000}]}]',
    )
    expect(fact.samples[0]?.values).toEqual([
      { measurand: 'Power.Active.Import', value: '7350.5', unit: 'W', context: 'Sample.Periodic' },
      { measurand: 'Current.Import', value: '15.9', unit: 'A', phase: 'L1' },
      { measurand: 'Energy.Active.Import.Register', value: '1240000', unit: 'Wh' },
    ])
    expect(new Set(rules)).toEqual(new Set(['Q23-text-as-number', 'Q19-unit-missing']))
  })

  it('are read with spaces, quotes, numbers and units of their own', () => {
    // Charge Amps Halo, KEBA: https://github.com/lbbrhzn/ocpp/issues/1576
    expect(sampled('{"value":" 50.01","measurand":"Frequency","unit":"Hz"}')).toEqual([
      { measurand: 'Frequency', value: '50.01', unit: 'Hz' },
      ['Q26-enum-open', 'Q23-decimal-spaces'],
    ])
    expect(sampled('{"value":21.4,"measurand":"voltage","unit":"v"}')).toEqual([
      { measurand: 'Voltage', value: '21.4', unit: 'V' },
      ['Q23-text-as-number', 'Q26-enum-case', 'Q26-enum-case'],
    ])
    expect(sampled('{"value":"1","measurand":"X.Own","context":"Own","phase":"L4","location":"Roof"}')).toEqual([
      { measurand: 'X.Own', value: '1', context: 'Own', phase: 'L4', location: 'Roof' },
      ['Q26-enum-open', 'Q26-enum-open', 'Q26-enum-open', 'Q26-enum-open'],
    ])
  })

  it('keep a signed record byte for byte at any length', () => {
    const record = `OCMF|{"FV" : "1.0"}|{"SD":"${'aB\\/é€'.repeat(20_000)}"} `
    expect(Buffer.byteLength(record)).toBeGreaterThan(100_000)
    expect(sampled(JSON.stringify({ value: record, format: 'SignedData', context: 'Transaction.Begin' }))).toEqual([
      { measurand: 'Energy.Active.Import.Register', signed: record, context: 'Transaction.Begin' },
      [],
    ])
    expect(sampled(JSON.stringify({ value: record }))).toEqual([
      { measurand: 'Energy.Active.Import.Register', signed: record },
      ['Q23-signed-unmarked'],
    ])
  })

  it('keep a signed record of transactionData byte for byte at any length', () => {
    const record = `OCMF|{"FV" : "1.0"}|{"SD":"${'aB\\/é€'.repeat(20_000)}"} `
    const sample = (context: string) => ({
      timestamp: '2026-01-31T12:00:00Z',
      sampledValue: [{ value: `${record}${context}`, format: 'SignedData', context }],
    })
    const frame = {
      transactionId: 7,
      meterStop: 3500,
      timestamp: '2026-01-31T12:00:00Z',
      transactionData: [sample('Transaction.Begin'), sample('Transaction.End')],
    }
    const { fact, normalisations } = read('TransactionStop', JSON.stringify([2, '1', 'StopTransaction', frame]))
    expect(fact.samples.map((one) => one.values[0]?.signed)).toEqual([
      `${record}Transaction.Begin`,
      `${record}Transaction.End`,
    ])
    expect(normalisations).toEqual([])
  })

  it('lose no good value to a bad one', () => {
    const { fact, rules } = values(
      '"connectorId":1,"meterValue":[null,{"timestamp":"x","sampledValue":[{"value":"NaN"},{"unit":"Wh"},null,{"value":"5"}]},{"sampledValue":{"value":"6"}},{"timestamp":"2026-01-31T12:00:00Z"}]',
    )
    expect(fact.samples.map(({ values: list }) => list.map(({ value }) => value))).toEqual([
      [undefined, undefined, '5'],
      ['6'],
      [],
    ])
    expect(new Set(rules)).toEqual(
      new Set([
        'Q25-null-field',
        'Q2-time-unreadable',
        'Q25-missing-sample',
        'Q25-single-as-list',
        'Q2-time-missing',
        'Q23-decimal-unreadable',
      ]),
    )
  })

  it('have one hash for the same content in another spelling, and another for other content', () => {
    const hash = (list: string): string => values(`"connectorId":1,"meterValue":${list}`).fact.raw.contentHash
    const same = hash('[{"timestamp":"t","sampledValue":[{"value":"1","unit":"Wh"}]}]')
    expect(hash('[ {"sampledValue":[{"unit":"Wh","value":"1"}],"timestamp":"t"} ]')).toBe(same)
    expect(hash('[{"timestamp":"t","sampledValue":[{"value":1,"unit":"Wh"}]}]')).not.toBe(same)
  })

  it('note many equal repairs a few times and then their number', () => {
    const item = '{"value":1}'
    const { normalisations } = values(
      `"connectorId":1,"meterValue":[{"timestamp":"2026-01-31T12:00:00Z","sampledValue":[${Array(100).fill(item).join(',')}]}]`,
    )
    expect(normalisations).toHaveLength(9)
    expect(normalisations.at(-1)).toEqual({ rule: 'Q23-text-as-number', path: '*', raw: '92 more' })
  })

  it('without a readable connector are malformed, with everything else that they say', () => {
    const { fact } = read(
      'Malformed',
      '[2,"1","MeterValues",{"connectorId":"abc","transactionId":7,"meterValue":[{"timestamp":"2026-01-31T12:00:00Z","sampledValue":[{"value":"1500"}]}]}]',
    )
    expect(fact).toMatchObject({
      violations: ['/connectorId must be integer'],
      readable: { transactionId: '7', samples: [{ values: [{ value: '1500' }] }] },
    })
  })

  it('that have no list are recorded as malformed', () => {
    expect(read('Malformed', '[2,"1","MeterValues",{"connectorId":1}]').fact.meant).toBe('MeterValues')
  })
})
