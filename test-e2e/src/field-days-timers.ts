import type { CommandId, ConnectionEpoch, TokenRef } from '@voltrail/contracts/ids'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream, parseStream, sessionParts } from '@voltrail/contracts/streams'
import type { SharedLog } from '@voltrail/central/oracle/shared-log'
import { charger } from '@voltrail/domain/charger/charger'
import { requestCommand, settleCommand } from '@voltrail/domain/charger/commands'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { createEngine, type Engine } from '@voltrail/timers/engine'
import { fieldTenant } from './field-days-charger.ts'

/** The timers service and an operator's commands, for one charger on its virtual clock. */

export interface FieldTimers {
  /** Fires everything that is due until then, each at its own time. */
  advanceTo(time: number): Promise<void>
  /** what an operator asks of it now: a remote start that it accepts, or a call whose sender dies before the outcome */
  command(
    kind: 'remote-start' | 'lost',
    commandId: string,
    asked: { evseId: number; tokenRef: TokenRef },
  ): Promise<void>
  /** time-outs that fail for good */
  readonly failed: readonly string[]
}

export const createFieldTimers = (
  chargerId: string,
  begin: number,
  log: SharedLog,
  world: {
    /** told before each run whether the log is away then */
    readonly logAway: (time: number) => boolean
    readonly presentAt: (time: number) => ConnectionEpoch | undefined
  },
): FieldTimers => {
  const stream = chargerStream(fieldTenant, chargerId as never)
  const from = log.journal.length
  const failed: string[] = []
  let now = begin
  let cursor = from
  let heard = new Map<string, number>()
  let pods = 0

  const own = (name: string): boolean => {
    const address = parseStream(name)
    return (
      name === stream || (address?.category === 'session' && sessionParts(address.sessionId).chargerId === chargerId)
    )
  }
  const start = (): { engine: Engine; crashed: Promise<'crashed'> } => {
    const pod = log.podLog(`timers-${(pods += 1)}`)
    cursor = from
    heard = new Map()
    const engine = createEngine({
      loop: createWriteLoop({ log: pod.log, cacheSize: 20, build: 'field-days' }),
      presence: {
        look: async () => {
          const epoch = world.presentAt(now)
          return epoch === undefined ? { kind: 'absent' } : { kind: 'there', epoch, lastSeenAt: now }
        },
        worksSince: () => begin,
      },
      now: () => now,
      pod: 'timers',
      build: 'field-days',
      onFailed: (error, what) => failed.push(`${what}: ${String(error)}`),
    })
    return { engine, crashed: pod.crashed }
  }
  let running = start()

  const hear = async (): Promise<void> => {
    while (cursor < log.journal.length) {
      const name = log.journal[cursor++]!
      if (!own(name)) continue
      for await (const event of log.calm.readForward(name, heard.get(name) ?? 0)) {
        running.engine.hear(event)
        heard.set(name, event.revision + 1)
      }
    }
  }

  return {
    failed,
    async advanceTo(time) {
      await hear()
      for (let due = running.engine.status().dueAt; due !== undefined && due <= time;) {
        now = Math.max(now, due)
        log.away = world.logAway(now)
        // it is killed now and then: another one begins with the log
        if ((await Promise.race([running.engine.run(), running.crashed])) === 'crashed') running = start()
        await hear()
        due = running.engine.status().dueAt
      }
      now = Math.max(now, time)
      log.away = false
    },
    async command(kind, id, { evseId, tokenRef }) {
      const commandId = id as CommandId
      const meta: MetadataInput = {
        tenant: fieldTenant,
        causation: { pod: 'operator' },
        correlation: id,
        actor: { kind: 'operator', id: 'field' },
        receivedAt: instant(now),
        decision: { build: 'field-days', clock: instant(now), lookups: [], settings: {} },
      }
      const idToken = { ref: tokenRef, type: 'Central' as const, sealed: { owner: tokenRef, key: '', text: '' } }
      const pod = createWriteLoop({ log: log.podLog('operator').log, cacheSize: 1, build: 'field-days' })
      await pod.decide(
        charger,
        stream,
        (state) =>
          requestCommand(
            { commandId, command: { type: 'RemoteStart', evseId, idToken }, deadline: instant(now + 30_000) },
            state,
          ),
        meta,
      )
      if (kind === 'remote-start')
        await pod.decide(
          charger,
          stream,
          (state) =>
            settleCommand(
              { commandId, result: { outcome: 'result', status: 'Accepted', payload: {} }, frames: {}, late: false },
              state,
            ),
          meta,
        )
      await hear()
    },
  }
}
