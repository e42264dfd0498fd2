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

  it('goes once through its elements and once through the paths, however many are wrong', () => {
    const count = 20_000
    const list = Array.from({ length: count + 1 }, (_, i) => (i === count ? { timestamp: 't0' } : 1))
    let read = 0
    const counting = new Proxy(list, { get: (of, key) => ((read += 1), Reflect.get(of, key)) })
    let asked = 0
    const violations = list.slice(0, count).map((_, i) => ({
      ...at(''),
      get path() {
        asked += 1
        return `/transactionData/${i}`
      },
    }))
    expect(withoutViolations({ transactionData: counting }, violations)).toEqual({
      transactionData: [{ timestamp: 't0' }],
    })
    expect(read).toBeLessThan(3 * count)
    expect(asked).toBe(count)
    // microseconds; comparing each element with each path takes seconds
    const { user } = process.cpuUsage()
    withoutViolations({ transactionData: list }, violations)
    expect(process.cpuUsage().user - user).toBeLessThan(1_000_000)
  })
})
