import { createAdmission } from './admission.ts'

const limits = {
  upgradesPerSecond: 100,
  upgradesBurst: 100,
  readmissionsPerSecond: 10,
  readmissionsBurst: 10,
  readmissionMs: 30_000,
}
const passed = (admission: ReturnType<typeof createAdmission>, times: number, now: number): number =>
  Array.from({ length: times }, () => admission.refusal(now)).filter((reason) => reason === undefined).length

describe('the admission of chargers', () => {
  it('lets a burst in while nothing is wrong', () => {
    const admission = createAdmission(limits, () => undefined, 0)
    expect(passed(admission, 150, 0)).toBe(100)
    expect(passed(admission, 150, 500)).toBe(50)
  })

  it('lets nobody in during an outage, and says why', () => {
    const admission = createAdmission(limits, () => 'the event log is away', 0)
    expect(admission.refusal(0)).toBe('the event log is away')
  })

  it('lets chargers back by a narrower gate after it, until nobody was turned away for a while', () => {
    let outage: string | undefined = 'away'
    const admission = createAdmission(limits, () => outage, 0)
    expect(passed(admission, 50, 1_000)).toBe(0)
    outage = undefined
    expect(passed(admission, 50, 2_000)).toBe(10)
    expect(passed(admission, 40, 3_000)).toBe(10)
    expect(passed(admission, 5, 4_000)).toBe(5)
    expect(passed(admission, 150, 40_000)).toBe(100)
  })

  it('is as wide as ever after an outage in which nobody came', () => {
    let outage: string | undefined = 'away'
    const admission = createAdmission(limits, () => outage, 0)
    outage = undefined
    expect(passed(admission, 150, 60_000)).toBe(100)
  })

  it('begins again when the outage does', () => {
    let outage: string | undefined = 'away'
    const admission = createAdmission(limits, () => outage, 0)
    admission.refusal(0)
    outage = undefined
    expect(passed(admission, 20, 1_000)).toBe(10)
    outage = 'away'
    expect(passed(admission, 20, 2_000)).toBe(0)
    outage = undefined
    expect(passed(admission, 20, 3_000)).toBe(10)
  })
})
