import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { z } from 'zod'
import { connectBus, type Bus } from '@voltrail/bus/bus'
import type { ChargerPage } from '@voltrail/contracts/rest/chargers'
import type { CommandAnswer } from '@voltrail/contracts/rest/commands'
import type { SessionPage } from '@voltrail/contracts/rest/sessions'
import { Presence } from '@voltrail/contracts/facts'
import { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { chargerStream } from '@voltrail/contracts/streams'
import { presenceBucket, presenceKey } from '@voltrail/contracts/subjects'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { connectEventLog, type EsdbLog } from '@voltrail/event-store/esdb-log'
import { between, seededRandom } from '@voltrail/simulator/random'
import { timestamp } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'
import { openRoamingCharger, type RoamingCharger } from './fixtures/roaming-charger.ts'
import { until } from './fixtures/until.ts'

const seed = 'takeover'
const chargers = 50
const rounds = 6
const wh = (round: number): number => 1000 + (round + 1) * 250
const tenant = TenantId.parse('default')

interface Sent {
  readonly chargerId: string
  readonly key: string
  readonly answer: CommandAnswer
}

describe('chargers that move between two edges, again and again, while their older sockets live', () => {
  let folder: string
  let product: Product
  let rest: Rest
  let bus: Bus
  let log: EsdbLog
  const fleet: RoamingCharger[] = []
  const commands: Sent[] = []

  /** A command that can be told from every other one on the wire. */
  const command = async (chargerId: string, key: string): Promise<Sent> => {
    const path = `/v1/chargers/${chargerId}/commands/GetConfiguration?timeoutMs=10000`
    const sent = { chargerId, key, answer: await rest.send<CommandAnswer>('POST', path, { keys: [key] }) }
    commands.push(sent)
    return sent
  }
  const keysOf = (payload: Record<string, unknown>) => (payload['key'] as string[] | undefined)?.[0]

  /** One charger's day: it boots, starts, moves with its meter running, stops where it is in the end. */
  const live = async (charger: RoamingCharger, first: number): Promise<void> => {
    const random = seededRandom(`${seed}/${charger.id}`)
    const edge = (round: number) => product.ocppUrls[(first + round) % 2]!
    await charger.roam(edge(0))
    await charger.tell('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'Roam' })
    const start = { connectorId: 1, idTag: 'F00D', meterStart: 1000, timestamp: timestamp(60) }
    const { transactionId } = await charger.tell<{ transactionId: number }>('StartTransaction', start)
    const asked: Promise<unknown>[] = []
    for (let round = 0; round < rounds; round++) {
      if (round > 0) {
        // some sockets hear of their end late, or never
        if (random() < 0.3) charger.deafen()
        await charger.roam(edge(round))
      }
      asked.push(command(charger.id, `${charger.id}-${round}`))
      const meter = {
        connectorId: 1,
        transactionId,
        meterValue: [{ timestamp: timestamp(50 - round), sampledValue: [{ value: String(wh(round)) }] }],
      }
      // on all its sockets, the superseded ones too; then until it is taken
      charger.mumble('Heartbeat', {})
      charger.mumble('MeterValues', meter)
      const told = charger.tell('MeterValues', meter)
      if (random() < 0.7) await told
      await wait(between(random, 50, round % 3 === 0 ? 2_600 : 900))
      await told
    }
    await charger.tell('StopTransaction', {
      transactionId,
      idTag: 'F00D',
      meterStop: wh(rounds),
      timestamp: timestamp(1),
    })
    charger.cutOlder()
    await Promise.all(asked)
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: folder, centrals: 2, edges: 2 })
    rest = openRest(product.apiUrl, product.operatorKey)
    bus = await connectBus({ url: product.natsUrl, name: 'takeover-test' })
    log = connectEventLog({ connectionString: product.eventStoreUrl, readOnly: true })
    await rest.send('POST', '/v1/id-tokens', { token: 'F00D', type: 'ISO14443', status: 'Accepted' })
    for (let i = 0; i < chargers; i++)
      fleet.push(
        openRoamingCharger({
          id: `ROAM-${i}`,
          answer: (_action, payload) => ({ configurationKey: [], unknownKey: payload['key'] ?? [] }),
        }),
      )
    await Promise.all(fleet.map((charger, i) => live(charger, i)))
  }, 240_000)
  afterAll(async () => {
    for (const charger of fleet) charger.close()
    await log.close()
    await bus.close()
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('have one open connection each, at the edge they came to last, and presence and the log agree', async () => {
    const lastEdge = (i: number): number => (i + rounds - 1) % 2
    for (const [i, charger] of fleet.entries())
      await until(`${charger.id} has one socket`, async () => charger.openAt().length === 1).then(() =>
        expect(charger.openAt()).toEqual([product.ocppUrls[lastEdge(i)]]),
      )
    const { items } = await rest.eventually<ChargerPageView>(
      `/v1/chargers?limit=${chargers + 10}`,
      (page) => page.items.length === chargers && page.items.every(({ connected }) => connected),
    )
    const board = await bus.keyValue(presenceBucket)
    for (const [i, charger] of fleet.entries()) {
      const entry = await board.get(presenceKey(tenant, ChargerId.parse(charger.id)))
      const presence = entry && Presence.parse(JSON.parse(Buffer.from(entry.value).toString()))
      const events = await read(chargerStream(tenant, ChargerId.parse(charger.id)))
      const connected = events.filter(({ type }) => type === 'ChargerConnected')
      // a busy machine may turn an upgrade away that was recorded: then the charger comes once more
      expect(connected.length).toBeGreaterThanOrEqual(rounds)
      // each superseded connection ended without a trace: only the end of the newest one would be a fact
      expect(events.filter(({ type }) => type === 'ChargerDisconnected')).toEqual([])
      expect(connected.at(-1)!.data).toMatchObject({ edge: `edge-${lastEdge(i) + 1}` })
      expect(presence).toMatchObject({ epoch: String(connected.at(-1)!.revision), edge: `edge-${lastEdge(i) + 1}` })
      expect(items.find(({ chargerId }) => chargerId === charger.id)?.epoch).toBe(presence?.epoch)
    }
  }, 30_000)

  it('never get a command on a socket that a newer one has superseded, and none twice', () => {
    const arrived = fleet.flatMap(({ id, arrivals }) => arrivals.map((one) => ({ id, ...one })))
    expect(arrived.filter(({ superseded }) => superseded)).toEqual([])
    const keys = arrived.map(({ payload }) => keysOf(payload))
    expect(keys.length).toBe(new Set(keys).size)
  })

  it('have each command settled once, as what it came to', async () => {
    expect(commands).toHaveLength(chargers * rounds)
    const reached = new Set(fleet.flatMap(({ arrivals }) => arrivals.map(({ payload }) => keysOf(payload))))
    const count = (outcome: string) => commands.filter(({ answer }) => answer.outcome === outcome).length
    for (const { key, answer } of commands) {
      expect([key, answer.outcome]).toEqual([key, expect.stringMatching(/^(result|offline|timeout|unknown)$/)])
      // offline says that it was never sent, a result that it was
      if (answer.outcome === 'offline') expect([key, reached.has(key)]).toEqual([key, false])
      if (answer.outcome === 'result') expect([key, reached.has(key)]).toEqual([key, true])
    }
    process.stdout.write(
      `commands: ${['result', 'offline', 'timeout', 'unknown'].map((o) => `${count(o)} ${o}`).join(', ')}\n`,
    )
    expect(count('result')).toBeGreaterThan(commands.length / 2)
    for (const charger of fleet) {
      const events = await read(chargerStream(tenant, ChargerId.parse(charger.id)))
      const ids = (...types: string[]) =>
        events.filter(({ type }) => types.includes(type)).map(({ data }) => (data as { commandId: string }).commandId)
      expect(ids('CommandSettled', 'CommandOutcomeUnknown', 'CommandOffline').toSorted()).toEqual(
        ids('CommandRequested').toSorted(),
      )
    }
  }, 30_000)

  it('have each session exactly once, with its energy', async () => {
    const { items } = await rest.eventually<Sessions>(
      '/v1/sessions?limit=200',
      (page) => page.items.length >= chargers && page.items.every(({ state }) => state === 'stopped'),
      30_000,
    )
    const told = (id: string, ...values: unknown[]) => JSON.stringify([id, ...values])
    expect(items.map((one) => told(one.chargerId, one.energyWh, one.energySource)).toSorted()).toEqual(
      fleet.map(({ id }) => told(id, wh(rounds) - 1000, 'meter-stop')).toSorted(),
    )
  }, 40_000)

  it('are reached where they are now', async () => {
    const answers = await Promise.all(fleet.map(({ id }) => command(id, `${id}-last`)))
    expect(answers.map(({ answer }) => answer.outcome)).toEqual(fleet.map(() => 'result'))
    for (const { arrivals, sockets } of fleet) expect(arrivals.at(-1)?.socket).toBe(sockets - 1)
  }, 30_000)

  const read = async (stream: ReturnType<typeof chargerStream>) => {
    const found = []
    for await (const event of log.readForward(stream, 0)) found.push(event)
    return found
  }
})

type ChargerPageView = z.infer<typeof ChargerPage>
type Sessions = z.infer<typeof SessionPage>
