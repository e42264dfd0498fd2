import { said, settled } from './reading.fixture.ts'

describe('DataTransfer to a charger', () => {
  it('sends what it is given', () => {
    expect(said({ type: 'DataTransfer', vendorId: 'v', messageId: 'm', data: '{}' })).toEqual({
      action: 'DataTransfer',
      payload: { vendorId: 'v', messageId: 'm', data: '{}' },
    })
    expect(said({ type: 'DataTransfer', vendorId: 'v' })).toHaveProperty('payload', { vendorId: 'v' })
  })

  it('is settled by the status, with the data as text', () => {
    expect(settled({ type: 'DataTransfer', vendorId: 'v' }, { status: 'Accepted', data: { a: 1 } })).toEqual({
      outcome: 'result',
      status: 'Accepted',
      payload: { status: 'Accepted', data: '{"a":1}' },
    })
  })
})
