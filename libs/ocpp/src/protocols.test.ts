import { chooseSubprotocol, echoedSubprotocol, offeredSubprotocols, protocols } from './protocols.ts'

describe('the subprotocol', () => {
  it('is the first of the charger’s offers that we speak', () => {
    expect(chooseSubprotocol(['ocpp2.0.1', 'ocpp1.6'])).toBe('ocpp1.6')
    expect(chooseSubprotocol(['b', 'a'], ['a', 'b'])).toBe('b')
    expect(chooseSubprotocol([' ocpp1.6 '])).toBe('ocpp1.6')
  })

  it('is recognised in any case, and echoed as the charger wrote it', () => {
    expect(chooseSubprotocol(['OCPP1.6'])).toBe('ocpp1.6')
    expect(echoedSubprotocol(['ocpp1.5', 'OCPP1.6'], 'ocpp1.6')).toBe('OCPP1.6')
  })

  it('that is echoed is always one of the charger’s, whatever is spoken with it', () => {
    expect(echoedSubprotocol(['ocpp2.0.1', 'ocpp2.1'], 'ocpp1.6')).toBe('ocpp2.0.1')
    expect(echoedSubprotocol([], 'ocpp1.6')).toBeUndefined()
  })

  it('is read from the header each once, in the charger’s order', () => {
    expect(offeredSubprotocols('ocpp2.0.1, ocpp1.6,ocpp1.6')).toEqual(['ocpp2.0.1', 'ocpp1.6'])
    for (const header of [undefined, '', ' ', ',']) expect(offeredSubprotocols(header)).toEqual([])
  })

  it('is none when there is none in common', () => {
    expect(chooseSubprotocol(['ocpp2.0.1', 'toString'])).toBeUndefined()
    expect(chooseSubprotocol([])).toBeUndefined()
  })

  it('names its protocol', () => {
    for (const [name, protocol] of Object.entries(protocols)) expect(protocol.subprotocol).toBe(name)
  })
})
