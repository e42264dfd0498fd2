import { X509Certificate } from 'node:crypto'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { z } from 'zod'
import type { CertificatePage, ChargerCertificatesView, TrustedRoots } from '@voltrail/contracts/rest/certificates'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { readCertificates } from '@voltrail/domain/x509/certificate'
import { requestOf } from '@voltrail/pki/fixtures/request'
import { openCharger, type Charger } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'
import { until } from './fixtures/until.ts'

type View = ChargerCertificatesView

describe('a charger and its certificate, on the wire', () => {
  let folder: string
  let product: Product
  let rest: Rest
  let cp: Charger
  let csr: string
  const roots: object[] = []
  const path = '/v1/chargers/PKI-1/certificates'
  const sent = () => cp.calls.filter(({ action }) => action === 'CertificateSigned')
  const crl = async (): Promise<string> =>
    (
      await fetch(new URL('/v1/pki/crl', product.apiUrl), {
        headers: { authorization: `Bearer ${product.operatorKey}` },
      })
    ).text()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: join(folder, 'data'), apiPort: 0, ocppPort: 0 })
    rest = openRest(product.apiUrl, product.operatorKey)
    cp = openCharger(product.ocppUrl, {
      id: 'PKI-1',
      answers: {
        get GetInstalledCertificateIds() {
          return roots.length === 0 ? { status: 'NotFound' } : { status: 'Accepted', certificateHashData: roots }
        },
      },
    })
    await cp.connect()
    await cp.call('BootNotification', {
      chargePointVendor: 'Acme',
      chargePointModel: 'One',
      chargePointSerialNumber: 'SN-9',
    })
    csr = await requestOf({ CN: 'SN-1', O: 'Acme Charging' })
  }, 180_000)
  afterAll(async () => {
    await cp?.close().catch(() => {})
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('is refused while nobody has recorded its serial number: what it says at its boot is no proof', async () => {
    expect(await cp.call('SignCertificate', { csr: await requestOf({ CN: 'SN-9', O: 'Acme Charging' }) })).toEqual({
      status: 'Rejected',
    })
    const view = await rest.eventually<View>(path, ({ lastRefusal }) => lastRefusal !== null)
    expect(view.lastRefusal?.reasons).toEqual([expect.stringContaining('no serial number is recorded')])
  })

  it('asks, and gets a certificate that chains to our root', async () => {
    await rest.send('PUT', '/v1/chargers/PKI-1/client-identities', {
      identities: [{ kind: 'common-name', commonName: 'SN-1', organisation: 'Acme Charging' }],
    })
    expect(await cp.call('SignCertificate', { csr })).toEqual({ status: 'Accepted' })
    const view = await rest.eventually<View>(path, ({ delivery }) => delivery?.outcome === 'Accepted', 30_000)
    const { certificateChain } = sent()[0]!.params as { certificateChain: string }
    const [own, issuer] = readCertificates(certificateChain)
    const trusted = await rest.eventually<z.infer<typeof TrustedRoots>>('/v1/pki/roots', () => true)
    const root = new X509Certificate(trusted.roots[0]!.pem)
    expect(own!.verify(issuer!.publicKey) && issuer!.verify(root.publicKey)).toBe(true)
    expect(own!.subject.split('\n')).toEqual(['O=Acme Charging', 'CN=SN-1'])
    expect(view.certificate?.serial).toBe(own!.serialNumber.toLowerCase())
  })

  it('gets the same certificate when it asks with the same request again', async () => {
    expect(await cp.call('SignCertificate', { csr })).toEqual({ status: 'Accepted' })
    await until('the certificate comes again', async () => sent().length === 2, 30_000)
    expect(sent()[1]?.params).toEqual(sent()[0]?.params)
    expect((await rest.eventually<View>(path, () => true)).issued).toHaveLength(1)
  })

  it.each([
    ['another charger’s', { CN: 'SN-2', O: 'Acme Charging' }, {}, /not the recorded serial number/],
    ['another operator’s', { CN: 'SN-1', O: 'Evil' }, {}, /the operator’s name/],
    ['a weak key’s', { CN: 'SN-1', O: 'Acme Charging' }, { rsa: 1024 }, /1024 bits is weak/],
  ] as const)('is refused %s request, and the reason is told', async (_whose, subject, key, reason) => {
    expect(await cp.call('SignCertificate', { csr: await requestOf(subject, key) })).toEqual({ status: 'Rejected' })
    await rest.eventually<View>(path, ({ lastRefusal }) => reason.test(lastRefusal?.reasons.join() ?? ''))
    expect(sent()).toHaveLength(2)
  })

  it('takes our root, lists it, and the inventory shows when it ends', async () => {
    const trusted = await rest.eventually<z.infer<typeof TrustedRoots>>('/v1/pki/roots', () => true)
    roots.push(trusted.roots[0]!.hash)
    await rest.send('POST', `${path}/install`, {})
    const view = await rest.eventually<View>(path, (one) => one.roots.length === 1, 30_000)
    expect(view.roots[0]).toMatchObject({ use: 'CentralSystemRootCertificate', facts: trusted.roots[0]!.facts })
    const far = encodeURIComponent(new Date(Date.now() + 400 * 86_400_000).toISOString())
    const near = encodeURIComponent(new Date(Date.now() + 86_400_000).toISOString())
    const list = (before: string) =>
      rest.eventually<z.infer<typeof CertificatePage>>(`/v1/certificates?expiringBefore=${before}`, () => true)
    expect((await list(far)).items.map(({ chargerId }) => chargerId)).toEqual(['PKI-1'])
    expect((await list(near)).items).toEqual([])
  })

  it('has its certificate revoked: the list names it, and its key is signed no more', async () => {
    const { certificate } = await rest.eventually<View>(path, () => true)
    const serial = certificate!.serial
    await rest.send('POST', `${path}/${serial}/revoke`, { reason: 'keyCompromise' })
    await rest.eventually<z.infer<typeof TrustedRoots>>(
      '/v1/pki/roots',
      ({ revoked }) => revoked.includes(serial),
      30_000,
    )
    expect(await crl()).toContain('BEGIN X509 CRL')
    const file = join(folder, 'data', 'pki', 'trust', 'crl.pem')
    await until('the list that files have is the one that is served', async () => {
      const served = await crl()
      return (await readFile(file, 'utf8')) === served
    })
    expect(await cp.call('SignCertificate', { csr })).toEqual({ status: 'Rejected' })
    expect((await rest.eventually<View>(path, () => true)).certificate).toBeNull()
  })

  it('is judged alike by the openssl of this machine, where there is one', async () => {
    const openssl = (...args: string[]) => promisify(execFile)('openssl', args)
    const version = await openssl('version').catch(() => undefined)
    if (version === undefined) return void process.stderr.write('openssl is not here: no second opinion\n')
    const { certificateChain } = sent()[0]!.params as { certificateChain: string }
    const [own = '', issuer = ''] = certificateChain.split(/(?<=-----END CERTIFICATE-----\n)/)
    const trust = join(folder, 'data', 'pki', 'trust')
    const [leaf, chain] = [join(folder, 'own.pem'), join(folder, 'issuer.pem')]
    await Promise.all([writeFile(leaf, own), writeFile(chain, issuer)])
    const verify = [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      join(trust, 'ca.pem'),
      '-untrusted',
      chain,
    ]
    expect((await openssl(...verify, leaf)).stdout).toContain(': OK')
    await expect(openssl(...verify, '-crl_check', '-CRLfile', join(trust, 'crl.pem'), leaf)).rejects.toThrow(
      /certificate revoked/,
    )
    const list = await openssl(
      'crl',
      '-in',
      join(trust, 'crl.pem'),
      '-noout',
      '-text',
      '-CAfile',
      join(trust, 'ca.pem'),
    )
    expect(list.stderr).toContain('verify OK')
    expect(list.stdout).toContain('Key Compromise')
  })
})
