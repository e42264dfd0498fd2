import { createHash } from 'node:crypto'

/**
 * The last answers of one connection, so that a repeated message gets the stored answer and is no second fact.
 * A repeat has the same message id, action *and* payload: message ids restart at boot on many stacks, so the same id with
 * another payload is a new message. Answers age, because stacks exist whose ids are always the same.
 */
export type StoredAnswers = {
  find(key: string, now: number): string | undefined
  keep(key: string, answer: string, now: number): void
}

export const createStoredAnswers = (limits: {
  readonly storedAnswers: number
  readonly storedAnswerMs: number
}): StoredAnswers => {
  const answers = new Map<string, { readonly answer: string; readonly at: number }>()
  return {
    find(key, now) {
      const found = answers.get(key)
      return found === undefined || now - found.at > limits.storedAnswerMs ? undefined : found.answer
    },
    keep(key, answer, now) {
      answers.delete(key)
      answers.set(key, { answer, at: now })
      if (answers.size <= limits.storedAnswers) return
      const oldest = answers.keys().next()
      if (!oldest.done) answers.delete(oldest.value)
    },
  }
}

/** What a repeat is recognised by, made from the values as received. */
export const repeatKey = (messageId: string | number, action: string, payload: unknown): string => {
  const hash = createHash('sha256')
    .update(JSON.stringify(payload) ?? '')
    .digest('base64')
  return JSON.stringify([messageId, action, hash])
}
