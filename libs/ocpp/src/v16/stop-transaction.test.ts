import { read } from './reading.fixture.ts'

const stop = (fields: string) => read('TransactionStop', `[2,"1","StopTransaction",{${fields}}]`)

describe('StopTransaction', () => {
  it('becomes a stop and is answered with or without the status of its tag', () => {
    const { fact, rules, answer } = stop(
      '"transactionId":7,"idTag":"04A2","meterStop":2500,"timestamp":"2026-01-31T13:00:00Z","reason":"Local","transactionData":[{"timestamp":"2026-01-31T12:00:00Z","sampledValue":[{"value":"1500","context":"Transaction.Begin"}]}]',
    )
    expect(fact).toEqual({
      type: 'TransactionStop',
      transactionId: '7',
      idToken: { value: '04A2', type: 'Unknown' },
      meterStop: { value: '2500', unit: 'Wh' },
      time: { raw: '2026-01-31T13:00:00Z', at: '2026-01-31T13:00:00.000Z' },
      reason: 'Local',
      samples: [
        {
          time: { raw: '2026-01-31T12:00:00Z', at: '2026-01-31T12:00:00.000Z' },
          values: [
            { measurand: 'Energy.Active.Import.Register', value: '1500', unit: 'Wh', context: 'Transaction.Begin' },
          ],
        },
      ],
      raw: { transaction: '7', idToken: '"04A2"', timestamp: '"2026-01-31T13:00:00Z"', meterStop: '2500' },
    })
    expect(rules).toEqual([])
    expect(answer({ type: 'TransactionStop' })).toEqual({})
    expect(answer({ type: 'TransactionStop', authorization: { status: 'Accepted' } })).toEqual({
      idTagInfo: { status: 'Accepted' },
    })
    expect(answer({ type: 'Malformed', transactionId: '1' as never })).toEqual({})
  })

  it('of transaction -1, 0, none or an unreadable one names none', () => {
    // EVerest, Hager Witty, Delta: https://github.com/EVerest/libocpp/issues/495
    for (const transaction of ['-1', '0', 'null', '"x"', '18446744073709551615']) {
      const { fact } = stop(`"transactionId":${transaction},"meterStop":1,"timestamp":"2026-01-31T13:00:00Z"`)
      expect(fact).not.toHaveProperty('transactionId')
    }
    const { fact, rules } = stop('"meterStop":1,"timestamp":"2026-01-31T13:00:00Z"')
    expect(fact.raw.transaction).toBe('')
    expect(rules).toEqual(['Q13-missing-transaction'])
  })

  it('with no more than its name is a stop all the same', () => {
    const { fact } = stop('"reason":"Vandalism"')
    expect(fact).toEqual({
      type: 'TransactionStop',
      time: { raw: '' },
      reason: 'Vandalism',
      samples: [],
      raw: { transaction: '', idToken: '', timestamp: '', meterStop: '' },
    })
  })

  it('of 3 MiB of transaction data is read', () => {
    const sample = (i: number): object => ({
      timestamp: new Date(1_769_860_800_000 + i * 60_000).toISOString(),
      sampledValue: [{ value: i, measurand: 'Voltage' }],
    })
    const transactionData = Array.from({ length: 34_000 }, (_, i) => sample(i))
    const payload = { transactionId: 7, meterStop: 1, timestamp: '2026-01-31T13:00:00Z', transactionData }
    const bytes = JSON.stringify([2, '1', 'StopTransaction', payload])
    expect(bytes.length).toBeGreaterThan(3 << 20)
    const { fact, normalisations } = read('TransactionStop', bytes)
    expect(fact.samples).toHaveLength(34_000)
    expect(fact.samples.at(-1)?.values).toEqual([{ measurand: 'Voltage', value: '33999', unit: 'V' }])
    expect(normalisations.length).toBeLessThan(25)
  })

  it('whose data cannot be read is recorded as malformed, with what can', () => {
    const { fact } = read(
      'Malformed',
      '[2,"1","StopTransaction",{"transactionId":7,"idTag":"A","meterStop":8400,"reason":"EVDisconnected","transactionData":["x"]}]',
    )
    expect(fact).toEqual({
      type: 'Malformed',
      meant: 'TransactionStop',
      violations: ['/transactionData/0 must be object'],
      readable: {
        transactionId: '7',
        idToken: { value: 'A', type: 'Unknown' },
        meterStop: { value: '8400', unit: 'Wh' },
        time: { raw: '' },
        reason: 'EVDisconnected',
        samples: [],
      },
    })
  })
})
