import { said, settled } from './reading.fixture.ts'

describe('GetConfiguration', () => {
  it('asks for some keys or, without any, for all', () => {
    expect(said({ type: 'GetConfiguration', keys: ['A', 'B'] })).toEqual({
      action: 'GetConfiguration',
      payload: { key: ['A', 'B'] },
    })
    expect(said({ type: 'GetConfiguration', keys: [] })).toHaveProperty('payload', {})
    expect(said({ type: 'GetConfiguration' })).toHaveProperty('payload', {})
  })

  it('is settled by what it brings, with loose types read', () => {
    const payload = {
      configurationKey: [
        { key: 'HeartbeatInterval', readonly: 'false', value: 300 },
        { key: 'Empty', readonly: true, value: null },
      ],
      unknownKey: ['Nope'],
    }
    expect(settled({ type: 'GetConfiguration' }, payload)).toEqual({
      outcome: 'result',
      status: 'Accepted',
      payload: {
        configurationKey: [
          { key: 'HeartbeatInterval', readonly: false, value: '300' },
          { key: 'Empty', readonly: true },
        ],
        unknownKey: ['Nope'],
      },
    })
    expect(settled({ type: 'GetConfiguration' }, null)).toMatchObject({ outcome: 'result', payload: {} })
  })
})
