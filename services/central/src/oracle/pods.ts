import { inferenceDefaults, type TenantSettings } from '@voltrail/contracts/admin-commands'
import { session } from '@voltrail/domain/session'
import { wholeSession } from '@voltrail/domain/session-end'
import type { FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { Instant } from '@voltrail/contracts/quantities'
import { factSubject } from '@voltrail/contracts/subjects'
import type { Bus } from '@voltrail/bus/bus'
import { loadCold } from '@voltrail/event-store/load'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import type { Vault } from '@voltrail/key-store/vault'
import { createLog } from '@voltrail/runtime/log'
import type { CentralDeps } from '../central-deps.ts'
import type { OpenByToken } from '../open-by-token.ts'
import { deciding } from '../deciding.ts'
import { createFactHandler } from '../facts/facts.ts'
import { createFrameStore } from '../frame-store.ts'
import { lookUps } from '../look-ups.ts'
import type { SharedLog } from './shared-log.ts'

/** Central as it decides on facts, several times over one log, each with caches of its own. */

export const oracleSettings: TenantSettings = {
  adoption: 'open',
  unknownTokens: 'Accepted',
  heartbeatSeconds: 300,
  ...inferenceDefaults,
}

export interface Pods {
  /** Asks one pod. A pod that crashes over it says nothing, and another takes its name. */
  ask(pod: number, request: FactRequest): Promise<FactReply | undefined>
  /** Lets one pod do something else than answer facts: what an operator asks. */
  operate<T>(pod: number, work: (deps: CentralDeps) => Promise<T>): Promise<T | 'crashed'>
}

/**
 * @param given what the pods share: the log, the vault, the bus and the clock
 * @param options `openByToken`: which transactions each token has open; concurrent use is judged by it, and refused
 */
export const createPods = (
  count: number,
  given: { readonly log: SharedLog; readonly vault: Vault; readonly bus: Bus; readonly now: () => Instant },
  options: { readonly cacheSize?: number; readonly openByToken?: OpenByToken } = {},
): Pods => {
  let started = 0
  const start = () => {
    const name = `pod-${(started += 1)}`
    const { log, crashed } = given.log.podLog(name)
    const openByToken = options.openByToken ?? { of: () => [] }
    const settings: TenantSettings = {
      ...oracleSettings,
      concurrentUse: options.openByToken === undefined ? oracleSettings.concurrentUse : 'refused',
    }
    const around = { logHealth: { state: 'well' as const }, history: log, openByToken }
    const deps: CentralDeps = {
      ...around,
      ...deciding(
        createWriteLoop({
          log,
          cacheSize: options.cacheSize ?? 100,
          build: 'oracle',
          sameStreams: [[session, wholeSession]],
        }),
      ),
      bus: given.bus,
      vault: given.vault,
      history: log,
      frames: createFrameStore({
        appendBytes: () => Promise.reject(new Error('the oracle sends no frame that is too large for an event')),
      }),
      openByToken,
      lookUps: lookUps(
        {
          get: async (aggregate, stream) => ({ ...(await loadCold(log, aggregate, stream)), from: 'stream' as const }),
        },
        settings,
      ),
      log: createLog({ service: 'oracle', level: 'silent' }),
      now: given.now,
      pod: name,
      build: 'oracle',
      defaultSettings: settings,
      offlineAfterMs: 100,
    }
    return { handle: createFactHandler(deps), deps, crashed }
  }
  const pods = Array.from({ length: count }, start)

  return {
    async ask(index, request) {
      const at = index % pods.length
      const pod = pods[at]
      if (pod === undefined) throw new Error('there is no pod')
      const subject = factSubject(request.tenant, request.chargerId, request.fact.type)
      const reply = await Promise.race([pod.handle(Buffer.from(JSON.stringify(request)), subject), pod.crashed])
      if (reply !== 'crashed') return reply
      if (pods[at] === pod) pods[at] = start()
      return undefined
    },
    async operate(index, work) {
      const at = index % pods.length
      const pod = pods[at]
      if (pod === undefined) throw new Error('there is no pod')
      const done = await Promise.race([work(pod.deps), pod.crashed])
      if (done === 'crashed' && pods[at] === pod) pods[at] = start()
      return done
    },
  }
}
