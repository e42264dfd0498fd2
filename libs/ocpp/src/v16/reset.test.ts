import { said, settled } from './reading.fixture.ts'

describe('Reset', () => {
  it('is soft or hard', () => {
    expect(said({ type: 'Reset', kind: 'Soft' })).toEqual({ action: 'Reset', payload: { type: 'Soft' } })
    expect(said({ type: 'Reset', kind: 'Hard' })).toEqual({ action: 'Reset', payload: { type: 'Hard' } })
  })

  it('is settled by the status', () => {
    expect(settled({ type: 'Reset', kind: 'Soft' }, { status: 'Accepted' })).toMatchObject({
      outcome: 'result',
      status: 'Accepted',
    })
  })
})
