/**
 * A wait that can be called off. When it is over, whatever the network brought meanwhile is looked at first: in a process that was busy
 * for seconds, the timer would else win against an answer that arrived long ago.
 */
export function createTimeout(milliseconds: number): { readonly over: Promise<'over'>; clear(): void } {
  let timer: NodeJS.Timeout | undefined
  let cleared = false
  const over = new Promise<'over'>((resolve) => {
    const afterInput = (turns: number): void => {
      if (cleared) return
      if (turns === 0) resolve('over')
      else setImmediate(afterInput, turns - 1)
    }
    timer = setTimeout(afterInput, milliseconds, 3)
  })
  return {
    over,
    clear() {
      cleared = true
      clearTimeout(timer)
    },
  }
}
