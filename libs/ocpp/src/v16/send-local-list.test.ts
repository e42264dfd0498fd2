import { said, settled } from './reading.fixture.ts'

describe('SendLocalList', () => {
  const idToken = { value: '04A2', type: 'ISO14443' }
  const list = (entries: unknown[], updateType = 'Full') => ({
    type: 'SendLocalList',
    listVersion: 3,
    updateType,
    entries,
  })

  it('says of each token what it may do, until when, and its group', () => {
    const authorization = { status: 'Accepted', expiresAt: '2027-01-31T12:00:00.000Z', groupToken: 'GROUP' }
    expect(said(list([{ idToken, authorization }]))).toEqual({
      action: 'SendLocalList',
      payload: {
        listVersion: 3,
        updateType: 'Full',
        localAuthorizationList: [
          {
            idTag: '04A2',
            idTagInfo: { status: 'Accepted', expiryDate: '2027-01-31T12:00:00.000Z', parentIdTag: 'GROUP' },
          },
        ],
      },
    })
  })

  it('takes a token off the list by an entry without authorization, in a differential update only', () => {
    expect(said(list([{ idToken }], 'Differential'))).toHaveProperty('payload.localAuthorizationList', [
      { idTag: '04A2' },
    ])
    expect(said(list([{ idToken }]))).toEqual({ unsupported: 'a full local list says of every token what it may do' })
  })

  it('empties the list by a full update without entries', () => {
    expect(said(list([]))).toHaveProperty('payload', {
      listVersion: 3,
      updateType: 'Full',
      localAuthorizationList: [],
    })
  })

  it('refuses tokens that 1.6 has no room for: it counts them and repeats none', () => {
    const authorization = { status: 'Accepted' }
    const long = { value: 'DE8ACC12E46L89XXXXXXX', type: 'eMAID' }
    expect(
      said(
        list([
          { idToken: long, authorization },
          { idToken, authorization },
        ]),
      ),
    ).toEqual({
      unsupported: 'an OCPP 1.6 local list takes id tokens of 1 to 20 characters; 1 do not fit',
    })
  })

  it('is settled by the status: Accepted, Failed, NotSupported or VersionMismatch', () => {
    for (const status of ['Accepted', 'Failed', 'NotSupported', 'VersionMismatch'])
      expect(settled(list([]), { status })).toMatchObject({ outcome: 'result', status })
    expect(settled(list([]), { status: 'Done' })).toHaveProperty('outcome', 'invalidAnswer')
  })
})
