/** At most `count` tasks at a time; the others wait in the order they came. */
export function createPermits(count: number) {
  let free = count
  const waiting: (() => void)[] = []

  const acquire = (): Promise<void> | void => {
    if (free > 0) {
      free -= 1
      return
    }
    return new Promise((resolve) => waiting.push(resolve))
  }
  const release = () => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return {
    async run<T>(task: () => Promise<T>): Promise<T> {
      await acquire()
      try {
        return await task()
      } finally {
        release()
      }
    },
  }
}
