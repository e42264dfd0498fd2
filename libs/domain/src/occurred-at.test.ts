import fc from 'fast-check'
import { instant, type Instant } from '@voltrail/contracts/quantities'
import { at } from './fixtures/given.ts'
import { occurredAt, toleratedSkewMs } from './occurred-at.ts'

const time = (value: Instant) => ({ raw: value, at: value })
const clock = (...offsetsMs: number[]) => ({ offsetsMs })
const hour = 3_600_000
/** connected long before: nothing comes from a queue any more */
const online = (...offsetsMs: number[]) => ({ offsetsMs, connectedAt: at(-600) })

describe('when something happened', () => {
  it('is what a charger with a right clock says, also of a frame that waited in its queue for days', () => {
    expect(occurredAt(time(at(-5000)), at(0), clock(0, 300, -200))).toMatchObject({
      effectiveAt: at(-5000),
      reason: 'charger-clock',
    })
    expect(occurredAt(time(at(-5)), at(0))).toMatchObject({ effectiveAt: at(-5), reason: 'charger-clock' })
  })
  it('is the time of receipt when the charger gives none that can be read', () =>
    expect(occurredAt({ raw: 'yesterday' }, at(0))).toEqual({
      receivedAt: at(0),
      effectiveAt: at(0),
      reason: 'received',
    }))
  it('is corrected where the clock is off by the same, three times measured', () => {
    expect(occurredAt(time(at(50)), at(0), clock(0, hour, hour + 4000, hour - 4000))).toMatchObject({
      charger: at(50),
      effectiveAt: at(-10),
      reason: 'corrected-offset',
    })
    expect(occurredAt(time(at(-70)), at(0), clock(-hour, -hour, -hour))).toMatchObject({ effectiveAt: at(-10) })
  })
  it('is the time of receipt where the clock is off and not stable, of a frame that is from no queue', () => {
    expect(occurredAt(time(at(-1)), at(0), online(hour, 2 * hour))).toMatchObject({
      effectiveAt: at(0),
      reason: 'received',
    })
    expect(occurredAt(time('1970-01-01T00:05:00.000Z' as Instant), at(0), online())).toMatchObject({
      effectiveAt: at(0),
      reason: 'received',
    })
  })
  it('is not to be trusted in a frame that may be from the queue of a charger whose clock is off', () => {
    for (const connectedAt of [undefined, at(-1)])
      expect(occurredAt(time(at(-1)), at(0), { offsetsMs: [hour, 2 * hour], connectedAt })).toMatchObject({
        reason: 'untrusted-clock',
      })
  })
  it('is not doubted for a status that waited in a queue and seems to be late', () =>
    expect(occurredAt(time(at(-300)), at(0), clock(100, -90 * 60_000, -20 * 60_000))).toMatchObject({
      reason: 'charger-clock',
    }))

  it('is true to ten seconds for any clock that is stable, and never after we heard of it', () => {
    const skew = fc.oneof(fc.integer({ min: -60_000, max: 60_000 }), fc.integer({ min: -9 * hour, max: 9 * hour }))
    const jitter = fc.integer({ min: -5000, max: 5000 })
    fc.assert(
      fc.property(
        skew,
        fc.tuple(jitter, jitter, jitter),
        fc.integer({ min: 0, max: 72 * hour }),
        (offset, jitters, age) => {
          const receivedAt = at(0)
          const happened = Date.parse(receivedAt) - age
          const offsetsMs = jitters.map((one) => offset + one)
          const said = occurredAt(time(instant(happened + offset)), receivedAt, { offsetsMs })
          expect(Date.parse(said.effectiveAt)).toBeLessThanOrEqual(Date.parse(receivedAt) + toleratedSkewMs)
          if (said.reason === 'corrected-offset')
            expect(Math.abs(Date.parse(said.effectiveAt) - happened)).toBeLessThanOrEqual(5000)
          else if (said.reason === 'charger-clock')
            expect(Math.abs(Date.parse(said.effectiveAt) - happened)).toBeLessThanOrEqual(toleratedSkewMs + 5000)
          else expect(age).toBeLessThanOrEqual(5000)
        },
      ),
    )
  })
  it('is either what the charger says, that with the measured offset, or the time of receipt', () => {
    const any = fc.integer({ min: -100 * hour, max: 100 * hour })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 5 }), any, fc.option(any), (offsetsMs, said, connected) => {
        const charger = instant(Date.parse(at(0)) + said)
        const connectedAt = connected === null ? undefined : instant(Date.parse(at(0)) + connected)
        const found = occurredAt(time(charger), at(0), { offsetsMs, connectedAt })
        expect(found).toMatchObject({ charger, receivedAt: at(0) })
        if (found.reason === 'charger-clock') expect(found.effectiveAt).toBe(charger)
        else if (found.reason === 'corrected-offset')
          expect(offsetsMs).toContain(Date.parse(charger) - Date.parse(found.effectiveAt))
        else expect(found.effectiveAt).toBe(at(0))
      }),
    )
  })
})
