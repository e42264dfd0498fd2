import { protocol16 } from './protocol16.ts'
import { read } from './reading.fixture.ts'

describe('StatusNotification', () => {
  it('becomes the status of an EVSE: connector n is EVSE n, 0 is the station', () => {
    const { fact, rules, answer } = read(
      'ConnectorStatus',
      '[2,"1","StatusNotification",{"connectorId":2,"errorCode":"NoError","status":"SuspendedEV","info":"i","vendorId":"v","vendorErrorCode":"0x1","timestamp":"2026-01-31T12:00:00Z"}]',
    )
    expect(fact).toEqual({
      type: 'ConnectorStatus',
      evseId: 2,
      connectorId: 1,
      status: 'SuspendedEV',
      errorCode: 'NoError',
      info: 'i',
      vendorId: 'v',
      vendorErrorCode: '0x1',
      time: { raw: '2026-01-31T12:00:00Z', at: '2026-01-31T12:00:00.000Z' },
    })
    expect(rules).toEqual([])
    expect(answer({ type: 'ConnectorStatus' })).toEqual({})
    expect(
      read(
        'ConnectorStatus',
        '[2,"1","StatusNotification",{"connectorId":0,"errorCode":"NoError","status":"Available"}]',
      ).fact,
    ).toMatchObject({ evseId: 0, connectorId: 0 })
  })

  it('keeps error codes that nobody defined', () => {
    // Legrand GreenUp: https://github.com/lbbrhzn/ocpp/issues/1248
    const { fact, normalisations } = read(
      'ConnectorStatus',
      '[2,"1","StatusNotification",{"connectorId":1,"errorCode":"Error","status":"Faulted"}]',
    )
    expect(fact.errorCode).toBe('Error')
    expect(normalisations).toEqual([{ rule: 'Q26-enum-open', path: '/errorCode', raw: '"Error"' }])
  })

  it('reads a status in another case, and one that nobody defined as Unavailable', () => {
    const status = (word: string): [string, string[]] => {
      const { fact, rules } = read(
        'ConnectorStatus',
        `[2,"1","StatusNotification",{"connectorId":"1","errorCode":null,"status":${JSON.stringify(word)}}]`,
      )
      return [fact.status, rules.filter((rule) => rule.includes('status') || rule.includes('enum'))]
    }
    expect(status('charging ')).toEqual(['Charging', ['Q26-enum-case']])
    expect(status('Occupied')).toEqual(['Occupied', ['Q26-enum-open']])
    expect(status('OnFire')).toEqual(['Unavailable', ['Q26-enum-open', 'Q26-unknown-status']])
  })

  it('without a readable time is a status all the same', () => {
    // 1970 and no zone: https://github.com/steve-community/steve/issues/136
    const time = (timestamp: string): [unknown, string[]] => {
      const { fact, rules } = read(
        'ConnectorStatus',
        `[2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":${timestamp}}]`,
      )
      return [fact.time, rules]
    }
    expect(time('"1970-01-01T00:00:00Z"')).toEqual([
      { raw: '1970-01-01T00:00:00Z', at: '1970-01-01T00:00:00.000Z' },
      ['Q2-time-zero'],
    ])
    expect(time('"yesterday"')).toEqual([{ raw: 'yesterday' }, ['Q2-time-unreadable']])
    expect(time('1697729287')).toEqual([
      { raw: '1697729287', at: '2023-10-19T15:28:07.000Z' },
      ['Q2-time-as-number', 'Q2-time-epoch'],
    ])
    expect(time('""')).toEqual([{ raw: '' }, ['Q2-time-missing']])
  })

  it('of a connector that cannot be is refused with the code of the violation', () => {
    const refused = (connectorId: unknown): unknown =>
      protocol16.inbound(
        'StatusNotification',
        { connectorId, errorCode: 'NoError', status: 'Available' },
        { tenant: 'default', chargerId: 'CP1' },
      )
    expect(refused(-1)).toMatchObject({ kind: 'error', code: 'PropertyConstraintViolation' })
    expect(refused(undefined)).toMatchObject({ kind: 'error', code: 'OccurenceConstraintViolation' })
    expect(refused({})).toMatchObject({ kind: 'error', code: 'TypeConstraintViolation' })
  })
})
