import type { CentralClient } from '@voltrail/bus/central-client'
import type { ChargerCommand, ChargerCommandRequest } from '@voltrail/contracts/charger-commands'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { ChargerEvent, DeviceEvent } from '@voltrail/contracts/events/registry'
import { ChargerId, CommandId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream, deviceStream } from '@voltrail/contracts/streams'
import { accept, type Aggregate } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import { createMemoryLog } from '@voltrail/event-store/memory-log'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { createLog } from '@voltrail/runtime/log'
import { configuration } from './configuration.ts'
import { createDuties } from './duties.ts'
import type { DutyDeps } from './duty.ts'
import { outcomes } from './outcomes.ts'

const tenant = TenantId.parse('default')
const chargerId = ChargerId.parse('CP1')
const minute = 60_000

/** The duty over a log in memory, with a charger whose answers the test gives. */
const house = () => {
  const log = createMemoryLog()
  const loop = createWriteLoop({ log, cacheSize: 100, build: 'test' })
  let now = Date.UTC(2026, 0, 31, 12)
  const asked: ChargerCommand[] = []
  const answers: { set: string; get: Record<string, string> } = { set: 'Accepted', get: {} }
  /** a stream of events as they are given: nothing here decides about the charger */
  const plain: Aggregate<null, ChargerEvent> = { initialState: null, evolve: () => null }
  const heard = new Map<string, number>()
  const stream = chargerStream(tenant, chargerId)
  const meta = (): MetadataInput => ({
    tenant,
    causation: { pod: 'test' },
    correlation: 'test',
    actor: { kind: 'operator', id: 'test' },
    receivedAt: instant(now),
    decision: { build: 'test', clock: instant(now), lookups: [], settings: {} },
  })
  const onCharger = async (...events: ChargerEvent[]) => {
    for (const event of events) await loop.decide(plain, stream, () => accept(event), meta())
  }
  const payloadOf = (command: ChargerCommand) =>
    command.type === 'GetConfiguration'
      ? {
          configurationKey: Object.entries(answers.get)
            .filter(([key]) => command.keys === undefined || command.keys.includes(key))
            .map(([key, value]) => ({ key, value, readonly: false })),
        }
      : {}
  const central: CentralClient = {
    async command({ commandId, command }: ChargerCommandRequest) {
      asked.push(command)
      const status = command.type === 'ChangeConfiguration' ? answers.set : 'Accepted'
      const stored = command.type === 'ChangeConfiguration' ? { ...command, redacted: false } : command
      if (command.type === 'ChangeConfiguration' && status === 'Accepted') answers.get[command.key] = command.value
      await onCharger(
        { type: 'CommandRequested', data: { commandId, command: stored as never, deadline: instant(now + minute) } },
        {
          type: 'CommandSettled',
          data: {
            commandId,
            result: { outcome: 'result', status, payload: payloadOf(command) },
            late: false,
            frames: {},
          },
        },
      )
      return { outcome: 'result', commandId, status, payload: {} }
    },
    decide: async () => ({ outcome: 'unavailable', reason: 'nothing is decided here' }),
  }
  const deps: DutyDeps = {
    loop,
    central: () => central,
    now: () => now,
    pod: 'test',
    build: 'test',
    log: createLog({ service: 'test', level: 'silent', pretty: false }),
  }
  const failures: unknown[] = []
  const duties = createDuties({
    duties: [outcomes(deps), configuration(deps)],
    now: () => now,
    onFailed: (error) => failures.push(error),
  })
  const hear = async (): Promise<boolean> => {
    let any = false
    for (const one of [stream, deviceStream(tenant, chargerId)])
      for await (const event of log.readForward(one, heard.get(one) ?? 0)) {
        heard.set(one, event.revision + 1)
        duties.hear(event)
        any = true
      }
    return any
  }
  /** until nothing more happens at this moment */
  const settle = async () => {
    do {
      await duties.run()
      await new Promise((resolve) => setTimeout(resolve, 5))
    } while (await hear())
    if (failures.length > 0) throw failures[0] as Error
  }
  return {
    asked,
    answers,
    /** lets time pass, looking each half minute */
    async wait(minutes: number) {
      for (let i = 0; i < minutes * 2; i++) {
        now += minute / 2
        await hear()
        await settle()
      }
    },
    async boot(firmwareVersion = '1.0') {
      const booted = { vendor: 'Acme', model: 'X', firmwareVersion, registration: 'Accepted', intervalSeconds: 300 }
      await onCharger(
        {
          type: 'ChargerConnected',
          data: {
            edge: 'e',
            subprotocol: 'ocpp1.6',
            remoteAddress: '::1',
            tls: false,
            authenticatedBy: 'none',
            heartbeatSeconds: 300,
          },
        },
        { type: 'ChargerBooted', data: booted as never },
      )
      await hear()
      await settle()
    },
    async desire(value: string, mayReset = false) {
      await loop.decide(
        device,
        deviceStream(tenant, chargerId),
        () =>
          accept<DeviceEvent>({
            type: 'ConfigurationDesired',
            data: { keys: [{ key: 'HeartbeatInterval', value, redacted: false }], mayReset },
          }),
        meta(),
      )
      await hear()
      await settle()
    },
    byHand: (value: string) =>
      central.command({
        commandId: CommandId.parse(`by-hand-${value}`),
        chargerId,
        actor: { kind: 'operator', id: 'test' },
        requestedAt: instant(now),
        timeoutMs: 30_000,
        command: { type: 'ChangeConfiguration', key: 'HeartbeatInterval', value },
      }),
    sets: () => asked.filter(({ type }) => type === 'ChangeConfiguration').length,
    keys: async () => (await loop.load(device, deviceStream(tenant, chargerId))).state.keys,
  }
}

