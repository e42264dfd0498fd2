import { chooseSubprotocol, protocols } from './protocols.ts'

describe('the subprotocol', () => {
  it('is the first of the charger’s offers that we speak', () => {
    expect(chooseSubprotocol(['ocpp2.0.1', 'ocpp1.6'])).toBe('ocpp1.6')
    expect(chooseSubprotocol(['b', 'a'], ['a', 'b'])).toBe('b')
    expect(chooseSubprotocol([' ocpp1.6 '])).toBe('ocpp1.6')
  })

  it('is none when there is none in common', () => {
    expect(chooseSubprotocol(['ocpp2.0.1', 'toString'])).toBeUndefined()
    expect(chooseSubprotocol([])).toBeUndefined()
  })

  it('names its protocol', () => {
    for (const [name, protocol] of Object.entries(protocols)) expect(protocol.subprotocol).toBe(name)
  })
})
