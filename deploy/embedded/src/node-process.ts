import { spawn } from 'node:child_process'
import { get } from 'node:http'
import { StartError } from '@voltrail/runtime/start-error'
import { sleep } from '@voltrail/runtime/ticker'
import type { LogFile } from './log-file.ts'
import { sendSignal } from './process-identity.ts'
import type { RunningPart } from './running-part.ts'

export interface NodeProcess {
  readonly name: string
  readonly bundle: string
  readonly args?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly log: LogFile
  /** Answers 2xx once the process is ready; absent: ready as soon as it runs. */
  readonly readyUrl?: string
  /** How long it may take to get ready. */
  readonly startDeadlineMs?: number
  /** How long it may take to end after SIGTERM. */
  readonly stopDeadlineMs?: number
}

/**
 * Runs a bundle with the node that runs us and waits until it is ready. Its standard input is a pipe that ends with us.
 * Throws StartError with the process's own last line when it ends before, or does not get ready in time.
 */
export async function startNodeProcess(
  process_: NodeProcess,
  signal: AbortSignal,
  spawned: (pid: number) => void,
): Promise<RunningPart> {
  const { name, log, readyUrl, startDeadlineMs = 60_000, stopDeadlineMs = 10_000 } = process_
  signal.throwIfAborted()
  log.mark()
  // detached: a Ctrl-C in the terminal must reach us, who end the processes in their order, and not all of them at once
  const child = spawn(process.execPath, [process_.bundle, ...(process_.args ?? [])], {
    env: process_.environment,
    stdio: ['pipe', log.descriptor, log.descriptor],
    detached: true,
  })
  child.stdin?.on('error', () => undefined)
  let reason: string | undefined
  const exited = new Promise<string>((resolve) => {
    const settle = (why: string): void => resolve((reason ??= why))
    child.once('exit', (code, how) => settle(how === null ? `exit code ${code}` : `signal ${how}`))
    child.once('error', (error) => settle(error.message))
  })
  const { pid } = child
  if (pid === undefined) throw new StartError(`${name} cannot be run (${await exited})`, 'correct that and start again')
  spawned(pid)

  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => (stopping ??= end())
  async function end(): Promise<void> {
    if (reason === undefined) sendSignal(pid!, 'SIGTERM')
    const late = setTimeout(() => {
      log.write(`${name} did not end within ${stopDeadlineMs} ms of SIGTERM: killed`)
      sendSignal(pid!, 'SIGKILL')
    }, stopDeadlineMs)
    await exited
    clearTimeout(late)
  }

  const giveUpAt = Date.now() + startDeadlineMs
  let missing = 'it gave no answer'
  while (readyUrl !== undefined) {
    if (reason !== undefined) {
      const words = log.lastLine()
      throw new StartError(
        `${name} ended while it started (${reason})${words === '' ? '' : `: ${words.slice(0, 1_000)}`}`,
        `see ${log.path}`,
      )
    }
    const answer = await ask(readyUrl)
    if (answer === 'ready') break
    if (answer !== undefined) missing = answer
    if (signal.aborted || Date.now() > giveUpAt) {
      await stop()
      signal.throwIfAborted()
      throw new StartError(
        `${name} did not get ready within ${startDeadlineMs / 1_000} s: ${missing}`,
        `see ${log.path}`,
      )
    }
    await sleep(30, signal)
  }
  return { pid, exited, stop }
}

/** `ready`, or what the process says is missing, or undefined when it does not answer at all. */
function ask(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 3_000 }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (body += part))
      response.on('error', () => resolve(undefined))
      response.on('end', () => resolve((response.statusCode ?? 500) < 300 ? 'ready' : failingOf(body)))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(undefined))
  })
}

function failingOf(body: string): string {
  try {
    const { failing } = JSON.parse(body) as { failing?: Record<string, string> }
    return Object.entries(failing ?? {})
      .map(([check, why]) => `${check} ${why}`)
      .join('; ')
  } catch {
    return body.slice(0, 200)
  }
}
