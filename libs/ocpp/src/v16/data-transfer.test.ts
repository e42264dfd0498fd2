import { protocol16 } from './protocol16.ts'
import { read } from './reading.fixture.ts'

describe('DataTransfer from a charger', () => {
  it('becomes vendor data and is answered with a status', () => {
    const { fact, answer } = read('VendorData', '[2,"1","DataTransfer",{"vendorId":"v","messageId":"m","data":"d"}]')
    expect(fact).toEqual({ type: 'VendorData', vendorId: 'v', messageId: 'm', data: 'd' })
    expect(answer({ type: 'VendorData', status: 'UnknownVendorId' })).toEqual({ status: 'UnknownVendorId' })
    expect(answer({ type: 'VendorData', status: 'Accepted', data: 'x' })).toEqual({ status: 'Accepted', data: 'x' })
  })

  it('may carry its data as JSON instead of text', () => {
    const { fact, normalisations } = read('VendorData', '[2,"1","DataTransfer",{"vendorId":"v","data":{"a":[1]}}]')
    expect(fact.data).toBe('{"a":[1]}')
    expect(normalisations).toEqual([{ rule: 'Q25-data-as-json', path: '/data', raw: 'withheld: an object' }])
  })

  it('of nobody is refused', () => {
    expect(protocol16.inbound('DataTransfer', {}, { tenant: 'default', chargerId: 'CP1' })).toMatchObject({
      kind: 'error',
      code: 'OccurenceConstraintViolation',
    })
  })
})
