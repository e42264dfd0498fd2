import type { TransactionId } from '@voltrail/contracts/ids'
import { read } from './reading.fixture.ts'

const start = (fields: string) => read('TransactionStart', `[2,"1","StartTransaction",{${fields}}]`)

describe('StartTransaction', () => {
  it('becomes a start and is answered with a transaction id and the true status of the tag', () => {
    const { fact, rules, answer } = start(
      '"connectorId":1,"idTag":"04A2","meterStart":1500,"timestamp":"2026-01-31T12:00:00Z","reservationId":9',
    )
    expect(fact).toEqual({
      type: 'TransactionStart',
      evseId: 1,
      connectorId: 1,
      idToken: { value: '04A2', type: 'Unknown' },
      meterStart: { value: '1500', unit: 'Wh' },
      time: { raw: '2026-01-31T12:00:00Z', at: '2026-01-31T12:00:00.000Z' },
      reservationId: '9',
      raw: { connector: '1', idToken: '"04A2"', timestamp: '"2026-01-31T12:00:00Z"', meterStart: '1500' },
    })
    expect(rules).toEqual([])
    const transactionId = '2147483647' as TransactionId
    expect(answer({ type: 'TransactionStart', transactionId, authorization: { status: 'Blocked' } })).toEqual({
      transactionId: 2_147_483_647,
      idTagInfo: { status: 'Blocked' },
    })
    expect(answer({ type: 'Malformed', transactionId })).toEqual({
      transactionId: 2_147_483_647,
      idTagInfo: { status: 'Invalid' },
    })
  })

  it('has its meter start in the unit that stands behind it; one that cannot be scaled is none', () => {
    const withMeter = (text: string) =>
      start(`"connectorId":1,"idTag":"04A2","meterStart":"${text}","timestamp":"2026-01-31T12:00:00Z"`).fact
    expect(withMeter('1.5 kWh')).toMatchObject({ meterStart: { value: '1.5', unit: 'kWh' } })
    expect(withMeter('1.5 MWh')).not.toHaveProperty('meterStart')
  })

  it('keeps the values as received beside what the rules made of them', () => {
    const { fact, rules } = start(
      String.raw`"connectorId":"1","idTag":"04A2\u0000","meterStart":"236.10","timestamp":"2023-10-19T15:28:07"`,
    )
    expect(fact).toMatchObject({
      evseId: 1,
      idToken: { value: '04A2' },
      meterStart: { value: '236.10', unit: 'Wh' },
      time: { raw: '2023-10-19T15:28:07', at: '2023-10-19T15:28:07.000Z' },
      raw: {
        connector: '"1"',
        idToken: String.raw`"04A2\u0000"`,
        timestamp: '"2023-10-19T15:28:07"',
        meterStart: '"236.10"',
      },
    })
    expect(rules.toSorted()).toEqual([
      'Q1-time-no-zone',
      'Q23-meter-register-loose',
      'Q23-number-as-text',
      'Q24-nul-stripped',
    ])
  })

  it('keeps decimals in the register', () => {
    // KEBA: https://github.com/lbbrhzn/ocpp/issues/1576
    expect(
      start('"connectorId":1,"idTag":"A","meterStart":236.1,"timestamp":"2026-01-31T12:00:00Z"').fact.meterStart,
    ).toEqual({
      value: '236.1',
      unit: 'Wh',
    })
  })

  it('without tag, register or time is a start all the same', () => {
    const { fact, rules } = start('"connectorId":1')
    expect(fact).toEqual({
      type: 'TransactionStart',
      evseId: 1,
      connectorId: 1,
      idToken: { value: '', type: 'NoAuthorization' },
      time: { raw: '' },
      raw: { connector: '1', idToken: '', timestamp: '', meterStart: '' },
    })
    expect(rules.toSorted()).toEqual(['Q2-time-missing', 'Q21-missing-meter-register', 'Q27-missing-id-tag'])
    expect(start('"connectorId":1,"idTag":null,"meterStart":"n/a","timestamp":"x"').fact).toMatchObject({
      idToken: { value: '' },
      raw: { idToken: 'null', meterStart: '"n/a"' },
    })
  })

  it('reads the time in the zone of the charger', () => {
    const { fact } = read(
      'TransactionStart',
      '[2,"1","StartTransaction",{"connectorId":1,"idTag":"A","meterStart":0,"timestamp":"2023-10-19T15:28:07"}]',
      { zone: 'Europe/Berlin' },
    )
    expect(fact.time.at).toBe('2023-10-19T13:28:07.000Z')
  })

  it.each([
    ['', '/connectorId is missing'],
    ['"connectorId":"abc",', '/connectorId must be integer'],
    ['"connectorId":5000,', '/connectorId must be a connector from 0 to 999'],
  ])('without a readable connector (%s) is malformed, with everything else that it says', (connector, violation) => {
    const { fact } = read(
      'Malformed',
      `[2,"1","StartTransaction",{${connector}"idTag":"A","meterStart":1500,"timestamp":"2026-01-31T12:00:00Z"}]`,
    )
    expect(fact).toEqual({
      type: 'Malformed',
      meant: 'TransactionStart',
      violations: [violation],
      readable: {
        idToken: { value: 'A', type: 'Unknown' },
        meterStart: { value: '1500', unit: 'Wh' },
        time: { raw: '2026-01-31T12:00:00Z', at: '2026-01-31T12:00:00.000Z' },
      },
    })
  })
})
