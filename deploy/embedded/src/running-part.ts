/** One process of the product while it runs. */
export interface RunningPart {
  readonly pid: number
  /** Resolves with the reason when the process has ended, whoever ended it. */
  readonly exited: Promise<string>
  /** Asks it to end, waits, kills at last. May be called twice. */
  stop(): Promise<void>
}

/** One process of the product as it can be started, again and again. */
export interface Part {
  readonly name: string
  /**
   * Resolves once it is ready for work; rejects, with nothing left running, when it cannot be or the signal is aborted.
   * `spawned` is told the process id as soon as there is one.
   */
  start(signal: AbortSignal, spawned: (pid: number) => void): Promise<RunningPart>
}
