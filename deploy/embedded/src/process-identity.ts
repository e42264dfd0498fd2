import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process, told apart from a later one that was given the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it began, as the system writes it. */
  readonly started: string
}

/** The identity of a living process; undefined when there is none, or only its unreaped remains. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  const started = process.platform === 'linux' ? startedOnLinux(pid) : startedByPs(pid)
  return started === undefined ? undefined : { pid, started }
}

/** Whether that very process still lives. */
export function isAlive(known: ProcessIdentity): boolean {
  return identify(known.pid)?.started === known.started
}

/** Asks with the signal, waits, kills at last; returns once the process is gone. Does nothing to another process of the same number. */
export async function endProcess(known: ProcessIdentity, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  for (const [step, patience] of [
    [signal, patienceMs],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isAlive(known)) return
    sendSignal(known.pid, step)
    for (const deadline = Date.now() + patience; Date.now() < deadline; await sleep(20)) {
      if (!isAlive(known)) return
    }
  }
  throw new Error(`process ${known.pid} does not end, not even by SIGKILL`)
}

/** false: there was no such process. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

function startedOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // "pid (name) state …": the name may itself hold spaces and parentheses, so read from the last one
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    // clock ticks since boot: of this boot, for numbers begin again after the next one
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`
  } catch {
    return undefined
  }
}

function startedByPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, LC_ALL: 'C' },
    }).trim()
    const [state, ...started] = line.split(/\s+/)
    return state === undefined || state === '' || state.startsWith('Z') ? undefined : started.join(' ')
  } catch {
    return undefined
  }
}
