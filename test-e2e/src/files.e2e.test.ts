import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Client as Ftp } from 'basic-ftp'
import { Client as Ssh } from 'ssh2'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, type Charger } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'

const uploadBy = {
  async FTP(location: URL, content: Buffer) {
    const client = new Ftp(20_000)
    const { hostname: host, port, username: user, password } = location
    await client.access({ host, port: Number(port), user, password })
    await client.uploadFrom(Readable.from([content]), 'diag.bin')
    client.close()
  },
  async SFTP(location: URL, content: Buffer) {
    const client = new Ssh()
    const { hostname: host, port, username, password } = location
    await new Promise<void>((resolve, reject) => {
      client.on('ready', () =>
        client.sftp((error, sftp) => {
          if (error !== undefined) return reject(error)
          return sftp.writeFile('diag.bin', content, (failed) => (failed ? reject(failed) : resolve()))
        }),
      )
      client.on('error', reject)
      client.connect({ host, port: Number(port), username, password })
    })
    client.end()
  },
  async HTTP(location: URL, content: Buffer) {
    const authorization = `Basic ${Buffer.from(`${location.username}:${location.password}`).toString('base64')}`
    const target = new URL('diag.bin', location)
    target.username = target.password = ''
    const put = await fetch(target, { method: 'PUT', body: new Uint8Array(content), headers: { authorization } })
    expect(put.status).toBe(201)
  },
}

describe('files of a charger, on the wire', () => {
  let folder: string
  let product: Product
  let rest: Rest
  const chargers: Charger[] = []
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: join(folder, 'data'), apiPort: 0, ocppPort: 0 })
    rest = openRest(product.apiUrl, product.operatorKey)
  }, 180_000)
  afterAll(async () => {
    for (const charger of chargers) await charger.close().catch(() => {})
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it.each(['FTP', 'HTTP', 'SFTP'] as const)(
    'a log uploaded by %s is downloaded again, byte for byte',
    async (protocol) => {
      const id = `LOG-${protocol}`
      const configurationKey = [{ key: 'SupportedFileTransferProtocols', readonly: true, value: protocol }]
      const answers = { GetConfiguration: { configurationKey }, GetDiagnostics: { fileName: 'diag.bin' } }
      const charger = openCharger(product.ocppUrl, { id, answers })
      chargers.push(charger)
      await charger.connect()
      await charger.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
      await rest.send('POST', `/v1/chargers/${id}/commands/GetConfiguration`, {})
      await rest.eventually<object>(
        `/v1/chargers/${id}/configuration`,
        (seen) => JSON.stringify(seen).includes('SupportedFileTransferProtocols'),
        60_000,
      )
      await rest.send('POST', `/v1/chargers/${id}/logs`, {})
      const asked = charger.calls.findLast(({ action }) => action === 'GetDiagnostics')?.params as { location: string }
      const location = new URL(asked.location)
      expect(location.protocol).toBe(`${protocol.toLowerCase()}:`)
      const content = randomBytes(300_000)
      await uploadBy[protocol](location, content)
      const { items } = await rest.get<{ items: { id: string; protocol: string }[] }>(`/v1/chargers/${id}/files`)
      expect(items).toMatchObject([
        { name: 'diag.bin', bytes: 300_000, kind: 'DiagnosticsLog', protocol: protocol.toLowerCase() },
      ])
      const authorization = `Bearer ${product.operatorKey}`
      const download = await fetch(`${product.apiUrl}/v1/files/${items[0]?.id}`, { headers: { authorization } })
      expect(Buffer.from(await download.arrayBuffer()).equals(content)).toBe(true)
    },
    120_000,
  )

  it('a charger uploads by the protocol of its settings, and with the credential in the path where they say so', async () => {
    const id = 'LOG-SET'
    const configurationKey = [{ key: 'SupportedFileTransferProtocols', readonly: true, value: 'SFTP' }]
    const charger = openCharger(product.ocppUrl, { id, answers: { GetConfiguration: { configurationKey } } })
    chargers.push(charger)
    await charger.connect()
    await charger.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    await rest.send('PUT', `/v1/chargers/${id}/settings`, { fileProtocol: 'http', fileCredential: 'path' })
    await rest.send('POST', `/v1/chargers/${id}/logs`, {})
    const asked = charger.calls.findLast(({ action }) => action === 'GetDiagnostics')?.params as { location: string }
    expect(asked.location).toMatch(/^http:\/\/[^@]+\/d[a-z0-9]{29}\/[a-z2-7]{26}\/$/)
    const put = await fetch(new URL('diag.bin', asked.location), { method: 'PUT', body: 'hello' })
    expect(put.status).toBe(201)
    const { items } = await rest.get<{ items: object[] }>(`/v1/chargers/${id}/files`)
    expect(items).toMatchObject([{ name: 'diag.bin', bytes: 5, protocol: 'http' }])
    await expect(
      rest.send('PUT', `/v1/chargers/${id}/settings`, { fileProtocol: 'ftp', fileCredential: 'path' }),
    ).rejects.toThrow(/in the path is for http and https/)
  }, 120_000)
})
