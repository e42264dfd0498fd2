import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { RPCClient } from 'ocpp-rpc'
import type { KeyValue } from '@voltrail/bus/key-value'
import { instant } from '@voltrail/contracts/quantities'
import { trustBucket, trustKey } from '@voltrail/contracts/trust'
import type { TrustBundle } from '@voltrail/contracts/trust'
import { openEdgeFixture, until } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'
import { openTestAuthority } from './fixtures/test-certificates.ts'
import type { Issued, TestAuthority } from './fixtures/test-certificates.ts'

/** Whom an edge trusts as upkeep publishes it on the bus: it has no file of roots, and none of what was revoked. */
describe('an edge that hears on the bus whom to trust', () => {
  let fixture: EdgeFixture
  let folder: string
  let servers: TestAuthority
  let ours: TestAuthority
  let other: TestAuthority
  let bucket: KeyValue
  let edge: Awaited<ReturnType<EdgeFixture['startEdge']>>

  const publish = (change: Partial<TrustBundle>): Promise<number> => {
    const bundle: TrustBundle = {
      authority: 'test',
      at: instant(Date.now()),
      logPosition: '0',
      roots: [ours.cert],
      intermediates: [],
      revoked: [],
      ...change,
    }
    return bucket.put(trustKey, Buffer.from(JSON.stringify(bundle)))
  }
  const start = () =>
    fixture.startEdge(
      {},
      {
        LISTENERS: 'mtls://127.0.0.1:0',
        TLS_CERT_PATH: join(folder, 'server.crt'),
        TLS_KEY_PATH: join(folder, 'server.key'),
        TLS_RELOAD: '1h',
      },
    )
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'edge-trust-'))
    ;[servers, ours, other] = await Promise.all([
      openTestAuthority('Servers'),
      openTestAuthority('Our chargers'),
      openTestAuthority('Another authority'),
    ])
    const server = await servers.issue('CN=localhost', { server: true })
    writeFileSync(join(folder, 'server.crt'), server.cert)
    writeFileSync(join(folder, 'server.key'), server.key)
    fixture = await openEdgeFixture()
    // what central does with a flaw, or with a root that is none of ours
    fixture.central.state.treat = ({ fact }) =>
      fact.type === 'Connect' &&
      fact.credential.kind === 'certificate' &&
      (fact.credential.flaw !== undefined || fact.credential.trust !== 'ours')
        ? { outcome: 'refused', reason: 'bad-credential', detail: fact.credential.flaw ?? 'not ours' }
        : undefined
    bucket = await fixture.bus.keyValue(trustBucket)
    await publish({})
    edge = await start()
  }, 60_000)
  afterAll(async () => {
    await fixture.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const dial = async (id: string, { cert, key }: Issued, to = edge) => {
    const cli = new RPCClient({
      endpoint: `wss://127.0.0.1:${to.port}/ocpp`,
      identity: id,
      protocols: ['ocpp1.6'],
      reconnect: false,
      wsOpts: { ca: servers.cert, servername: 'localhost', cert, key },
    } as never)
    await cli.connect()
    return cli
  }
  const credentialOf = (id: string) => {
    const found = fixture.central.asks.findLast(({ chargerId, fact }) => chargerId === id && fact.type === 'Connect')
    if (found?.fact.type !== 'Connect') throw new Error(`${id} never asked`)
    return found.fact.credential
  }
  const isRefused = async (made: Issued, to = edge): Promise<boolean> => {
    const cli = await dial(fixture.newId(), made, to).catch(() => undefined)
    await cli?.close()
    return cli === undefined
  }

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'resumes no session of %s: every handshake is judged anew',
    async (version) => {
      const { cert, key } = await ours.issue('CN=SN-R,O=Acme')
      const shake = async (session?: Buffer) => {
        const socket = connect({
          host: '127.0.0.1',
          port: edge.port,
          servername: 'localhost',
          ca: servers.cert,
          cert,
          key,
          minVersion: version,
          maxVersion: version,
          ...(session && { session }),
        })
        const sessions: Buffer[] = []
        socket.on('session', (one) => sessions.push(one))
        await once(socket, 'secureConnect')
        // a ticket of 1.3 comes behind the handshake: an answer is behind that
        socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
        await once(socket, 'data')
        const reused = socket.isSessionReused()
        const last = sessions.at(-1) ?? socket.getSession()
        socket.destroy()
        return { reused, session: last }
      }
      const first = await shake()
      expect((await shake(first.session)).reused).toBe(false)
    },
  )

  it('takes the roots that stood there before it began', async () => {
    const id = fixture.newId()
    const charger = await dial(id, await ours.issue('CN=SN-1,O=Acme'))
    expect(credentialOf(id)).toMatchObject({ trust: 'ours', commonName: 'SN-1' })
    expect(credentialOf(id)).not.toHaveProperty('flaw')
    await charger.close()
  })

  it.each<[string, (made: Issued) => Promise<Partial<TrustBundle>>]>([
    ['by the list of its authority', async (made) => ({ crl: await ours.revoke(made) })],
    ['by its serial number, whoever makes the list', async ({ serial }) => ({ revoked: [`0${serial.toUpperCase()}`] })],
    [
      'by its serial number, though the list beside it is nobody’s that we know',
      async (made) => ({ revoked: [made.serial], crl: await other.revoke(made) }),
    ],
  ])(
    'closes the open socket of a certificate that is revoked, %s, and refuses it from then on; all others stay',
    async (_how, change) => {
      await publish({})
      const [made, good] = [await ours.issue('CN=SN-2'), await ours.issue('CN=SN-3')]
      await until('the certificate is good', async () => !(await isRefused(made)))
      const id = fixture.newId()
      const [bad, stays] = [await dial(id, made), await dial(fixture.newId(), good)]
      const closed = new Promise<{ code: number; reason: string }>((resolve) => bad.once('close', resolve))
      expect(await bad.call('Heartbeat', {})).toHaveProperty('currentTime')
      await publish(await change(made))
      const why = { code: 1008, reason: 'the client certificate is no good any more: it was revoked' }
      expect(await closed).toMatchObject(why)
      // central hears why, and records it
      await until('the end is told', async () =>
        fixture.central.asks.some(({ chargerId, fact }) => chargerId === id && fact.type === 'Disconnect'),
      )
      expect(
        fixture.central.asks.find(({ chargerId, fact }) => chargerId === id && fact.type === 'Disconnect')?.fact,
      ).toMatchObject(why)
      await until('the revoked certificate is refused', () => isRefused(made))
      expect(await isRefused(good)).toBe(false)
      expect(await stays.call('Heartbeat', {})).toHaveProperty('currentTime')
      await stays.close()
      // an edge that starts now never lets it in
      const later = await start()
      expect(await isRefused(made, later)).toBe(true)
      expect(await isRefused(good, later)).toBe(false)
      await later.stop()
    },
    30_000,
  )

  it('takes another root that is added, and no more one that went', async () => {
    const theirs = await other.issue('CN=SN-4')
    expect(await isRefused(theirs)).toBe(true)
    await publish({ roots: [ours.cert, other.cert] })
    await until('the other root is trusted', async () => !(await isRefused(theirs)))
    await publish({})
    await until('it is trusted no more', () => isRefused(theirs))
  }, 30_000)

  it('starts where nobody has published anything yet, and trusts whom it hears of then', async () => {
    await bucket.delete(trustKey)
    const early = await start()
    expect(fixture.lines.some(({ msg }) => String(msg).includes('no root of client certificates is known yet'))).toBe(
      true,
    )
    const made = await ours.issue('CN=SN-7')
    expect(await isRefused(made, early)).toBe(true)
    await publish({})
    await until('it is trusted', async () => !(await isRefused(made, early)))
    await early.stop()
  }, 30_000)

  it('stays with the newer bundle where an older one comes, and says so once; one of another log counts', async () => {
    const revoked = await ours.issue('CN=SN-8')
    const at = Date.now()
    const told = () =>
      fixture.lines.filter(({ err }) => JSON.stringify(err ?? '').includes('is older than what is in use'))
    await publish({ logPosition: '9', at: instant(at), revoked: [revoked.serial] })
    await until('it is refused', () => isRefused(revoked))
    await publish({ logPosition: '5', at: instant(at - 60_000) })
    await until('it is told', () => told().length > 0)
    expect(await isRefused(revoked)).toBe(true)
    expect(told()).toHaveLength(1)
    await publish({ logPosition: '5', at: instant(at + 1) })
    await until('what another log says is in use', async () => !(await isRefused(revoked)))
  }, 30_000)

  it('stays with what it had when the bundle is wrong or gone, and says so', async () => {
    const revoked = await ours.issue('CN=SN-5')
    const good = await ours.issue('CN=SN-6')
    await publish({ revoked: [revoked.serial] })
    await until('it is refused', () => isRefused(revoked))
    await publish({ roots: ['no certificate'] })
    await bucket.put(trustKey, Buffer.from('{"roots":7}'))
    await until(
      'both are told',
      () => fixture.lines.filter(({ msg }) => String(msg).includes('that from before stays in use')).length >= 2,
    )
    await bucket.delete(trustKey)
    await edge.reloadTls()
    expect([await isRefused(revoked), await isRefused(good)]).toEqual([true, false])
  }, 30_000)
})
