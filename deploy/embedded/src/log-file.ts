import { closeSync, copyFileSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'

const mostBytes = 8 * 1024 * 1024

/**
 * A log that a child process writes by itself, so that its last words are kept even when we are gone.
 * At about 8 MiB the lines move to `<path>.1`, which replaces the older ones.
 */
export interface LogFile {
  readonly path: string
  /** For a child's standard output and error. */
  readonly descriptor: number
  write(line: string): void
  /** Moves the lines away when there are too many. */
  bound(): void
  /** The last line written since it was opened or since the last call of `mark`, without its line break; empty when there is none. */
  lastLine(): string
  mark(): void
  close(): void
}

export function openLogFile(path: string, bytes = mostBytes): LogFile {
  // appending: what is written after a truncation begins at the new end
  const descriptor = openSync(path, 'a+', 0o600)
  let marked = fstatSync(descriptor).size
  return {
    path,
    descriptor,
    write: (line) => void writeSync(descriptor, `${line}\n`),
    bound() {
      if (fstatSync(descriptor).size <= bytes) return
      copyFileSync(path, `${path}.1`)
      ftruncateSync(descriptor, 0)
      marked = 0
    },
    lastLine() {
      const { size } = fstatSync(descriptor)
      const from = Math.max(marked, size - 8_192)
      const tail = Buffer.alloc(Math.max(0, size - from))
      readSync(descriptor, tail, 0, tail.length, from)
      return tail.toString('utf8').trim().split('\n').at(-1) ?? ''
    },
    mark() {
      marked = fstatSync(descriptor).size
    },
    close: () => closeSync(descriptor),
  }
}
