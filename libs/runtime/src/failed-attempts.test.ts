import { createFailedAttempts } from './failed-attempts.ts'

const here = '192.0.2.1'
const perMinute = (failedAttempts: number, remembered?: number) =>
  createFailedAttempts({
    failedAttempts,
    failedAttemptMs: 60_000 / failedAttempts,
    ...(remembered === undefined ? {} : { remembered }),
  })

describe('failed attempts from one address', () => {
  it('make it wait above their rate, and it is slowly heard again', () => {
    const attempts = perMinute(6)
    for (let i = 0; i < 6; i++) {
      expect(attempts.mustWait(here, 0)).toBe(false)
      attempts.failed(here, 0)
    }
    expect(attempts.mustWait(here, 0)).toBe(true)
    expect(attempts.mustWait(here, 9_000)).toBe(true)
    expect(attempts.mustWait(here, 11_000)).toBe(false)
    attempts.failed(here, 11_000)
    expect(attempts.mustWait(here, 11_000)).toBe(true)
    expect(attempts.mustWait(here, 600_000)).toBe(false)
  })

  it('never lock an id: from another address it is heard as before', () => {
    const attempts = perMinute(2)
    for (let i = 0; i < 50; i++) attempts.failed(here, 0)
    expect(attempts.mustWait(here, 0, 'CP1 its key')).toBe(true)
    expect(attempts.mustWait('192.0.2.2', 0, 'CP1 its key')).toBe(false)
  })

  it('leave alone a credential that was good from there, also when a stranger fails in the name of its charger', () => {
    const attempts = perMinute(2)
    attempts.letIn(here, 'CP1 its key')
    for (let i = 0; i < 50; i++) attempts.failed(here, 0)
    expect(attempts.mustWait(here, 0, 'CP1 its key')).toBe(false)
    // who guesses is none the more welcome because the charger is
    expect(attempts.mustWait(here, 0, 'CP1 a guess')).toBe(true)
  })

  it('count for no more than a minute, however many they were', () => {
    const attempts = perMinute(60)
    for (let i = 0; i < 10_000; i++) attempts.failed(here, 0)
    expect(attempts.mustWait(here, 60_000)).toBe(false)
  })

  it('are remembered of so many addresses only, and so many credentials', () => {
    const attempts = perMinute(1, 2)
    for (const address of ['a', 'b', 'c']) attempts.failed(address, 0)
    expect(['a', 'b', 'c'].map((address) => attempts.mustWait(address, 0))).toEqual([false, true, true])
    for (const credential of ['x', 'y', 'z']) attempts.letIn('c', credential)
    expect(['x', 'y', 'z'].map((credential) => attempts.mustWait('c', 0, credential))).toEqual([true, false, false])
  })
})
