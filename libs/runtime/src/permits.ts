/** At most `count` tasks at a time; the others wait in the order they came. */
export function createPermits(count: number) {
  let free = count
  const waiting = new Set<() => void>()

  /** @returns undefined: at once */
  const turn = (): Promise<void> | undefined => {
    if (free > 0) {
      free -= 1
      return undefined
    }
    return new Promise((resolve) => waiting.add(resolve))
  }
  /** @returns whether its turn came in time; if not, it waits no more */
  const turnWithin = (milliseconds: number): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        waiting.delete(mine)
        resolve(false)
      }, milliseconds)
      const mine = () => {
        clearTimeout(timer)
        resolve(true)
      }
      waiting.add(mine)
    })
  const release = () => {
    const [next] = waiting
    if (next === undefined) free += 1
    else {
      waiting.delete(next)
      next()
    }
  }
  const carriedOut = async <T>(task: () => Promise<T>): Promise<T> => {
    try {
      return await task()
    } finally {
      release()
    }
  }
  return {
    async run<T>(task: () => Promise<T>): Promise<T> {
      await turn()
      return carriedOut(task)
    },
    /** The same, for who waits so long at most. @returns undefined when its turn did not come; the task was not begun then */
    async runWithin<T>(milliseconds: number, task: () => Promise<T>): Promise<T | undefined> {
      if (free > 0) free -= 1
      else if (!(await turnWithin(milliseconds))) return undefined
      return carriedOut(task)
    },
  }
}
