import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { StartError } from './start-error.ts'

/** The raw environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>

export type ConfigProblem = {
  /** The environment variable. */
  readonly variable: string
  /** What was wrong with it; never the value of a secret. */
  readonly problem: string
  readonly example?: string
}

/** All that is wrong with a process's settings, in one error. */
export class ConfigError extends StartError {
  readonly problems: readonly ConfigProblem[]

  constructor(name: string, problems: readonly ConfigProblem[]) {
    const list = problems.map(
      ({ variable, problem, example }) =>
        `${variable} ${problem}${example ? ` (for example ${variable}=${example})` : ''}`,
    )
    super(
      list.join('; '),
      `set ${problems.length === 1 ? 'this environment variable' : 'these environment variables'} for ${name}`,
    )
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** What a helper of this file notes about a variable, beside zod's own schema. */
type VariableNote = { readonly example?: string; readonly secret?: boolean }
const notes = z.registry<VariableNote>()

/**
 * Reads a process's settings once: the schema's keys are the variables' names, an empty variable counts as unset,
 * a `secret` may instead come from the file that `<NAME>_FILE` names. The result is frozen.
 * Throws one ConfigError that lists everything that is missing or wrong.
 */
export function readConfig<S extends z.ZodObject>(schema: S, env: Environment, name: string): Readonly<z.output<S>> {
  const problems: ConfigProblem[] = []
  const raw: Record<string, string> = {}
  for (const [variable, type] of Object.entries(schema.shape)) {
    const note = noteOf(type)
    const value = note.secret ? readSecret(variable, env, problems) : env[variable]
    if (value !== undefined && value !== '') raw[variable] = value
  }
  const unreadable = new Set(problems.map((problem) => problem.variable))
  const parsed = schema.safeParse(raw)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const variable = String(issue.path[0] ?? name)
      if (unreadable.has(variable)) continue
      const type = schema.shape[variable]
      const note = type ? noteOf(type) : {}
      const problem =
        type && raw[variable] === undefined ? 'is not set' : note.secret ? 'is not in the expected form' : issue.message
      problems.push({ variable, problem, ...(note.example === undefined ? {} : { example: note.example }) })
    }
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(name, problems)
  return deepFreeze(parsed.data)
}

/** Any text, trimmed. */
export const text = (example: string) => noted(z.string().trim().min(1, 'must not be empty'), { example })

/** A secret: read from the variable or from the file that `<NAME>_FILE` names; never printed, not even when it is wrong. */
export const secret = (options: { minLength?: number } = {}) => {
  const minLength = options.minLength ?? 1
  return noted(z.string().min(minLength), {
    secret: true,
    example: `a value of at least ${minLength} characters, or the same name with _FILE and a path`,
  })
}

/** A TCP port; 0 asks the system for a free one. */
export const port = (example = 8080) =>
  noted(
    z.string().transform((value, context) => {
      const number = /^\d{1,5}$/.test(value.trim()) ? Number(value) : Number.NaN
      if (number >= 0 && number <= 65_535) return number
      return refuse(context, `must be a port from 0 to 65535, not "${value}"`)
    }),
    { example: String(example) },
  )

/** A whole number within bounds (inclusive). */
export const integer = (options: { min: number; max: number; example: number }) =>
  noted(
    z.string().transform((value, context) => {
      const number = /^-?\d{1,15}$/.test(value.trim()) ? Number(value) : Number.NaN
      if (number >= options.min && number <= options.max) return number
      return refuse(context, `must be a whole number from ${options.min} to ${options.max}, not "${value}"`)
    }),
    { example: String(options.example) },
  )

/** A URL of one of the given schemes (without colon), kept as text. It may hold a password, so it is never repeated in an error. */
export const url = (schemes: readonly string[], example: string) =>
  noted(
    z.string().transform((value, context) => {
      const scheme = /^([a-z][a-z0-9+.-]*):\/\/[^\s/]+/i.exec(value.trim())?.[1]?.toLowerCase()
      if (scheme !== undefined && schemes.includes(scheme)) return value.trim()
      return refuse(context, `must be a URL that begins with ${schemes.map((known) => `${known}://`).join(' or ')}`)
    }),
    { example },
  )

const unitMilliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A span of time written with its unit (`250ms`, `30s`, `5m`, `2h`, `7d`), in milliseconds. */
export const duration = (example = '30s') =>
  noted(
    z.string().transform((value, context) => {
      const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|m|h|d)$/.exec(value.trim()) ?? []
      const factor = unit === undefined ? undefined : unitMilliseconds[unit]
      if (amount !== undefined && factor !== undefined) return Math.round(Number(amount) * factor)
      return refuse(context, `must be a number with a unit (ms, s, m, h, d), not "${value}"`)
    }),
    { example },
  )

/** `true`/`1`/`yes`/`on` or `false`/`0`/`no`/`off`, in any case. */
export const boolean = () =>
  noted(
    z.string().transform((value, context) => {
      const word = value.trim().toLowerCase()
      if (['true', '1', 'yes', 'on'].includes(word)) return true
      if (['false', '0', 'no', 'off'].includes(word)) return false
      return refuse(context, `must be true or false, not "${value}"`)
    }),
    { example: 'true' },
  )

/** One of a fixed set of words. */
export const oneOf = <const W extends readonly [string, ...string[]]>(words: W) =>
  noted(z.enum(words, { error: `must be one of ${words.join(', ')}` }), { example: words[0] })

function noted<T extends z.ZodType>(type: T, note: VariableNote): T {
  notes.add(type, note)
  return type
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

/** The note of a variable, found through `.default()`, `.optional()`, `.transform()` and the like. */
function noteOf(type: z.core.$ZodType): VariableNote {
  for (let current: z.core.$ZodType | undefined = type; current !== undefined; current = inner(current)) {
    const note = notes.get(current)
    if (note) return note
  }
  return {}
}

function inner(type: z.core.$ZodType): z.core.$ZodType | undefined {
  const { innerType, in: source } = type._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType }
  return innerType ?? source ?? type._zod.parent
}

function readSecret(variable: string, env: Environment, problems: ConfigProblem[]): string | undefined {
  const file = env[`${variable}_FILE`]
  if (!file) return env[variable]
  if (env[variable]) {
    problems.push({ variable, problem: `is set and so is ${variable}_FILE: keep one of them` })
    return undefined
  }
  try {
    // editors and `echo` end a file with a line break that is no part of the secret
    const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    if (value === '') problems.push({ variable, problem: `is empty in the file ${file} named by ${variable}_FILE` })
    return value
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    problems.push({ variable, problem: `cannot be read from the file ${file} named by ${variable}_FILE (${reason})` })
    return undefined
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
