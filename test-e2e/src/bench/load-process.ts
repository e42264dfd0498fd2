import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LoadAnswer, LoadOrder, LoadReport } from './load.ts'

/** The chargers, in a process of their own: what they use is nobody's figure. */
export interface LoadProcess {
  /** Throws when an answer was wrong. */
  order(order: LoadOrder): Promise<LoadReport>
  stop(): void
}

export const startLoad = (): LoadProcess => {
  const child = fork(fileURLToPath(new URL('./load.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  return {
    order: (order) =>
      new Promise((resolve, reject) => {
        const ended = (code: number | null) => reject(new Error(`the chargers' process ended with ${code}`))
        child.once('exit', ended)
        child.once('message', (answer: LoadAnswer) => {
          child.off('exit', ended)
          if ('error' in answer) reject(new Error(answer.error))
          else resolve(answer.report)
        })
        child.send(order)
      }),
    stop: () => void child.kill('SIGKILL'),
  }
}
