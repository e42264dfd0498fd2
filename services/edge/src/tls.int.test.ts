import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { RPCClient } from 'ocpp-rpc'
import type { FactRequest } from '@voltrail/contracts/facts'
import { openEdgeFixture, until } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'
import { openTestAuthority } from './fixtures/test-certificates.ts'
import type { Issued, TestAuthority } from './fixtures/test-certificates.ts'

const day = 86_400_000

describe('an edge that speaks TLS itself', () => {
  let fixture: EdgeFixture
  let folder: string
  let servers: TestAuthority
  let ours: TestAuthority
  let vendor: TestAuthority
  let stranger: TestAuthority
  let edge: Awaited<ReturnType<EdgeFixture['startEdge']>>
  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const put = async (): Promise<void> => {
    for (const kind of ['RSA', 'ECDSA'] as const) {
      const made = await servers.issue('CN=localhost', { kind, server: true })
      file(`${kind}.crt`, made.cert)
      file(`${kind}.key`, made.key)
    }
  }
  const revoked: Issued[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'edge-tls-'))
    ;[servers, ours, vendor, stranger] = await Promise.all([
      openTestAuthority('Servers', 'RSA'),
      openTestAuthority('Our chargers'),
      openTestAuthority('A vendor', 'RSA'),
      openTestAuthority('A stranger'),
    ])
    await put()
    revoked.push(await ours.issue('CN=SN-9,O=Acme'))
    fixture = await openEdgeFixture()
    edge = await fixture.startEdge(
      {},
      {
        LISTENERS: [
          'ws://127.0.0.1:0',
          'wss://127.0.0.1:0',
          'mtls://127.0.0.1:0',
          'wss://127.0.0.1:0?static-rsa',
          'ws://127.0.0.1:0?proxy',
          'wss://127.0.0.1:0?proxy',
        ].join(','),
        TLS_CERT_PATH: `${join(folder, 'RSA.crt')},${join(folder, 'ECDSA.crt')}`,
        TLS_KEY_PATH: `${join(folder, 'RSA.key')},${join(folder, 'ECDSA.key')}`,
        TLS_CLIENT_CA_PATH: file('ours.crt', ours.cert),
        TLS_VENDOR_CA_PATH: file('vendor.crt', vendor.cert),
        TLS_CRL_PATH: file('ours.crl', await ours.revoke(...revoked)),
        TLS_RELOAD: '1h',
        PROXY_FROM: '127.0.0.0/8',
      },
    )
  }, 120_000)
  afterAll(async () => {
    await fixture.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const [ws, wss, mtls, staticRsa, wsProxy, wssProxy] = [0, 1, 2, 3, 4, 5]
  const portOf = (listener: number | undefined): number => edge.ports[listener ?? 0] ?? 0
  const handshake = (listener: number | undefined, options: ConnectionOptions = {}): Promise<TLSSocket> =>
    handshakeAt(portOf(listener), options)
  const handshakeAt = (port: number | undefined, options: ConnectionOptions = {}): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({
        host: '127.0.0.1',
        port,
        ca: servers.cert,
        servername: 'localhost',
        ...options,
      })
      socket.once('error', reject)
      socket.once('secureConnect', () => resolve(socket))
    })
  const connectOf = (id: string): FactRequest['fact'] & { type: 'Connect' } => {
    const found = fixture.central.asks.findLast(({ chargerId, fact }) => chargerId === id && fact.type === 'Connect')
    if (found?.fact.type !== 'Connect') throw new Error(`${id} never asked`)
    return found.fact
  }
  const dial = async (listener: number | undefined, id: string, client: ConnectionOptions = {}, password?: string) => {
    const cli = new RPCClient({
      endpoint: `${listener === ws ? 'ws' : 'wss'}://127.0.0.1:${portOf(listener)}/ocpp`,
      identity: id,
      protocols: ['ocpp1.6'],
      reconnect: false,
      ...(password === undefined ? {} : { password }),
      wsOpts: { ca: servers.cert, servername: 'localhost', ...client },
    } as never)
    await cli.connect()
    return cli
  }

  it('takes chargers over ws, wss and mTLS side by side, each told as what it is', async () => {
    for (const [listener, tls] of [
      [ws, false],
      [wss, true],
      [mtls, true],
    ] as const) {
      const id = fixture.newId()
      const charger = await dial(listener, id, {}, 'password-of-16-bytes')
      expect(await charger.call('Heartbeat', {})).toHaveProperty('currentTime')
      expect(connectOf(id)).toMatchObject({ tls, credential: { kind: 'basic' } })
      await charger.close()
    }
  }, 30_000)

  it('has no more handshakes under way than there is room for: the oldest makes way, and a charger comes in', async () => {
    const crowded = await fixture.startEdge(
      { unfinishedHeads: 20 },
      {
        LISTENERS: 'wss://127.0.0.1:0',
        TLS_CERT_PATH: join(folder, 'ECDSA.crt'),
        TLS_KEY_PATH: join(folder, 'ECDSA.key'),
      },
    )
    const [port] = crowded.ports
    const open = await handshakeAt(port)
    const stalled = Array.from({ length: 100 }, () => connectTcp(port ?? 0, '127.0.0.1').on('error', () => {}))
    await until('only the newest are left', () => stalled.filter(({ closed }) => !closed).length === 20)
    expect(stalled.at(-1)?.closed).toBe(false)
    const later = await handshakeAt(port)
    expect(later.authorized).toBe(true)
    // whoever is through its handshake is not counted
    expect(open.closed).toBe(false)
    for (const socket of [open, later, ...stalled]) socket.destroy()
  })

  it.each(['TLSv1', 'TLSv1.1'] as const)('refuses %s', async (version) => {
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await expect(handshake(wss, old)).rejects.toThrow(/version|alert|unsupported/i)
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', async (version) => {
    const socket = await handshake(wss, { minVersion: version, maxVersion: version })
    expect(socket.getProtocol()).toBe(version)
    socket.destroy()
  })

  it.each([
    ['ECDHE-RSA-AES128-GCM-SHA256', 'RSA'],
    ['ECDHE-ECDSA-AES256-GCM-SHA384', 'EC'],
  ])('serves a client that can only do %s with its %s certificate', async (ciphers, kind) => {
    const socket = await handshake(wss, { ciphers, maxVersion: 'TLSv1.2' })
    expect(socket.getCipher().name).toBe(ciphers)
    expect('bits' in socket.getPeerCertificate() && socket.getPeerCertificate().asn1Curve === undefined).toBe(
      kind === 'RSA',
    )
    socket.destroy()
  })

  it('takes static RSA suites only where that is switched on, and never before those with forward secrecy', async () => {
    const only = { ciphers: 'AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const
    await expect(handshake(wss, only)).rejects.toThrow()
    const socket = await handshake(staticRsa, only)
    expect(socket.getCipher().name).toBe('AES128-GCM-SHA256')
    socket.destroy()
    const either = { ...only, ciphers: 'AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384' }
    const better = await handshake(staticRsa, either)
    expect(better.getCipher().name).toBe('ECDHE-RSA-AES256-GCM-SHA384')
    better.destroy()
    await expect(handshake(staticRsa, { ciphers: 'AES128-SHA', maxVersion: 'TLSv1.2' })).rejects.toThrow()
  })

  it.each<[string, () => Promise<Issued>, object]>([
    [
      'of our authority, with CN and O',
      () => ours.issue('CN=SN-1,O=Acme'),
      { commonName: 'SN-1', organisation: 'Acme', trust: 'ours' },
    ],
    ['of a vendor', () => vendor.issue('CN=V-7', { kind: 'RSA' }), { commonName: 'V-7', trust: 'vendor' }],
    ['of an unknown authority', () => stranger.issue('CN=SN-1,O=Acme'), { trust: 'none' }],
    [
      'that expired',
      () => ours.issue('CN=SN-1', { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) }),
      { flaw: expect.stringContaining('expired') },
    ],
    [
      'that is not valid yet',
      () => ours.issue('CN=SN-1', { notBefore: new Date(Date.now() + day) }),
      { flaw: expect.stringContaining('not valid before') },
    ],
    ['that was revoked', async () => revoked[0] as Issued, { flaw: 'it was revoked' }],
    ['that is for servers', () => ours.issue('CN=SN-1', { server: true }), { trust: 'none' }],
  ])('tells central of a client certificate %s', async (_title, make, expected) => {
    const id = fixture.newId()
    const made = await make()
    const charger = await dial(mtls, id, { cert: made.cert, key: made.key })
    expect(connectOf(id).credential).toMatchObject({ kind: 'certificate', fingerprint: made.fingerprint, ...expected })
    await charger.close()
  })

  it('tells of a good certificate no flaw, and whose root it leads to', async () => {
    const id = fixture.newId()
    const made = await vendor.issue('CN=V-8', { kind: 'RSA' })
    const charger = await dial(mtls, id, { cert: made.cert, key: made.key }, 'and-a-password-16')
    const { credential } = connectOf(id)
    expect(credential).toMatchObject({ kind: 'certificate', issuers: [vendor.fingerprint], proofs: expect.any(Array) })
    expect(credential).not.toHaveProperty('flaw')
    await charger.close()
  })

  it('uses new certificates and revocations, drops no socket but that of a revoked certificate, and keeps the old ones when the new are wrong', async () => {
    const id = fixture.newId()
    const later = await ours.issue('CN=SN-2')
    const charger = await dial(mtls, id, { cert: later.cert, key: later.key })
    const stays = await dial(mtls, fixture.newId(), await ours.issue('CN=SN-STAYS'))
    const closed = new Promise((resolve) => charger.once('close', resolve))
    const before = await handshake(wss)
    const serial = before.getPeerCertificate().serialNumber
    await put()
    revoked.push(later)
    file('ours.crl', await ours.revoke(...revoked))
    await edge.reloadTls()
    const after = await handshake(wss)
    expect(after.getPeerCertificate().serialNumber).not.toBe(serial)
    expect(await closed).toMatchObject({ code: 1008 })
    expect(await stays.call('Heartbeat', {})).toHaveProperty('currentTime')
    const again = fixture.newId()
    const second = await dial(mtls, again, { cert: later.cert, key: later.key })
    expect(connectOf(again).credential).toMatchObject({ flaw: 'it was revoked' })

    file('RSA.crt', 'no certificate')
    await expect(edge.reloadTls()).rejects.toThrow('RSA.crt')
    const still = await handshake(wss)
    expect(still.getPeerCertificate().serialNumber).toBe(after.getPeerCertificate().serialNumber)
    await put()
    for (const socket of [before, after, still]) socket.destroy()
    await stays.close()
    await second.close()
  }, 30_000)

  const v2 = (address: readonly number[], ip6 = false): Buffer => {
    const ends = Buffer.concat([
      Buffer.from(address),
      Buffer.alloc(ip6 ? 16 : 4),
      Buffer.from([0x12, 0x34, 0x01, 0xbb]),
    ])
    const head = Buffer.from([0x21, ip6 ? 0x21 : 0x11, 0, ends.length])
    return Buffer.concat([Buffer.from('0d0a0d0a000d0a515549540a', 'hex'), head, ends])
  }
  const upgradeRequest = (id: string): string =>
    `GET /ocpp/${id} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n'
  /** What comes back for bytes that are sent one after the other; `closed` when the connection ends without a word. */
  const say = (port: number, parts: readonly (Buffer | string)[]): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTcp(port, '127.0.0.1', () => {
        for (const part of parts) socket.write(part)
      })
      socket.on('error', () => undefined)
      socket.once('data', (data) => {
        resolve(data.toString('latin1').split('\r\n')[0] ?? '')
        socket.destroy()
      })
      socket.once('close', () => resolve('closed'))
    })

  it.each<[string, (Buffer | string)[], string]>([
    ['version 1', ['PROXY TCP4 203.0.113.9 192.0.2.1 5000 443\r\n'], '203.0.113.9'],
    ['version 1 over IPv6', ['PROXY TCP6 2001:db8::9 2001:db8::1 5000 443\r\n'], '2001:db8::9'],
    ['version 1 that comes in pieces', ['PRO', 'XY TCP4 203.0.113.8 192.0.2.1 5000', ' 443\r\n'], '203.0.113.8'],
    ['version 2', [v2([203, 0, 113, 7])], '203.0.113.7'],
    ['version 2 over IPv6', [v2([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5], true)], '2001:db8::5'],
    ['version 1 of an unknown source', ['PROXY UNKNOWN\r\n'], '127.0.0.1'],
  ])('takes the source address from a PROXY header: %s', async (_title, header, address) => {
    const id = fixture.newId()
    expect(await say(portOf(wsProxy), [...header, upgradeRequest(id)])).toContain('101')
    expect(connectOf(id).remoteAddress).toBe(address)
  })

  it.each<[string, (Buffer | string)[]]>([
    ['none', []],
    ['a broken one of version 1', ['PROXY TCP4 999.0.0.1 192.0.2.1 5000 443\r\n']],
    ['one that never ends', [`PROXY ${'x'.repeat(200)}`]],
  ])('refuses a connection with a PROXY header that is wrong: %s', async (_title, header) => {
    const id = fixture.newId()
    expect(await say(portOf(wsProxy), [...header, upgradeRequest(id)])).toBe('closed')
  })

  it('passes TLS on behind a PROXY header', async () => {
    const id = fixture.newId()
    const socket = connectTcp(portOf(wssProxy), '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.write('PROXY TCP4 203.0.113.5 192.0.2.1 5000 443\r\n')
    const tls = await handshake(undefined, { socket })
    tls.write(upgradeRequest(id))
    await new Promise((resolve) => tls.once('data', resolve))
    expect(connectOf(id)).toMatchObject({ remoteAddress: '203.0.113.5', tls: true })
    tls.destroy()
  })

  it('makes an address that guesses passwords wait, and no other one, and no charger', async () => {
    const id = fixture.newId()
    fixture.central.state.treat = ({ fact }) =>
      fact.type === 'Connect' && fact.remoteAddress === '198.51.100.1'
        ? { outcome: 'refused', reason: 'bad-credential', detail: 'the password is not the one that is registered' }
        : undefined
    const from = (address: string) =>
      say(portOf(wsProxy), [`PROXY TCP4 ${address} 192.0.2.1 5000 443\r\n`, upgradeRequest(id)])
    const statuses = new Set<string>()
    await until('the address has to wait', async () => {
      statuses.add(await from('198.51.100.1'))
      return [...statuses].some((status) => status.includes('429'))
    })
    expect([...statuses].some((status) => status.includes('401'))).toBe(true)
    expect(await from('198.51.100.2')).toContain('101')
    fixture.central.state.treat = () => undefined
  }, 30_000)
})
