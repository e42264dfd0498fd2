import { said, settled } from './reading.fixture.ts'

describe('ClearCache', () => {
  it('says nothing more', () => {
    expect(said({ type: 'ClearCache' })).toEqual({ action: 'ClearCache', payload: {} })
  })

  it('is settled by the status', () => {
    expect(settled({ type: 'ClearCache' }, { status: 'Rejected' })).toMatchObject({ status: 'Rejected' })
  })
})
