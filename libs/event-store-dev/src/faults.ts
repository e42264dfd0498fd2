/** Faults for the next appends or subscriptions. `next` counts down; `stream` limits a fault to stream names with that prefix. */
export interface FaultSettings {
  /** The append is taken and never answered; `commit` says whether it is written (default false). */
  readonly silentAppend?: { readonly next: number; readonly stream?: string; readonly commit?: boolean }
  /** The connection breaks before anything is written, or after it is durable and before the answer. */
  readonly dropConnection?: {
    readonly next: number
    readonly stream?: string
    readonly when: 'before-commit' | 'after-commit'
  }
  /** The append is refused with the stream's true revision. */
  readonly wrongExpectedVersion?: { readonly next: number; readonly stream?: string }
  /** The append is refused by a server that names another leader (default: itself). */
  readonly notLeader?: {
    readonly next: number
    readonly stream?: string
    readonly host?: string
    readonly port?: number
  }
  /** The append fails as on a full disk; nothing is written. */
  readonly diskFull?: { readonly next: number; readonly stream?: string }
  /**
   * The next live subscriptions that are about to get an event (of a stream with that prefix) count as too slow: dropped with ABORTED
   * (23.10), or `fellBehind` and catch-up (25+).
   */
  readonly slowConsumer?: {
    readonly next: number
    readonly stream?: string
    readonly manner: 'aborted' | 'fell-behind'
  }
}

export type FaultName = keyof FaultSettings

/** The switches of a running server. */
export interface FaultSwitches {
  /** Replaces the settings of the faults that are named; the others stay. Throws FaultError on a wrong setting. */
  set(settings: FaultSettings): void
  clear(): void
  /** What is still to come. */
  current(): FaultSettings
  /** How often each fault has happened since the server started. */
  happened(): Readonly<Record<FaultName, number>>
}

/** A fault setting that makes no sense; the message names it. */
export class FaultError extends Error {
  override readonly name = 'FaultError'
}

type Settings = { -readonly [Name in FaultName]?: FaultSettings[Name] }

export interface Faults extends FaultSwitches {
  /** Takes one occurrence of a fault for a stream, if it is set. */
  take<Name extends FaultName>(name: Name, stream?: string): NonNullable<FaultSettings[Name]> | undefined
  /** True while any fault is set: lets the hot path skip the rest. */
  readonly armed: boolean
}

const FIELDS: Readonly<Record<FaultName, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  silentAppend: { stream: isText, commit: (value) => typeof value === 'boolean' },
  dropConnection: { stream: isText, when: (value) => value === 'before-commit' || value === 'after-commit' },
  wrongExpectedVersion: { stream: isText },
  notLeader: { stream: isText, host: isText, port: isCount },
  diskFull: { stream: isText },
  slowConsumer: { stream: isText, manner: (value) => value === 'aborted' || value === 'fell-behind' },
}
const REQUIRED: Partial<Record<FaultName, string>> = { dropConnection: 'when', slowConsumer: 'manner' }

/** @param enabled Without it every `set` is refused: a server that was not started for tests cannot be broken. */
export function createFaults(enabled: boolean): Faults {
  let settings: Settings = {}
  const counts: Record<FaultName, number> = {
    silentAppend: 0,
    dropConnection: 0,
    wrongExpectedVersion: 0,
    notLeader: 0,
    diskFull: 0,
    slowConsumer: 0,
  }
  return {
    get armed() {
      for (const _ in settings) return true
      return false
    },
    set(changes) {
      if (!enabled) throw new FaultError('faults are off: start the server with --faults (or faults: true)')
      check(changes)
      settings = { ...settings, ...changes }
    },
    clear() {
      settings = {}
    },
    current: () => ({ ...settings }),
    happened: () => ({ ...counts }),
    take(name, stream) {
      const setting = settings[name]
      if (!setting) return undefined
      if (setting.stream !== undefined && !stream?.startsWith(setting.stream)) return undefined
      counts[name]++
      if (setting.next <= 1) delete settings[name]
      else settings = { ...settings, [name]: { ...setting, next: setting.next - 1 } }
      return setting
    },
  }
}

function check(changes: unknown): void {
  if (typeof changes !== 'object' || changes === null || Array.isArray(changes))
    throw new FaultError('faults must be a JSON object')
  for (const [name, setting] of Object.entries(changes)) {
    const fields = FIELDS[name as FaultName]
    if (!fields) throw new FaultError(`there is no fault '${name}': use ${Object.keys(FIELDS).join(', ')}`)
    if (typeof setting !== 'object' || setting === null) throw new FaultError(`${name} must be an object with 'next'`)
    const { next, ...rest } = setting as Record<string, unknown>
    if (!isCount(next) || next === 0) throw new FaultError(`${name}.next must be a positive whole number`)
    const required = REQUIRED[name as FaultName]
    if (required !== undefined && !(required in rest)) throw new FaultError(`${name} needs '${required}'`)
    for (const [field, value] of Object.entries(rest)) {
      if (!fields[field]?.(value)) throw new FaultError(`${name}.${field} cannot be ${JSON.stringify(value)}`)
    }
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
