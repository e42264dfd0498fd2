import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { SecurityEventPage } from '@voltrail/contracts/rest/security-events'
import type { TransferAnswer, TransferList, TransferView } from '@voltrail/contracts/rest/transfers'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, type Charger } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'

/** what the feed shows from the beginning up to the first event of a type with this text in it */
const firstOnFeed = async (product: Product, type: string, text = type): Promise<string> => {
  const closing = new AbortController()
  const response = await fetch(new URL(`/v1/events?types=${type}`, product.apiUrl), {
    headers: { authorization: `Bearer ${product.operatorKey}` },
    signal: closing.signal,
  })
  let shown = ''
  const decoder = new TextDecoder()
  for await (const part of response.body ?? []) {
    shown += decoder.decode(part as Uint8Array, { stream: true })
    if (
      shown
        .split('\n\n')
        .slice(0, -1)
        .some((one) => one.includes('data: ') && one.includes(text))
    )
      break
  }
  closing.abort()
  return shown
}

type List = z.infer<typeof TransferList>
type Answer = z.infer<typeof TransferAnswer>

describe('firmware and logs of a charger, on the wire', () => {
  let folder: string
  let product: Product
  let rest: Rest
  let cp: Charger
  const answers: Record<string, object> = {}
  const path = '/v1/chargers/FW-1'
  const boot = (firmwareVersion: string) =>
    cp.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One', firmwareVersion })
  const last = (action: string) => cp.calls.findLast((one) => one.action === action)?.params as Record<string, unknown>
  const ended = async ({ requestId }: Answer): Promise<TransferView> => {
    const of = ({ items }: List) => items.find((one) => one.requestId === requestId)
    const list = await rest.eventually<List>(`${path}/transfers`, (one) => of(one)?.outcome !== null, 30_000)
    return of(list) as TransferView
  }
  const ask = (what: 'logs' | 'firmware', body: object) => rest.send<Answer>('POST', `${path}/${what}`, body)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: join(folder, 'data'), apiPort: 0, ocppPort: 0 })
    rest = openRest(product.apiUrl, product.operatorKey)
    cp = openCharger(product.ocppUrl, { id: 'FW-1', answers })
    await cp.connect()
    await boot('1.0')
  }, 180_000)
  afterAll(async () => {
    await cp?.close().catch(() => {})
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  describe('diagnostics', () => {
    beforeAll(() => {
      answers['GetDiagnostics'] = { fileName: 'diag.zip' }
      answers['GetLog'] = { status: 'Accepted', filename: 'security.log' }
    })
    it.each([
      ['Uploaded', 'Done'],
      ['UploadFailed', 'Failed'],
    ])('that the charger says are %s end as %s', async (status, outcome) => {
      const asked = await ask('logs', { location: 'ftp://user:secret@logs.example.com/in/' })
      expect(asked.command.outcome).toBe('result')
      expect(last('GetDiagnostics')).toMatchObject({ location: 'ftp://user:secret@logs.example.com/in/' })
      await cp.call('DiagnosticsStatusNotification', { status: 'Uploading' })
      await cp.call('DiagnosticsStatusNotification', { status })
      expect(await ended(asked)).toMatchObject({ kind: 'DiagnosticsLog', outcome, status })
    })
    it('come to our own file service where no location is given, by a credential that the log never shows', async () => {
      const asked = await ask('logs', {})
      const given = new URL((last('GetDiagnostics') as { location: string }).location)
      const [user, password] = [given.username, given.password]
      given.username = given.password = ''
      const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
      const put = await fetch(new URL('diag.txt', given), {
        method: 'PUT',
        body: 'all is well',
        headers: { authorization },
      })
      expect(put.ok).toBe(true)
      await cp.call('DiagnosticsStatusNotification', { status: 'Uploaded' })
      expect(await ended(asked)).toMatchObject({ outcome: 'Done', files: [{ name: 'diag.txt', bytes: 11 }] })
      const shown = await firstOnFeed(product, 'CommandRequested', asked.command.commandId)
      expect(shown).toContain(given.host)
      expect(shown).not.toContain(password)
    })
    it('of the security log carry the number of their request', async () => {
      const asked = await ask('logs', { log: 'SecurityLog', location: 'https://logs.example.com/in' })
      expect(last('GetLog')).toMatchObject({ requestId: asked.requestId, logType: 'SecurityLog' })
      await cp.call('LogStatusNotification', { status: 'Uploaded', requestId: asked.requestId })
      expect(await ended(asked)).toMatchObject({ kind: 'SecurityLog', outcome: 'Done' })
    })
    it('are superseded by a newer request, to which a status without a number belongs', async () => {
      const older = await ask('logs', { location: 'ftp://logs.example.com/a/' })
      const newer = await ask('logs', { location: 'ftp://logs.example.com/b/' })
      await cp.call('DiagnosticsStatusNotification', { status: 'Uploaded' })
      expect(await ended(older)).toMatchObject({ outcome: 'Superseded' })
      expect(await ended(newer)).toMatchObject({ outcome: 'Done' })
    })
    it('that the charger refuses are over, with its word for it', async () => {
      answers['GetLog'] = { status: 'Rejected' }
      expect(await ended(await ask('logs', { log: 'SecurityLog', location: 'ftp://logs.example.com/' }))).toMatchObject(
        {
          outcome: 'Refused',
          detail: 'Rejected',
        },
      )
    })
  })

  describe('security events', () => {
    const tell = (type: string) =>
      cp.call('SecurityEventNotification', { type, timestamp: '2026-01-31T12:00:00Z', techInfo: 'panel 2' })
    it('are classed by severity, listed once each, and on the live feed', async () => {
      for (const type of ['TamperDetectionActivated', 'InvalidMessages', 'TamperDetectionActivated']) await tell(type)
      const list = (query: string) => rest.get<z.infer<typeof SecurityEventPage>>(`${path}/security-events${query}`)
      expect((await list('')).items).toMatchObject([
        { event: 'InvalidMessages', severity: 'warning', at: '2026-01-31T12:00:00.000Z' },
        { event: 'TamperDetectionActivated', severity: 'critical', techInfo: 'panel 2' },
      ])
      expect((await list('?severity=critical')).items).toHaveLength(1)
      const first = await list('?limit=1')
      expect((await list(`?limit=1&cursor=${first.next}`)).items).toMatchObject([{ severity: 'critical' }])
      expect(await firstOnFeed(product, 'SecurityEventReported')).toContain('TamperDetectionActivated')
    })
  })

  describe('firmware', () => {
    const location = 'https://firmware.example.com/acme-one.bin'
    const report = async (...statuses: string[]) => {
      for (const status of statuses) await cp.call('FirmwareStatusNotification', { status })
    }
    beforeAll(() => {
      answers['UpdateFirmware'] = {}
    })
    it('is done when the boot after it reports the version', async () => {
      const asked = await ask('firmware', { location, version: '2.0' })
      expect(last('UpdateFirmware')).toMatchObject({ location, retrieveDate: expect.any(String) })
      await report('Downloading', 'Downloaded', 'Installing', 'Installed')
      await boot('2.0')
      expect(await ended(asked)).toMatchObject({ outcome: 'Done', firmwareVersion: '2.0' })
    })
    it('is done by any other version than before where none is named', async () => {
      const asked = await ask('firmware', { location })
      await report('Downloading', 'Downloaded', 'Installing')
      await boot('2.1')
      expect(await ended(asked)).toMatchObject({ outcome: 'Done', firmwareVersion: '2.1' })
    })
    it.each([['DownloadFailed', []] as const, ['InstallationFailed', ['Downloaded', 'Installing']] as const])(
      'fails with %s',
      async (status, before) => {
        const asked = await ask('firmware', { location, version: '3.0' })
        await report('Downloading', ...before, status)
        expect(await ended(asked)).toMatchObject({ outcome: 'Failed', detail: status })
      },
    )
    it.each([
      ['is installed where its signature holds', ['SignatureVerified', 'Installing', 'Installed'], 'Done'],
      ['fails where its signature does not', ['InvalidSignature'], 'Failed'],
    ] as const)('that is signed %s', async (_what, statuses, outcome) => {
      const signed = {
        signature: 'c2lnbmF0dXJl',
        signingCertificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      }
      const asked = await ask('firmware', { location, version: '4.0', ...signed })
      expect(last('SignedUpdateFirmware')).toMatchObject({
        requestId: asked.requestId,
        firmware: { location, ...signed },
      })
      for (const status of ['Downloading', 'Downloaded', ...statuses])
        await cp.call('SignedFirmwareStatusNotification', { status, requestId: asked.requestId })
      if (outcome === 'Done') await boot('4.0')
      expect(await ended(asked)).toMatchObject({ outcome })
    })
    it('for a charger that is not connected fails at once, and is not sent when it comes back', async () => {
      await cp.close()
      await rest.eventually<{ connected: boolean }>(path, ({ connected }) => !connected)
      const asked = await ask('firmware', { location, version: '5.0' })
      expect(await ended(asked)).toMatchObject({ outcome: 'Unsent', detail: 'the charger was not connected' })
      const before = cp.calls.length
      cp = openCharger(product.ocppUrl, { id: 'FW-1', answers })
      await cp.connect()
      await boot('4.0')
      expect([before > 0, last('UpdateFirmware')]).toEqual([true, undefined])
    })
    it('is refused with a reason where the request makes no sense', async () => {
      await expect(ask('firmware', {})).rejects.toThrow(/give either location or image/)
      await expect(ask('firmware', { location, signature: 'x' })).rejects.toThrow(/come together/)
    })
  })
})
