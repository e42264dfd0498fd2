import { said, settled } from './reading.fixture.ts'

describe('GetLocalListVersion', () => {
  const command = { type: 'GetLocalListVersion' }

  it('has no fields', () => {
    expect(said(command)).toEqual({ action: 'GetLocalListVersion', payload: {} })
  })

  it('is answered with the version, 0 for an empty list and -1 for none', () => {
    for (const listVersion of [12, 0, -1])
      expect(settled(command, { listVersion })).toEqual({
        outcome: 'result',
        status: 'Accepted',
        payload: { listVersion },
      })
    expect(settled(command, {})).toHaveProperty('outcome', 'invalidAnswer')
  })
})
