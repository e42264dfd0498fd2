import { read } from './reading.fixture.ts'

const authorize = (idTag: string, context: object = {}) => {
  const { fact, normalisations } = read('Authorize', JSON.stringify([2, '1', 'Authorize', { idTag }]), context)
  return [fact.idToken.value, normalisations.filter(({ rule }) => rule.startsWith('Q27-')).map(({ rule }) => rule)]
}
const keba = { vendor: 'Keba AG', model: 'KC-P30-ESS400C2-E0R' }

describe('an id tag', () => {
  it('loses the control characters behind it, of every make', () => {
    // Ocular: https://github.com/lbbrhzn/ocpp/issues/2030
    expect(authorize('04A2B3C4D5E680\u0010\u000e')).toEqual(['04A2B3C4D5E680', ['Q27-tag-trailing-bytes']])
    expect(authorize('04A2B3C4D5E680')).toEqual(['04A2B3C4D5E680', []])
  })

  it('loses the serial number that KEBA puts behind it, and keeps it at other makes', () => {
    expect(authorize('3A5AA876_28881628', keba)).toEqual(['3A5AA876', ['Q27-tag-serial-suffix']])
    expect(authorize('3A5AA876_28881628', { vendor: 'ABB' })).toEqual(['3A5AA876_28881628', []])
    expect(authorize('3A5AA876_28881628')).toEqual(['3A5AA876_28881628', []])
    expect(authorize('MY_CARD', keba)).toEqual(['MY_CARD', []])
  })

  it('loses what a card terminal puts before it, where that is switched on', () => {
    const on = { rulesOn: ['Q27-tag-terminal-prefix'] }
    expect(authorize('x;04A2B3C4', on)).toEqual(['04A2B3C4', ['Q27-tag-terminal-prefix']])
    expect(authorize('x;04A2B3C4')).toEqual(['x;04A2B3C4', []])
    expect(authorize('x;', on)).toEqual(['x;', []])
  })

  it('is kept as received for what identifies repeats, and never stands in a note', () => {
    const { fact, normalisations } = read(
      'TransactionStart',
      String.raw`[2,"1","StartTransaction",{"connectorId":1,"idTag":"3A5AA876_28881628\u0010","meterStart":5,"timestamp":"2026-01-31T12:00:00Z"}]`,
      keba,
    )
    expect(fact.idToken.value).toBe('3A5AA876')
    expect(fact.raw.idToken).toBe(String.raw`"3A5AA876_28881628\u0010"`)
    expect(JSON.stringify(normalisations)).not.toContain('3A5AA876')
    expect(
      read(
        'TransactionStop',
        '[2,"1","StopTransaction",{"transactionId":7,"idTag":"3A5AA876_28881628","meterStop":6,"timestamp":"2026-01-31T13:00:00Z"}]',
        keba,
      ).fact.idToken?.value,
    ).toBe('3A5AA876')
  })

  it('is left as it is where a rule is switched off for the charger', () => {
    expect(authorize('3A5AA876_28881628', { ...keba, rulesOff: ['Q27-tag-serial-suffix'] })).toEqual([
      '3A5AA876_28881628',
      [],
    ])
  })
})
