import { said, settled } from './reading.fixture.ts'

describe('ReserveNow', () => {
  const idToken = { value: '04A2', type: 'ISO14443' }
  const command = { type: 'ReserveNow', reservationId: 7, evseId: 2, idToken, expiresAt: '2026-01-31T12:00:00.000Z' }

  it('reserves a connector, or with 0 any, for a token and its group until a time', () => {
    expect(said(command)).toEqual({
      action: 'ReserveNow',
      payload: { connectorId: 2, expiryDate: '2026-01-31T12:00:00.000Z', idTag: '04A2', reservationId: 7 },
    })
    expect(said({ ...command, evseId: 0, groupIdToken: { value: 'GROUP', type: 'Central' } })).toHaveProperty(
      'payload',
      {
        connectorId: 0,
        expiryDate: '2026-01-31T12:00:00.000Z',
        idTag: '04A2',
        parentIdTag: 'GROUP',
        reservationId: 7,
      },
    )
  })

  it('refuses tokens and groups that 1.6 has no room for, without repeating them', () => {
    const long = { value: 'DE8ACC12E46L89XXXXXXX', type: 'eMAID' }
    for (const refused of [
      said({ ...command, idToken: long }),
      said({ ...command, groupIdToken: long }),
      said({ ...command, idToken: { value: '', type: 'Central' } }),
    ]) {
      expect(refused).toEqual({ unsupported: 'an OCPP 1.6 charger takes id tokens of 1 to 20 characters' })
    }
  })

  it('names a token or a group that has no room by its alias', () => {
    const long = { value: 'DE8ACC12E46L89XXXXXXX', type: 'eMAID' }
    const aliases = { alias: 'VT00', groupAlias: 'VT01' }
    expect(said({ ...command, idToken: long, groupIdToken: long, ...aliases })).toMatchObject({
      payload: { idTag: 'VT00', parentIdTag: 'VT01' },
    })
  })

  it('is settled by the status: Accepted, Faulted, Occupied, Rejected or Unavailable', () => {
    for (const status of ['Accepted', 'Faulted', 'Occupied', 'Rejected', 'Unavailable'])
      expect(settled(command, { status })).toMatchObject({ outcome: 'result', status })
    expect(settled(command, { status: 'Later' })).toHaveProperty('outcome', 'invalidAnswer')
  })
})
