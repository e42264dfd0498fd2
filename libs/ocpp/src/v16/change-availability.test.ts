import { said, settled } from './reading.fixture.ts'

describe('ChangeAvailability', () => {
  it('is for an EVSE or, with 0, for the station', () => {
    expect(said({ type: 'ChangeAvailability', evseId: 0, availability: 'Inoperative' })).toEqual({
      action: 'ChangeAvailability',
      payload: { connectorId: 0, type: 'Inoperative' },
    })
  })

  it('is settled by the status', () => {
    const command = { type: 'ChangeAvailability', evseId: 1, availability: 'Operative' }
    expect(settled(command, { status: 'Scheduled' })).toMatchObject({ status: 'Scheduled' })
  })
})
