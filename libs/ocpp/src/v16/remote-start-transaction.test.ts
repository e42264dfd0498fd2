import { said, settled } from './reading.fixture.ts'

describe('RemoteStartTransaction', () => {
  const idToken = { value: '04A2', type: 'ISO14443' }

  it('asks for a start, at an EVSE or at any', () => {
    expect(said({ type: 'RemoteStart', idToken, evseId: 2 })).toEqual({
      action: 'RemoteStartTransaction',
      payload: { idTag: '04A2', connectorId: 2 },
    })
    expect(said({ type: 'RemoteStart', idToken })).toEqual({
      action: 'RemoteStartTransaction',
      payload: { idTag: '04A2' },
    })
  })

  it('names a token that 1.6 has no room for by its alias, and any other as it is written', () => {
    const long = { value: 'DE8ACC12E46L89XXXXXXX', type: 'eMAID' }
    const idTag = (command: object) => said({ type: 'RemoteStart', ...command })
    expect(idTag({ idToken: long, alias: 'vt0123' })).toHaveProperty('payload.idTag', 'vt0123')
    expect(idTag({ idToken: { ...long, value: '  04ab12cd ' }, alias: 'VT0123' })).toHaveProperty(
      'payload.idTag',
      '  04ab12cd ',
    )
    expect(idTag({ idToken: { ...long, value: '      04ab12cd04ab12cd      ' } })).toHaveProperty(
      'payload.idTag',
      '04ab12cd04ab12cd',
    )
  })

  it('refuses a token that 1.6 has no room for and that has no alias, without repeating it', () => {
    const refused = said({ type: 'RemoteStart', idToken: { value: 'DE8ACC12E46L89XXXXXXX', type: 'eMAID' } })
    expect(refused).toEqual({
      unsupported: expect.stringContaining('at most 20 characters, this one has 21 and was never issued'),
    })
    expect(JSON.stringify(refused)).not.toContain('DE8ACC')
    expect(said({ type: 'RemoteStart', idToken: { value: '', type: 'Central' } })).toHaveProperty('unsupported')
  })

  it('is settled by the status, in whatever case, with the rest left out', () => {
    expect(settled({ type: 'RemoteStart', idToken }, { status: 'accepted', extra: 1.5 })).toEqual({
      outcome: 'result',
      status: 'Accepted',
      payload: { status: 'Accepted' },
    })
  })

  it('is failed by an answer that cannot be understood', () => {
    expect(settled({ type: 'RemoteStart', idToken }, { status: 'Perhaps', level: 0.5 })).toEqual({
      outcome: 'invalidAnswer',
      violations: ['/status must be equal to one of the allowed values'],
      payload: { status: 'Perhaps', level: '0.5' },
    })
    for (const payload of [{}, { state: 'Accepted' }, [], 'Accepted', null, { status: null }]) {
      expect(settled({ type: 'RemoteStart', idToken }, payload).outcome).toBe('invalidAnswer')
    }
  })
})
