import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A living process as the system describes it; a zombie counts as gone. */
export interface LivingProcess {
  readonly pid: number
  readonly parentPid: number
  readonly command: string
}

/** Looks a process up by id; undefined when there is none (or only its unreaped remains). */
export function livingProcess(pid: number): LivingProcess | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // "pid (name) state ppid …": the name may itself hold spaces and parentheses, so read from the last one
    const [state, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return undefined
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return { pid, parentPid: Number(parentPid), command }
  } catch {
    return process.platform === 'linux' ? undefined : lookUpWithPs(pid)
  }
}

function lookUpWithPs(pid: number): LivingProcess | undefined {
  try {
    const columns = ['-ww', '-o', 'state=,ppid=,command=', '-p', String(pid)]
    const line = execFileSync('ps', columns, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    const match = /^(\S+)\s+(\d+)\s+(.*)$/s.exec(line)
    if (match === null || match[1]?.startsWith('Z')) return undefined
    return { pid, parentPid: Number(match[2]), command: match[3] ?? '' }
  } catch {
    return undefined
  }
}

/** Sends each signal in turn and gives the process that long to go; returns once it is gone, throws if it never goes. */
export async function stopByPid(pid: number, steps: readonly (readonly [NodeJS.Signals, number])[]): Promise<void> {
  for (const [signal, patienceMs] of steps) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return
      throw new Error(`cannot send ${signal} to process ${pid}; stop it by hand and start again`, {
        cause: error,
      })
    }
    const deadline = Date.now() + patienceMs
    while (Date.now() < deadline) {
      if (livingProcess(pid) === undefined) return
      await sleep(10)
    }
  }
  throw new Error(`process ${pid} does not stop; stop it by hand and start again`)
}
