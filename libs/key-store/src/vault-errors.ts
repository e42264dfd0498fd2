/** The keys cannot be had now: Postgres is away and the key is not in memory. Asking again later is right. */
export class VaultUnavailable extends Error {
  constructor(doing: string, cause: unknown) {
    super(`the key store is not available: could not ${doing}`, { cause })
    this.name = 'VaultUnavailable'
  }
}

/** A sealed text that does not open: altered, moved to another tenant or token, or its key row is missing altogether. */
export class SealBroken extends Error {
  readonly tenant: string
  readonly owner: string

  constructor(tenant: string, owner: string, why: string) {
    super(`a sealed text of token ${owner} of tenant ${tenant} does not open: ${why}`)
    this.name = 'SealBroken'
    this.tenant = tenant
    this.owner = owner
  }
}
