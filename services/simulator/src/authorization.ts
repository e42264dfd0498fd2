import type { Configuration } from './configuration.ts'
import type { CallOutcome } from './link.ts'
import type { LocalList } from './local-list.ts'
import { writeTag } from './dialect.ts'
import type { Dialect } from './dialect.ts'
import type { Payload } from './payload.ts'

export type AuthorizationOptions = {
  readonly dialect: Dialect
  readonly configuration: Configuration
  readonly localList: LocalList
  readonly now: () => Date
  /** `closed` while the central system cannot be reached. */
  readonly call: (action: 'Authorize', payload: Payload) => Promise<CallOutcome>
}

/** Who may charge (OCPP 1.6 §3.4, §4.1): the central system says so; while it is away, the local list, then the authorization cache. */
export class Authorization {
  readonly #options: AuthorizationOptions
  readonly #cache = new Map<string, string>()
  readonly #groups = new Map<string, string>()

  constructor(options: AuthorizationOptions) {
    this.#options = options
  }

  async authorize(idTag: string): Promise<boolean> {
    const outcome = await this.#options.call('Authorize', { idTag: writeTag(this.#options.dialect, idTag) })
    if (outcome.type === 'result') return this.learn(idTag, outcome.payload['idTagInfo']) === 'Accepted'
    // an error never authorises
    return outcome.type === 'error' ? false : this.#offline(idTag)
  }

  /** Notes what an answer says of a tag (§3.4.1: Authorize, start and stop all update the cache); gives its status. */
  learn(idTag: string, idTagInfo: unknown): string | undefined {
    const status = (idTagInfo as { status?: unknown } | null | undefined)?.status
    if (typeof status !== 'string') return undefined
    const group = (idTagInfo as { parentIdTag?: unknown }).parentIdTag
    if (typeof group === 'string') this.#groups.set(idTag.toUpperCase(), group)
    if (this.#options.configuration.flag('AuthorizationCacheEnabled')) this.#cache.set(idTag.toUpperCase(), status)
    return status
  }

  /** The group of a tag, as far as list and cache know it. */
  groupOf(idTag: string): string | undefined {
    return this.#options.localList.groupOf(idTag) ?? this.#groups.get(idTag.toUpperCase())
  }

  clearCache(): void {
    this.#groups.clear()
    this.#cache.clear()
  }

  #offline(idTag: string): boolean {
    const { configuration } = this.#options
    // OCPP 1.6 §3.5.1: the list goes before the cache
    const listed = configuration.flag('LocalAuthListEnabled')
      ? this.#options.localList.status(idTag, this.#options.now())
      : undefined
    const known = listed ?? this.#cache.get(idTag.toUpperCase())
    if (known !== undefined) return configuration.flag('LocalAuthorizeOffline') && known === 'Accepted'
    return configuration.flag('AllowOfflineTxForUnknownId')
  }
}
