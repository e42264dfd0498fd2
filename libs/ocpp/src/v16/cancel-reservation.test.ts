import { said, settled } from './reading.fixture.ts'

describe('CancelReservation', () => {
  const command = { type: 'CancelReservation', reservationId: 7 }

  it('names the reservation', () => {
    expect(said(command)).toEqual({ action: 'CancelReservation', payload: { reservationId: 7 } })
  })

  it('is settled by the status', () => {
    expect(settled(command, { status: 'Rejected' })).toMatchObject({ outcome: 'result', status: 'Rejected' })
    expect(settled(command, {})).toHaveProperty('outcome', 'invalidAnswer')
  })
})
