/** Runs tasks of one key one after the other, tasks of different keys side by side. A task that fails fails alone. */
export function createStreamQueue() {
  const tails = new Map<string, Promise<void>>()
  return {
    run<T>(key: string, task: () => Promise<T>): Promise<T> {
      const before = tails.get(key)
      const result = before === undefined ? task() : before.then(task)
      const tail = result.then(nothing, nothing)
      tails.set(key, tail)
      // the last one out forgets the key, so that the map holds only streams at work
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key)
      })
      return result
    },
    /** how many keys have work */
    get size(): number {
      return tails.size
    },
  }
}

const nothing = () => undefined
