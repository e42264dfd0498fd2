import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RPCClient } from 'ocpp-rpc'
import { connectBus, type Bus } from '@voltrail/bus/bus'
import { centralClient } from '@voltrail/bus/central-client'
import { startCentral } from '@voltrail/central/central'
import { centralConfig } from '@voltrail/central/config'
import type { AdminCommand } from '@voltrail/contracts/admin-commands'
import { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream, deviceStream } from '@voltrail/contracts/streams'
import { readEdgeConfig } from '@voltrail/edge/config'
import { startEdge } from '@voltrail/edge/edge'
import { openTestAuthority, type Issued, type TestAuthority } from '@voltrail/edge/fixtures/test-certificates'
import { startEventStoreDev } from '@voltrail/event-store-dev/server'
import { connectEventLog, type EsdbLog } from '@voltrail/event-store/esdb-log'
import { passwordDigests } from '@voltrail/key-store/password-digest'
import { openTestNats } from '@voltrail/nats-dev/test-nats'
import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import { until } from './fixtures/until.ts'

const tenant = TenantId.parse('default')
const vendor = { chargePointVendor: 'Acme', chargePointModel: 'Secure' }

describe('security profiles over real TLS, with a client that is not ours', () => {
  const pepper = randomBytes(32)
  const closers: (() => Promise<unknown>)[] = []
  let folder: string
  let servers: TestAuthority
  let ours: TestAuthority
  let bus: Bus
  let log: EsdbLog
  let ports: readonly number[]
  /** a process of its own, as there is one appending connection to a process: it can be killed, too */
  let startUpkeep: () => ChildProcess
  let upkeep: ChildProcess
  let requests = 0

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'security-profiles-'))
    const [store, nats, database, serverCa, clientCa] = await Promise.all([
      startEventStoreDev({ data: 'memory', port: 0 }),
      openTestNats(),
      openTestDatabase(),
      openTestAuthority('Servers', 'RSA'),
      openTestAuthority('Our chargers'),
    ])
    closers.push(async () => Promise.all([store.stop(), nats.stop(), database.drop()]))
    ;[servers, ours] = [serverCa, clientCa]
    const urls = { NATS_URL: nats.url, LOG_LEVEL: 'silent' }
    const central = await startCentral(
      centralConfig({
        ...urls,
        ESDB_URL: store.connectionString,
        DATABASE_URL: database.url,
        MASTER_KEY: randomBytes(32).toString('hex'),
        POD_NAME: 'central-0',
        ADOPTION: 'closed',
      }),
    )
    closers.push(() => central.stop())
    const server = await servers.issue('CN=localhost', { kind: 'RSA', server: true })
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const edge = await startEdge(
      readEdgeConfig({
        ...urls,
        PEPPER: pepper.toString('hex'),
        POD_NAME: 'edge-0',
        LISTENERS: 'ws://127.0.0.1:0,wss://127.0.0.1:0,mtls://127.0.0.1:0',
        TLS_CERT_PATH: file('server.crt', server.cert),
        TLS_KEY_PATH: file('server.key', server.key),
        TLS_CLIENT_CA_PATH: file('clients.crt', ours.cert),
      }),
    )
    closers.push(() => edge.stop())
    ports = edge.ports
    const main = join(__dirname, '../../services/upkeep/src/main.ts')
    startUpkeep = () =>
      spawn(process.execPath, ['--import', 'tsx', main], {
        stdio: 'ignore',
        env: { PATH: process.env['PATH'], ...urls, ESDB_URL: store.connectionString, POD_NAME: 'upkeep-0' },
      })
    upkeep = startUpkeep()
    closers.push(() => killUpkeep())
    bus = await connectBus({ url: nats.url, name: 'test' })
    closers.push(() => bus.close())
    log = connectEventLog({ connectionString: store.connectionString, readOnly: true })
    closers.push(() => log.close())
  }, 120_000)
  afterAll(async () => {
    for (const close of closers.toReversed()) await close()
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  const killUpkeep = async (): Promise<void> => {
    const ended = once(upkeep, 'exit')
    upkeep.kill('SIGKILL')
    await ended
  }
  const admin = (command: AdminCommand) =>
    centralClient(bus, tenant).decide({
      requestId: `request-${++requests}`,
      actor: { kind: 'operator', id: 'test' },
      requestedAt: instant(Date.now()),
      command,
    })
  const digestsOf = (id: string, password: string) =>
    passwordDigests(pepper, tenant, ChargerId.parse(id), Buffer.from(password))
  const register = (id: string, securityProfile: number, password: string | null) =>
    admin({
      type: 'RegisterCharger',
      chargerId: ChargerId.parse(id),
      registration: 'Accepted',
      securityProfile,
      passwordDigests: password === null ? null : digestsOf(id, password),
    })
  const eventsOf = async (stream: ReturnType<typeof deviceStream>) => {
    const found: { type: string; data: Record<string, unknown> }[] = []
    for await (const { type, data } of log.readForward(stream, 0)) found.push({ type, data })
    return found
  }
  const onCharger = (id: string) => eventsOf(chargerStream(tenant, ChargerId.parse(id)))
  const onDevice = (id: string) => eventsOf(deviceStream(tenant, ChargerId.parse(id)))
  const endOf = (id: string, toProfile: number, withinMs = 60_000) =>
    until(
      `the upgrade of ${id} to profile ${toProfile} ended`,
      async () =>
        (await onDevice(id)).find((one) => one.type === 'SecurityUpgradeEnded' && one.data['toProfile'] === toProfile),
      withinMs,
    )

  type Given = { readonly password?: string | Buffer | undefined; readonly certificate?: Issued | undefined }
  const dial = async (
    id: string,
    profile: number,
    { password, certificate }: Given,
    onCall?: (action: string, params: Record<string, string>) => object,
  ) => {
    const rpc = new RPCClient({
      endpoint: profile < 2 ? `ws://127.0.0.1:${ports[0]}/ocpp` : `wss://127.0.0.1:${ports[profile - 1]}/ocpp`,
      identity: id,
      protocols: ['ocpp1.6'],
      reconnect: false,
      ...(password === undefined ? {} : { password }),
      wsOpts: {
        ca: servers.cert,
        servername: 'localhost',
        ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
      },
    } as never)
    rpc.handle(async ({ method, params }: { method?: string; params?: unknown }) =>
      onCall === undefined ? { status: 'Accepted' } : onCall(method ?? '', params as Record<string, string>),
    )
    await rpc.connect()
    return rpc
  }

  it('lets each profile in by what it asks for, and by nothing less', async () => {
    const password = 'twenty-bytes-of-key!'
    await register('P0', 0, null)
    await register('P1', 1, password)
    await register('P2', 2, password)
    await register('P3', 3, null)
    await admin({
      type: 'SetClientIdentities',
      chargerId: ChargerId.parse('P3'),
      identities: [{ kind: 'common-name', commonName: 'SN-3', organisation: 'Acme' }],
    })
    const own = await ours.issue('CN=SN-3,O=Acme')
    for (const [id, profile, given] of [
      ['P0', 0, {}],
      ['P1', 1, { password }],
      ['P2', 2, { password }],
      ['P3', 3, { certificate: own }],
    ] as const) {
      const rpc = await dial(id, profile, given)
      expect(await rpc.call('BootNotification', vendor)).toMatchObject({ status: 'Accepted' })
      await rpc.close({ force: true })
    }
    const other = await ours.issue('CN=SN-4,O=Acme')
    const stranger = await (await openTestAuthority('A stranger')).issue('CN=SN-3,O=Acme')
    for (const [id, profile, given] of [
      ['P1', 1, { password: 'another-password' }],
      ['P1', 1, {}],
      ['P2', 1, { password }],
      ['P3', 2, { password }],
      ['P3', 3, {}],
      ['P3', 3, { certificate: other }],
      ['P3', 3, { certificate: stranger }],
    ] as const)
      await expect(dial(id, profile, given)).rejects.toThrow('Unauthorized')
    const refusals = (await onCharger('P3')).filter(({ type }) => type === 'ChargerConnectionRefused')
    // told once a minute
    expect(refusals).toHaveLength(1)
  }, 60_000)

  it('records a certificate of another charger by what it is', async () => {
    await register('P4', 3, null)
    const chargerId = ChargerId.parse('P4')
    await admin({ type: 'SetClientIdentities', chargerId, identities: [{ kind: 'common-name', commonName: 'SN-44' }] })
    const other = await ours.issue('CN=SN-45')
    await expect(dial('P4', 3, { certificate: other })).rejects.toThrow()
    expect(await onCharger('P4')).toContainEqual({
      type: 'ChargerConnectionRefused',
      data: expect.objectContaining({
        detail: 'the client certificate is not one of this charger',
        certificate: { commonName: 'SN-45', fingerprint: other.fingerprint },
      }),
    })
  }, 60_000)

  it('refuses a client certificate that has expired, and records that it has', async () => {
    await register('P5', 3, null)
    const chargerId = ChargerId.parse('P5')
    await admin({ type: 'SetClientIdentities', chargerId, identities: [{ kind: 'common-name', commonName: 'SN-5' }] })
    const day = 86_400_000
    const over = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) }
    await expect(dial('P5', 3, { certificate: await ours.issue('CN=SN-5', over) })).rejects.toThrow('Unauthorized')
    expect(await onCharger('P5')).toContainEqual({
      type: 'ChargerConnectionRefused',
      data: expect.objectContaining({ detail: expect.stringContaining('expired') }),
    })
    const good = await dial('P5', 3, { certificate: await ours.issue('CN=SN-5') })
    await good.close({ force: true })
  }, 60_000)

  it('takes a charger from profile 1 over 2 to 3 unattended, and refuses what was before for good', async () => {
    const id = 'CLIMBER'
    const chargerId = ChargerId.parse(id)
    let password = 'the-first-password'
    let profile = 1
    const old = password
    const certificate = await ours.issue('CN=SN-77,O=Acme')
    await register(id, 1, password)
    await admin({
      type: 'SetClientIdentities',
      chargerId,
      identities: [{ kind: 'common-name', commonName: 'SN-77', organisation: 'Acme' }],
    })

    let current: Awaited<ReturnType<typeof dial>> | undefined
    /** As a charger does: takes its new settings, ends its connection and comes back by them. */
    const live = async (): Promise<void> => {
      current = await dial(id, profile, { password: keyOf(password), certificate }, (action, { key, value }) => {
        if (action === 'ChangeConfiguration' && key === 'AuthorizationKey') password = value ?? ''
        if (action === 'ChangeConfiguration' && key === 'SecurityProfile') {
          profile = Number(value)
          setTimeout(() => void current?.close({ force: true, awaitPending: false }).then(live), 100)
        }
        return { status: 'Accepted' }
      })
      await current.call('BootNotification', vendor)
    }
    /** 40 hex characters are sent as the bytes that they stand for. */
    const keyOf = (text: string) => (/^[0-9a-f]{40}$/.test(text) ? Buffer.from(text, 'hex') : text)
    await live()

    const hex = randomBytes(20).toString('hex')
    const begun = await admin({
      type: 'BeginSecurityUpgrade',
      chargerId,
      toProfile: 2,
      newKey: { hex, digests: digestsOf(id, hex) },
      windowSeconds: 300,
    })
    expect(begun).toMatchObject({ outcome: 'done', changed: true })
    expect(await endOf(id, 2)).toMatchObject({ data: { outcome: 'done' } })
    expect(password).toBe(hex)
    expect(profile).toBe(2)
    await expect(dial(id, 1, { password: old })).rejects.toThrow()
    await expect(dial(id, 2, { password: old })).rejects.toThrow()
    await expect(dial(id, 1, { password: keyOf(hex) })).rejects.toThrow()

    // upkeep dies and another goes on from the log
    await killUpkeep()
    expect(await admin({ type: 'BeginSecurityUpgrade', chargerId, toProfile: 3, windowSeconds: 300 })).toMatchObject({
      outcome: 'done',
    })
    upkeep = startUpkeep()
    expect(await endOf(id, 3)).toMatchObject({ data: { outcome: 'done' } })
    expect(profile).toBe(3)
    await expect(dial(id, 2, { password: keyOf(hex) })).rejects.toThrow()
    expect(await admin({ type: 'BeginSecurityUpgrade', chargerId, toProfile: 2, windowSeconds: 300 })).toMatchObject({
      outcome: 'refused',
      reason: 'profile-never-lower',
    })
    await current?.close({ force: true, awaitPending: false })

    // the key is nowhere in the log, in no spelling
    const everything = JSON.stringify([await onCharger(id), await onDevice(id)]).toLowerCase()
    expect(everything).not.toContain(hex)
    expect(everything).toContain('digest')
  }, 180_000)

  it('ends in the new profile though upkeep is killed at every step; the charger is never locked out', async () => {
    const id = 'UNDYING'
    const chargerId = ChargerId.parse(id)
    const old = 'the-first-password'
    const hex = randomBytes(20).toString('hex')
    let password: string | Buffer = old
    let profile = 1
    const steps: string[] = []
    let current: Awaited<ReturnType<typeof dial>> | undefined
    let fallen = Promise.resolve()
    await register(id, 1, old)

    /** It takes what it is sent; upkeep dies before it has the answer; the charger comes back with what it holds by then. */
    const live = async (): Promise<void> => {
      current = await dial(id, profile, { password }, (action, { key, value }) => {
        if (action !== 'ChangeConfiguration') return { status: 'Accepted' }
        steps.push(key ?? '')
        if (key === 'AuthorizationKey') password = Buffer.from(value ?? '', 'hex')
        if (key === 'SecurityProfile') profile = Number(value)
        const dying = killUpkeep()
        fallen = dying.then(async () => {
          // what it held before is good as long as nothing new is proven, and what it holds now is, too
          const before = await dial(id, 1, { password: old })
          await before.close({ force: true, awaitPending: false })
          upkeep = startUpkeep()
          await live()
        })
        return { status: 'Accepted' }
      })
      await current.call('BootNotification', vendor)
    }
    await live()
    const newKey = { hex, digests: digestsOf(id, hex) }
    await admin({ type: 'BeginSecurityUpgrade', chargerId, toProfile: 2, newKey, windowSeconds: 300 })
    expect(await endOf(id, 2, 180_000)).toMatchObject({ data: { outcome: 'done' } })
    await fallen
    expect(profile).toBe(2)
    expect(steps).toContain('AuthorizationKey')
    expect(steps).toContain('SecurityProfile')
    for (const [at, given] of [
      [1, { password: old }],
      [2, { password: old }],
      [1, { password }],
    ] as const)
      await expect(dial(id, at, given)).rejects.toThrow('Unauthorized')
    await current?.close({ force: true, awaitPending: false })
    const again = await dial(id, 2, { password })
    expect(await again.call('BootNotification', vendor)).toMatchObject({ status: 'Accepted' })
    await again.close({ force: true, awaitPending: false })
  }, 240_000)

  it('that took the key and never the profile keeps the key: it is not locked out when the time is over', async () => {
    const id = 'HALFWAY'
    const chargerId = ChargerId.parse(id)
    const old = 'the-first-password'
    const hex = randomBytes(20).toString('hex')
    let password: string | Buffer = old
    let current: Awaited<ReturnType<typeof dial>> | undefined
    await register(id, 1, old)
    const live = async (): Promise<void> => {
      current = await dial(id, 1, { password }, (action, { key, value }) => {
        const back = () => void current?.close({ force: true, awaitPending: false }).then(live)
        if (action === 'Reset') setTimeout(back, 100)
        if (key === 'AuthorizationKey') {
          password = Buffer.from(value ?? '', 'hex')
          setTimeout(back, 100)
        }
        // of the profile it never says a word
        return key === 'SecurityProfile' ? new Promise(() => {}) : { status: 'Accepted' }
      })
      await current.call('BootNotification', vendor)
    }
    await live()
    const newKey = { hex, digests: digestsOf(id, hex) }
    await admin({ type: 'BeginSecurityUpgrade', chargerId, toProfile: 2, newKey, windowSeconds: 60 })
    expect(await endOf(id, 2, 180_000)).toMatchObject({
      data: { outcome: 'failed', detail: expect.stringContaining('took the new key') },
    })
    await current?.close({ force: true, awaitPending: false })
    await expect(dial(id, 1, { password: old })).rejects.toThrow('Unauthorized')
    const again = await dial(id, 1, { password })
    expect(await again.call('BootNotification', vendor)).toMatchObject({ status: 'Accepted' })
    await again.close({ force: true, awaitPending: false })
  }, 240_000)

  it('gives up an upgrade that the charger refuses: the old password stays', async () => {
    const id = 'STUBBORN'
    const password = 'the-only-password'
    await register(id, 1, password)
    const rpc = await dial(id, 1, { password }, () => ({ status: 'Rejected' }))
    await rpc.call('BootNotification', vendor)
    const hex = randomBytes(20).toString('hex')
    await admin({
      type: 'BeginSecurityUpgrade',
      chargerId: ChargerId.parse(id),
      toProfile: 1,
      newKey: { hex, digests: digestsOf(id, hex) },
      windowSeconds: 300,
    })
    expect(await endOf(id, 1)).toMatchObject({
      data: { outcome: 'failed', detail: expect.stringContaining('Rejected') },
    })
    await rpc.close({ force: true, awaitPending: false })
    await expect(dial(id, 1, { password: hex })).rejects.toThrow()
    const again = await dial(id, 1, { password })
    await again.close({ force: true })
  }, 120_000)
})
