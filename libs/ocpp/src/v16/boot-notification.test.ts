import { read } from './reading.fixture.ts'

describe('BootNotification', () => {
  it('becomes a boot and is answered with our time and interval', () => {
    const { fact, rules, answer } = read(
      'Boot',
      '[2,"1","BootNotification",{"chargePointVendor":"ABB","chargePointModel":"TAC","chargePointSerialNumber":"S1","chargeBoxSerialNumber":"B1","firmwareVersion":"1.8","iccid":"i","imsi":"m","meterType":"t","meterSerialNumber":"M1"}]',
    )
    expect(fact).toEqual({
      type: 'Boot',
      vendor: 'ABB',
      model: 'TAC',
      serialNumber: 'S1',
      firmwareVersion: '1.8',
      iccid: 'i',
      imsi: 'm',
      meterType: 't',
      meterSerialNumber: 'M1',
    })
    expect(rules).toEqual([])
    expect(answer({ type: 'Boot', registration: 'Pending', intervalSeconds: 60 })).toEqual({
      status: 'Pending',
      currentTime: '2026-01-31T12:00:00.000Z',
      interval: 60,
    })
  })

  it('with a too long serial and model, extra fields and nulls is taken as it is', () => {
    // Schneider EVlink and HICI: https://github.com/lbbrhzn/ocpp/issues/1155
    const { fact, normalisations } = read(
      'Boot',
      '[2,"1","BootNotification",{"chargePointVendor":"Schneider Electric","chargePointModel":"MONOBLOCK WITH LONG NAME","chargePointSerialNumber":"3N20262040181111111111111111","imsi":null,"protocolVersion":"1.6"}]',
    )
    expect(fact).toEqual({
      type: 'Boot',
      vendor: 'Schneider Electric',
      model: 'MONOBLOCK WITH LONG NAME',
      serialNumber: '3N20262040181111111111111111',
    })
    expect(normalisations).toEqual(
      expect.arrayContaining([
        { rule: 'Q25-text-too-long', path: '/chargePointModel', raw: '"MONOBLOCK WITH LONG NAME"' },
        { rule: 'Q25-text-too-long', path: '/chargePointSerialNumber', raw: '"3N20262040181111111111111111"' },
        { rule: 'Q25-null-field', path: '/imsi', raw: 'null' },
        { rule: 'Q25-extra-field', path: '/protocolVersion', raw: '"1.6"' },
      ]),
    )
    expect(normalisations).toHaveLength(4)
  })

  it('without vendor or with another case of the names is a boot all the same', () => {
    const { fact, rules } = read(
      'Boot',
      '[2,"1","BootNotification",{"ChargePointModel":"X","chargePointSerialNumber":123}]',
    )
    expect(fact).toEqual({ type: 'Boot', vendor: '', model: 'X', serialNumber: '123' })
    expect(rules.toSorted()).toEqual(['Q23-text-as-number', 'Q25-missing-boot-field', 'Q26-field-name-case'])
  })

  it('takes the older serial number when the newer is absent or empty', () => {
    const serial = (fields: string): unknown =>
      read('Boot', `[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M",${fields}}]`).fact
        .serialNumber
    expect(serial('"chargeBoxSerialNumber":"B"')).toBe('B')
    expect(serial('"chargeBoxSerialNumber":"B","chargePointSerialNumber":""')).toBe('B')
  })

  it('keeps passwords in extra URLs out of the normalisations', () => {
    const { normalisations } = read(
      'Boot',
      '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M","backend":"ws://u:p@h/","password":"x"}]',
    )
    expect(normalisations.map(({ raw }) => raw)).toEqual(['withheld: 11 characters', 'withheld: 1 characters'])
  })
})
