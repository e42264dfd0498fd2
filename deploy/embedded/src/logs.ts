import { join } from 'node:path'
import { openLogFile } from './log-file.ts'
import type { LogFile } from './log-file.ts'

/** The log files of a running product: `<folder>/<name>.log`, kept within bounds. */
export interface Logs {
  of(name: string): LogFile
  close(): void
}

const boundEveryMs = 5_000

export function openLogs(folder: string): Logs {
  const files = new Map<string, LogFile>()
  const bounding = setInterval(() => {
    for (const file of files.values()) file.bound()
  }, boundEveryMs)
  bounding.unref()
  return {
    of(name) {
      const file = files.get(name) ?? openLogFile(join(folder, `${name}.log`))
      files.set(name, file)
      return file
    },
    close() {
      clearInterval(bounding)
      for (const file of files.values()) file.close()
    },
  }
}
