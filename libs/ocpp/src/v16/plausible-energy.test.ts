import { read } from './reading.fixture.ts'

const sample = (minute: number, register: string, unit: string, power = '7200') => ({
  timestamp: `2026-01-31T12:${String(minute).padStart(2, '0')}:00Z`,
  sampledValue: [
    { value: register, measurand: 'Energy.Active.Import.Register', unit },
    { value: power, measurand: 'Power.Active.Import', unit: 'W' },
  ],
})
const meter = (meterValue: object[], context: object = {}) =>
  read(
    'MeterValues',
    JSON.stringify([2, '1', 'MeterValues', { connectorId: 1, transactionId: 7, meterValue }]),
    context,
  )

describe('energy against power and time', () => {
  it('is flagged when kWh are called Wh', () => {
    // OpenEVSE 4.2.2: https://github.com/OpenEVSE/openevse_esp32_firmware/issues/703
    const { fact, normalisations } = meter([sample(0, '12.10', 'Wh'), sample(10, '13.30', 'Wh')])
    expect(normalisations).toEqual([
      { rule: 'Q20-suspect', path: '/meterValue/1/sampledValue/0/value', raw: '"13.30 Wh"' },
    ])
    // and no value is changed
    expect(fact.samples[1]?.values[0]).toMatchObject({ value: '13.30', unit: 'Wh' })
  })

  it('is flagged when Wh are called kWh', () => {
    expect(meter([sample(0, '12100', 'kWh'), sample(10, '13300', 'kWh')]).rules).toEqual(['Q20-suspect'])
  })

  it('is compared with the message before on the same connection', () => {
    const lastRegisters = new Map()
    expect(meter([sample(0, '12.10', 'Wh')], { lastRegisters }).rules).toEqual([])
    expect(meter([sample(10, '13.30', 'Wh')], { lastRegisters }).rules).toEqual(['Q20-suspect'])
    expect(meter([sample(20, '2500', 'Wh')], { lastRegisters }).rules).toEqual([])
  })

  it('is not flagged when it fits, stands still, is late, or the power is small', () => {
    expect(meter([sample(0, '12100', 'Wh'), sample(10, '13300', 'Wh')]).rules).toEqual([])
    expect(meter([sample(0, '12100', 'Wh'), sample(10, '12100', 'Wh')]).rules).toEqual([])
    expect(meter([sample(0, '12.10', 'Wh'), sample(50, '18.10', 'Wh')]).rules).toEqual([])
    expect(meter([sample(0, '12.10', 'Wh', '80'), sample(10, '12.11', 'Wh', '80')]).rules).toEqual([])
    expect(meter([sample(0, '12.10', 'Wh'), sample(10, '13.30', 'Wh')], { rulesOff: ['Q20-suspect'] }).rules).toEqual(
      [],
    )
  })

  it('is not flagged where the power was drawn for a moment only: before the car began, or after it was full', () => {
    expect(meter([sample(0, '12100', 'Wh', '0'), sample(20, '12106', 'Wh')]).rules).toEqual([])
    expect(meter([sample(0, '12100', 'Wh'), sample(20, '12106', 'Wh', '0')]).rules).toEqual([])
  })

  describe('of a start and of its stop', () => {
    const start = (meterStart: number, minute: number, context: object) =>
      read(
        'TransactionStart',
        JSON.stringify([
          2,
          '1',
          'StartTransaction',
          { connectorId: 1, idTag: 'A', meterStart, timestamp: `2026-01-31T12:${String(minute).padStart(2, '0')}:00Z` },
        ]),
        context,
      )
    const stop = (meterStop: number, minute: number, context: object, transactionData?: object[]) =>
      read(
        'TransactionStop',
        JSON.stringify([
          2,
          '1',
          'StopTransaction',
          { transactionId: 7, meterStop, timestamp: `2026-01-31T12:${minute}:00Z`, transactionData },
        ]),
        context,
      )

    it('is compared with the meter values between them, whatever EVSE the stop does not name', () => {
      const context = { lastRegisters: new Map() }
      expect(start(100, 0, context).rules).toEqual([])
      expect(meter([sample(10, '1200000', 'Wh')], context).normalisations).toMatchObject([{ rule: 'Q20-suspect' }])
      expect(meter([sample(20, '1201200', 'Wh')], context).rules).toEqual([])
      expect(stop(2_401_200, 30, context).normalisations).toEqual([
        { rule: 'Q20-suspect', path: '/meterStop', raw: '"2401200 Wh"' },
      ])
      // the next one on the connector begins where it ended
      expect(start(2_401_200, 31, context).rules).toEqual([])
    })

    it('is not flagged when it fits, when the car was full long before, or when the transaction is unknown', () => {
      const context = { lastRegisters: new Map() }
      expect(start(10_900, 0, context).rules).toEqual([])
      expect(meter([sample(10, '12100', 'Wh')], context).rules).toEqual([])
      expect(stop(12_106, 35, { lastRegisters: new Map(context.lastRegisters) }).rules).toEqual([])
      expect(stop(13_300, 20, { lastRegisters: new Map(context.lastRegisters) }).rules).toEqual([])
      expect(stop(1_330_000, 20, {}).rules).toEqual([])
    })

    it('is compared within transactionData, and with its last reading', () => {
      const data = [sample(0, '12.10', 'Wh'), sample(10, '13.30', 'Wh')]
      expect(stop(14, 20, {}, data).normalisations).toMatchObject([
        { rule: 'Q20-suspect', path: '/transactionData/1/sampledValue/0/value' },
      ])
      expect(stop(1_330_000, 20, {}, [sample(10, '13300', 'Wh')]).rules).toEqual(['Q20-suspect'])
    })
  })
})
