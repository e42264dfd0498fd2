import { said, settled } from './reading.fixture.ts'

describe('RemoteStopTransaction', () => {
  it('names the transaction by its number', () => {
    expect(said({ type: 'RemoteStop', transactionId: '2147483647' })).toEqual({
      action: 'RemoteStopTransaction',
      payload: { transactionId: 2_147_483_647 },
    })
  })

  it('refuses a transaction that no 1.6 charger can have', () => {
    for (const transactionId of ['0', '-1', '2147483648', 'f4a1', '1.5', '007']) {
      expect(said({ type: 'RemoteStop', transactionId })).toHaveProperty('unsupported')
    }
  })

  it('is settled by the status', () => {
    expect(settled({ type: 'RemoteStop', transactionId: '1' }, { status: 'Rejected' })).toMatchObject({
      status: 'Rejected',
    })
  })
})