describe('the configuration of a charger', () => {
  it('is read whole after its first accepted boot and after its firmware changed, not at each boot', async () => {
    const { boot, wait, asked, answers } = house()
    answers.get = { HeartbeatInterval: '300' }
    await boot()
    expect(asked).toEqual([])
    await wait(2)
    expect(asked).toEqual([{ type: 'GetConfiguration' }])
    await boot()
    await wait(5)
    expect(asked).toHaveLength(1)
    await boot('2.0')
    await wait(2)
    expect(asked).toHaveLength(2)
  })

  it('is brought to what is desired once the boot has settled, and then left in peace', async () => {
    const { boot, wait, asked, desire, keys, sets } = house()
    await boot()
    await desire('60')
    expect(asked).toEqual([])
    await wait(3)
    expect(asked).toContainEqual({ type: 'ChangeConfiguration', key: 'HeartbeatInterval', value: '60' })
    expect(await keys()).toMatchObject([{ key: 'HeartbeatInterval', outcome: 'Accepted', attempts: 1 }])
    await wait(30)
    expect(sets()).toBe(1)
  })

  it('of a charger that refuses a key is not asked for it again', async () => {
    const { boot, wait, answers, desire, keys, sets } = house()
    answers.set = 'NotSupported'
    await boot()
    await desire('60')
    await wait(30)
    await boot()
    await wait(30)
    expect(sets()).toBe(1)
    expect(await keys()).toMatchObject([{ outcome: 'NotSupported', attempts: 1 }])
  })

  it('drives nobody into a boot loop: after two boots that a key caused it is left alone', async () => {
    const { boot, wait, answers, desire, keys, sets } = house()
    await boot()
    await desire('60')
    await wait(3)
    // the charger boots each time, and has forgotten the key
    for (let i = 0; i < 6; i++) {
      delete answers.get['HeartbeatInterval']
      await boot(`1.${i}`)
      await wait(i === 0 ? 20 : 4)
    }
    expect(await keys()).toMatchObject([{ outcome: 'Quarantined', boots: 2 }])
    const before = sets()
    await wait(60)
    expect([before, sets()]).toEqual([2, 2])
  })

  it('that needs a boot gets a soft reset where that is allowed, once', async () => {
    for (const mayReset of [false, true]) {
      const { boot, wait, answers, desire, asked } = house()
      answers.set = 'RebootRequired'
      await boot()
      await desire('60', mayReset)
      await wait(10)
      expect(asked.filter(({ type }) => type === 'Reset')).toEqual(mayReset ? [{ type: 'Reset', kind: 'Soft' }] : [])
      answers.get = { HeartbeatInterval: '60' }
      await boot()
      await wait(10)
      expect(asked).toContainEqual({ type: 'GetConfiguration', keys: ['HeartbeatInterval'] })
      expect(asked.filter(({ type }) => type === 'ChangeConfiguration')).toHaveLength(1)
    }
  })

  it('that somebody changes by hand is theirs until it is desired anew', async () => {
    const { boot, wait, desire, keys, byHand, sets } = house()
    await boot()
    await desire('60')
    await wait(3)
    await byHand('90')
    await wait(30)
    expect(sets()).toBe(2)
    expect(await keys()).toMatchObject([{ outcome: 'Suspended' }])
    await desire('60')
    await wait(3)
    expect(sets()).toBe(3)
    expect(await keys()).toMatchObject([{ outcome: 'Accepted' }])
  })
})
