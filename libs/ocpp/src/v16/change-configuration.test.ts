import { said, settled } from './reading.fixture.ts'

describe('ChangeConfiguration', () => {
  it('sends key and value as they are', () => {
    expect(said({ type: 'ChangeConfiguration', key: 'HeartbeatInterval', value: '300' })).toEqual({
      action: 'ChangeConfiguration',
      payload: { key: 'HeartbeatInterval', value: '300' },
    })
  })

  it('is settled by the status', () => {
    expect(settled({ type: 'ChangeConfiguration', key: 'k', value: '' }, { status: 'RebootRequired' })).toMatchObject({
      status: 'RebootRequired',
    })
  })
})
