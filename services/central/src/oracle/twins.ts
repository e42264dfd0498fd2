import { createHmac } from 'node:crypto'
import type { Bus } from '@voltrail/bus/bus'
import type { TokenRef } from '@voltrail/contracts/ids'
import type { Vault } from '@voltrail/key-store/vault'
import { SealBroken } from '@voltrail/key-store/vault-errors'

/** Twins of the parts that facts are decided with, in memory: the same answers, no server. */

const hmac = (label: string, tenant: string, text: string): string =>
  createHmac('sha256', `${label} ${tenant}`).update(text, 'utf8').digest('hex').slice(0, 32)

/** References are keyed hashes as in the real vault; sealing is base64 beside its owner, so that a test can look inside. */
export const createTwinVault = (): Vault => {
  const erased = new Set<string>()
  return {
    tokenRef: (tenant, value) => hmac('token-ref', tenant, value.trim().toUpperCase()) as TokenRef,
    rawRef: (tenant, raw) => hmac('raw-ref', tenant, raw),
    secretDigest: (tenant, value) => `digest:${hmac('secret-digest', tenant, value)}`,
    seal: async (tenant, owner, texts) =>
      texts.map((text) => ({ owner, key: tenant, text: Buffer.from(text, 'utf8').toString('base64') })),
    async open(tenant, { owner, key, text }) {
      if (key !== tenant) throw new SealBroken(tenant, owner, 'it belongs to another tenant')
      if (erased.has(`${tenant} ${owner}`)) return { kind: 'erased' }
      return { kind: 'clear', text: Buffer.from(text, 'base64').toString('utf8') }
    },
    async erase(tenant, owner) {
      const name = `${tenant} ${owner}`
      return !erased.has(name) && erased.add(name) !== undefined
    },
    failing: () => undefined,
    close: async () => undefined,
  }
}

/** What facts use of the bus: notices of connections, and telemetry that is kept once for each message id. */
export interface TwinBus {
  readonly bus: Bus
  /** payloads by subject and message id */
  readonly telemetry: ReadonlyMap<string, unknown>
}

export const createTwinBus = (): TwinBus => {
  const telemetry = new Map<string, unknown>()
  const used: Pick<Bus, 'publish' | 'publishDurable'> = {
    publish: () => true,
    async publishDurable(subject, data, options = {}) {
      const name = `${subject} ${options.msgId ?? telemetry.size}`
      const duplicate = telemetry.has(name)
      if (!duplicate) telemetry.set(name, JSON.parse(Buffer.from(data).toString('utf8')))
      return { kind: 'stored', stream: 'TELEMETRY', seq: telemetry.size, duplicate }
    },
  }
  const bus = new Proxy(used, {
    get(target, name) {
      if (name in target) return target[name as keyof typeof target]
      throw new Error(`facts use a part of the bus that its twin does not have: ${String(name)}`)
    },
  }) as Bus
  return { bus, telemetry }
}
