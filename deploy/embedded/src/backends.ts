import type { Environment } from '@voltrail/runtime/config'
import { StartError } from '@voltrail/runtime/start-error'

/** A server that somebody else runs, or one that the product brings along. */
export type Backend =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'external'; readonly url: string; readonly from: string }

/** The three servers that the product stands on. */
export interface Backends {
  readonly eventStore: Backend
  readonly nats: Backend
  /** External: the server; the product makes a database of its own on it, so the user must be allowed to. */
  readonly postgres: Backend
}

const variables = {
  eventStore: { name: 'ESDB_URL', schemes: ['esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'] },
  nats: { name: 'NATS_URL', schemes: ['nats', 'tls'] },
  postgres: { name: 'POSTGRES_URL', schemes: ['postgres', 'postgresql'] },
} as const

/** Servers named by ESDB_URL, NATS_URL and POSTGRES_URL; embedded ones for those that are not named. Throws StartError for a wrong URL. */
export function chooseBackends(env: Environment): Backends {
  const choose = (variable: { readonly name: string; readonly schemes: readonly string[] }): Backend => {
    const url = env[variable.name]?.trim()
    if (!url) return { kind: 'embedded' }
    const scheme = /^([a-z+]+):\/\/[^\s/]/i.exec(url)?.[1]?.toLowerCase()
    if (scheme !== undefined && variable.schemes.includes(scheme)) return { kind: 'external', url, from: variable.name }
    throw new StartError(
      `${variable.name} must be a URL that begins with ${variable.schemes[0]}://`,
      'correct it, or unset it to use an embedded server',
    )
  }
  return {
    eventStore: choose(variables.eventStore),
    nats: choose(variables.nats),
    postgres: choose(variables.postgres),
  }
}

/** One line that says which servers are used; without passwords. */
export function describeBackends(backends: Backends): string {
  const describe = (what: string, backend: Backend): string =>
    backend.kind === 'embedded' ? `${what}: embedded` : `${what}: ${hostOf(backend.url)} (${backend.from})`
  return [
    describe('event store', backends.eventStore),
    describe('NATS', backends.nats),
    describe('Postgres', backends.postgres),
  ].join(', ')
}

/** Scheme and hosts of a connection string, which may name several hosts and so is not for `URL`. */
function hostOf(url: string): string {
  const [, scheme, rest] = /^([a-z+]+:\/\/)([^/?#]*)/i.exec(url) ?? []
  return `${scheme ?? ''}${rest?.slice(rest.lastIndexOf('@') + 1) ?? ''}`
}
