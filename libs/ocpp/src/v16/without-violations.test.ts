import type { Violation } from '../schemas.ts'
import { withoutViolations } from './without-violations.ts'

const at = (path: string): Violation => ({
  path,
  keyword: 'type',
  message: 'is wrong',
  code: 'TypeConstraintViolation',
})

describe('a payload without its violations', () => {
  const payload = {
    connectorId: 1,
    extra: { deep: [1] },
    meterValue: [
      { timestamp: 't0', sampledValue: [{ value: '1' }, { value: 2 }] },
      { timestamp: 7, sampledValue: [{ value: '3' }] },
    ],
  }

  it('keeps what is right: of lists the other elements, of the rest the other fields', () => {
    const violations = ['/extra/other', '/meterValue/0/sampledValue/1/value', '/meterValue/1/timestamp'].map(at)
    expect(withoutViolations(payload, violations)).toEqual({
      connectorId: 1,
      meterValue: [{ timestamp: 't0', sampledValue: [{ value: '1' }] }],
    })
  })

  it('is the same where a field is missing, and nothing when the whole is wrong', () => {
    expect(withoutViolations(payload, [at('/transactionId')])).toEqual(payload)
    expect(withoutViolations(payload, [at('')])).toBeUndefined()
  })
})
