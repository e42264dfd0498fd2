import { createStoredAnswers, repeatKey } from './stored-answers.ts'

describe('stored answers', () => {
  it('are found by message id, action and payload together', () => {
    const answers = createStoredAnswers({ storedAnswers: 4, storedAnswerMs: 1_000 })
    const find = (id: string | number, action: string, idTag: string) =>
      answers.find(repeatKey(id, action, { idTag }), 0)
    answers.keep(repeatKey('1', 'Authorize', { idTag: 'A' }), 'first', 0)
    expect(find('1', 'Authorize', 'A')).toBe('first')
    expect(find('1', 'Authorize', 'B')).toBeUndefined()
    expect(find('2', 'Authorize', 'A')).toBeUndefined()
    expect(find('1', 'Heartbeat', 'A')).toBeUndefined()
    expect(find(1, 'Authorize', 'A')).toBeUndefined()
  })

  it('age', () => {
    const answers = createStoredAnswers({ storedAnswers: 2, storedAnswerMs: 1_000 })
    answers.keep('a', 'first', 0)
    expect([answers.find('a', 1_000), answers.find('a', 1_001)]).toEqual(['first', undefined])
  })

  it('are the last few only', () => {
    const answers = createStoredAnswers({ storedAnswers: 2, storedAnswerMs: 1_000 })
    for (const key of ['a', 'b', 'a', 'c']) answers.keep(key, key, 0)
    expect(['a', 'b', 'c'].map((key) => answers.find(key, 0))).toEqual(['a', undefined, 'c'])
  })
})
