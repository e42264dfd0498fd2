import { detailOf, meaningOf } from './answer-meaning.ts'

describe('the word of a charger', () => {
  it.each([
    ['Accepted', 'accepted'],
    ['Scheduled', 'scheduled'],
    ['Unlocked', 'done'],
    ['UnlockFailed', 'failed'],
    ['NotSupported', 'notSupported'],
    ['Rejected', 'refused'],
    ['Occupied', 'refused'],
    ['Unknown', 'notFound'],
  ] as const)('%s means %s', (word, meaning) => expect(meaningOf(word)).toBe(meaning))

  it('that is none of OCPP means nothing that we know', () => {
    for (const word of ['Maybe', 'constructor', '', null]) expect(meaningOf(word)).toBeUndefined()
  })
  it('is explained where it promises more than it says', () => {
    expect(detailOf('Scheduled')).toMatch(/once the transactions in its way have ended/)
    expect(detailOf('UnlockFailed')).toMatch(/still locked/)
    expect(detailOf('Accepted')).toBeUndefined()
  })
})
