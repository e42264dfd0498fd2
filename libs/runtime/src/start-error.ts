/**
 * A reason not to start that the operator can remove: a wrong setting, a port taken, a data directory of another version.
 * `runService` prints it as one line without a stack; every other error is a defect and keeps its stack.
 */
export class StartError extends Error {
  /** What to do about it, one sentence. */
  readonly remedy: string

  constructor(problem: string, remedy: string, options?: { cause?: unknown }) {
    super(problem, options)
    this.name = 'StartError'
    this.remedy = remedy
  }
}

/** The line shown to the operator: what was wrong and what to do, line breaks folded. */
export function startErrorLine(name: string, error: StartError): string {
  return `${name} cannot start: ${error.message} - ${error.remedy}`.replace(/\s*\n\s*/g, ' ')
}
