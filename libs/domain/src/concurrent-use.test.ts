import { judgeConcurrentUse } from './concurrent-use.ts'
import { at } from './fixtures/given.ts'

const accepted = { status: 'Accepted' as const, reason: 'as issued' }
const refused = { concurrentUse: 'refused' as const }
const others = [{ startedAt: { receivedAt: at(0), effectiveAt: at(0), reason: 'charger-clock' as const } }]
const start = { effectiveAt: at(9), receivedAt: at(10) }

describe('concurrent use', () => {
  it('is refused to a start whose token charges elsewhere', () =>
    expect(judgeConcurrentUse(accepted, start, others, refused).status).toBe('ConcurrentTx'))
  it('is allowed unless the tenant says so', () =>
    expect(judgeConcurrentUse(accepted, start, others, { concurrentUse: 'allowed' })).toBe(accepted))
  it('is never judged of a start that we hear of after two minutes, nor of one that was before the other', () => {
    expect(judgeConcurrentUse(accepted, { ...start, receivedAt: at(11.1) }, others, refused)).toBe(accepted)
    expect(judgeConcurrentUse(accepted, { effectiveAt: at(-1), receivedAt: at(0) }, others, refused)).toBe(accepted)
  })
  it('is the business of a group where the token is of one, and changes no other verdict', () => {
    const ofGroup = { ...accepted, groupRef: 'f'.repeat(32) as never }
    const blocked = { status: 'Blocked' as const, reason: 'as issued' }
    expect(judgeConcurrentUse(ofGroup, start, others, refused)).toBe(ofGroup)
    expect(judgeConcurrentUse(blocked, start, others, refused)).toBe(blocked)
  })
})
