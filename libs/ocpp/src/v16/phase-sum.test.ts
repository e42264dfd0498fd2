import { read } from './reading.fixture.ts'

const powers = (total: string, phases: readonly string[], more: object = {}, context: object = {}) => {
  const sampledValue = [
    { value: total, measurand: 'Power.Active.Import', unit: 'W', ...more },
    ...phases.map((value, i) => ({ value, measurand: 'Power.Active.Import', phase: `L${i + 1}`, unit: 'W' })),
  ]
  const frame = [
    2,
    '1',
    'MeterValues',
    { connectorId: 1, meterValue: [{ timestamp: '2026-01-31T12:00:00Z', sampledValue }] },
  ]
  const { fact, normalisations } = read('MeterValues', JSON.stringify(frame), context)
  return [fact.samples[0]?.values[0]?.value, normalisations]
}

describe('the power', () => {
  it('of a total that is not the sum of its phases is the sum', () => {
    // Schneider tells the power of one phase as the total
    expect(powers('3680', ['3680', '3690', '3675.5'])).toEqual([
      '11045.5',
      [{ rule: 'Q22-phase-sum', path: '/meterValue/0/sampledValue/0/value', raw: '"3680"' }],
    ])
    expect(powers('3.68', ['3680', '3690', '3675'], { unit: 'kW' })[0]).toBe('11.045')
  })

  it('of a total near the sum of its phases, or with one phase only, stays', () => {
    expect(powers('11000', ['3680', '3690', '3675'])).toEqual(['11000', []])
    expect(powers('11000', ['3680'])).toEqual(['11000', []])
    expect(powers('11000', [])).toEqual(['11000', []])
  })

  it('stays where the rule is switched off, or the phases are of another place', () => {
    expect(powers('3680', ['3680', '3690', '3675'], {}, { rulesOff: ['Q22-phase-sum'] })).toEqual(['3680', []])
    expect(powers('3680', ['3680', '3690', '3675'], { location: 'Inlet' })[0]).toBe('3680')
  })
})
