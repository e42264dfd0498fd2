import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type ConnectionOptions } from 'node:tls'
import type { z } from 'zod'
import type { ChargerCertificatesView, TrustedRoots } from '@voltrail/contracts/rest/certificates'
import type { ChargerDetail } from '@voltrail/contracts/rest/chargers'
import type { ChargerSecurityView } from '@voltrail/contracts/rest/charger-security'
import type { SecurityEventPage } from '@voltrail/contracts/rest/security-events'
import type { TransferAnswer, TransferList, TransferView } from '@voltrail/contracts/rest/transfers'
import { certificateHash, certificatePem, readCertificates } from '@voltrail/domain/x509/certificate'
import { openTestAuthority, type TestAuthority } from '@voltrail/edge/fixtures/test-certificates'
import { freePort } from '@voltrail/embedded/free-port'
import { requestOf } from '@voltrail/pki/fixtures/request'
import { openConformance, type CaseCharger, type Link } from '../fixtures/conformance.ts'
import { until } from '../fixtures/until.ts'

/** OCA compliance test document, central system: 3.21. The listeners are those of a production: ws, wss and mTLS side by side. */

let servers: TestAuthority
let ports: { readonly ws: number; readonly wss: number; readonly mtls: number }
const local = '127.0.0.1'
const here = openConformance(async (dataDir) => {
  servers = await openTestAuthority('Servers', 'RSA')
  const [rsa, ecdsa] = await Promise.all([
    servers.issue('CN=localhost', { kind: 'RSA', server: true }),
    servers.issue('CN=localhost', { kind: 'ECDSA', server: true }),
  ])
  ports = { ws: await freePort(local), wss: await freePort(local), mtls: await freePort(local) }
  const file = (name: string, text: string): string => {
    const path = join(dataDir, '..', name)
    writeFileSync(path, text)
    return path
  }
  return {
    ocppPort: ports.ws,
    env: {
      ...process.env,
      LISTENERS: `ws://${local}:${ports.ws},wss://${local}:${ports.wss}?static-rsa,mtls://${local}:${ports.mtls}`,
      TLS_CERT_PATH: `${file('rsa.crt', rsa.cert)},${file('ecdsa.crt', ecdsa.cert)}`,
      TLS_KEY_PATH: `${file('rsa.key', rsa.key)},${file('ecdsa.key', ecdsa.key)}`,
      // the roots of our own authority, as it publishes them
      TLS_CLIENT_CA_PATH: join(dataDir, 'pki', 'trust', 'ca.pem'),
    },
  }
})

const client = 'ocpp-rpc' as const
const path = (id: string, part = '') => `/v1/chargers/${id}${part}`
const secure = (own: { readonly cert: string; readonly key: string } | Record<string, never> = {}) => ({
  ca: servers.cert,
  ...own,
})
const overWss = (password: string | Buffer): Link => ({
  url: `wss://${local}:${ports.wss}/ocpp`,
  tls: secure(),
  password,
})
const register = (id: string, securityProfile: number, password?: string) =>
  here.rest.send('PUT', path(id), { securityProfile, ...(password === undefined ? {} : { password }) })
const boots = async (cp: CaseCharger): Promise<void> => {
  expect(await cp.boot()).toMatchObject({ status: 'Accepted' })
  for (const connectorId of [0, 1, 2]) await cp.status('Available', connectorId)
}
/** The first call of ours of that action that fits. */
const asked = <T>(cp: CaseCharger, action: string, fits: (payload: T) => boolean = () => true): Promise<T> =>
  until(`${cp.id} is sent ${action}`, async () => cp.received<T>(action).find(fits), 30_000)
interface Setting {
  key: string
  value: string
}
const done = (id: string) =>
  here.rest.eventually<ChargerSecurityView>(
    path(id, '/security'),
    ({ upgrade, lastUpgrade }) => upgrade === null && lastUpgrade !== null,
    60_000,
  )
const eventTold = async (cp: CaseCharger, type: string): Promise<void> => {
  const payload = { type, timestamp: new Date().toISOString(), techInfo: 'as tested' }
  expect(await cp.call('SecurityEventNotification', payload)).toEqual({})
  await here.rest.eventually<z.infer<typeof SecurityEventPage>>(path(cp.id, '/security-events'), ({ items }) =>
    items.some(({ techInfo }) => techInfo === 'as tested'),
  )
}

describe('passwords and profiles, with ocpp-rpc', () => {
  it('TC_073_CSMS Update the password for Basic authentication: the charger comes back with the new one, the old is refused', async () => {
    const id = 'TC-073'
    const old = 'twenty-bytes-of-key!'
    await register(id, 1, old)
    const cp = await here.ready(client, id, { password: old })
    await here.rest.send('POST', path(id, '/security'), { toProfile: 1, rotateKey: true })
    const { value } = await asked<Setting>(cp, 'ChangeConfiguration', ({ key }) => key === 'AuthorizationKey')
    expect(value).toMatch(/^[0-9a-fA-F]{40}$/)
    await cp.close()
    const back = await here.connect(client, id, { password: Buffer.from(value, 'hex') })
    await boots(back)
    expect((await done(id)).lastUpgrade).toMatchObject({ outcome: 'done' })
    await expect(here.connect(client, id, { password: old })).rejects.toThrow()
  }, 90_000)

  it('TC_083_CSMS Upgrade of the security profile: key, reset and boot lead to profile 2, and profile 1 is refused', async () => {
    const id = 'TC-083'
    const password = 'twenty-bytes-of-key!'
    await register(id, 1, password)
    const cp = await here.ready(client, id, { password })
    await here.rest.send('POST', path(id, '/security'), { toProfile: 2 })
    await asked<Setting>(cp, 'ChangeConfiguration', ({ key, value }) => key === 'SecurityProfile' && value === '2')
    expect(await here.command(id, 'Reset', { kind: 'Hard' })).toMatchObject({ status: 'Accepted' })
    expect(cp.received('Reset')).toContainEqual({ type: 'Hard' })
    await cp.close()
    await boots(await here.connect(client, id, overWss(password)))
    expect(await done(id)).toMatchObject({ securityProfile: 2, lastUpgrade: { toProfile: 2, outcome: 'done' } })
    await expect(here.connect(client, id, { password })).rejects.toThrow()
  }, 90_000)

  it('TC_086_CSMS TLS, server certificate: the charger checks it, with the versions and suites of the white paper', async () => {
    const id = 'TC-086'
    const password = 'twenty-bytes-of-key!'
    await register(id, 2, password)
    const stranger = await openTestAuthority('A stranger')
    await expect(here.connect(client, id, { ...overWss(password), tls: { ca: stranger.cert } })).rejects.toThrow()
    await boots(await here.connect(client, id, overWss(password)))
    const shaken = (options: ConnectionOptions): Promise<string> =>
      new Promise((resolve, reject) => {
        const given = { host: local, port: ports.wss, servername: 'localhost', ca: servers.cert, ...options }
        const socket = connect(given, () => {
          resolve(`${socket.getProtocol()} ${socket.getCipher().name}`)
          socket.destroy()
        })
        socket.on('error', reject)
      })
    for (const cipher of [
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'AES128-GCM-SHA256',
      'AES256-GCM-SHA384',
    ])
      expect(await shaken({ maxVersion: 'TLSv1.2', ciphers: cipher })).toBe(`TLSv1.2 ${cipher}`)
    expect(await shaken({})).toMatch(/^TLSv1\.3 /)
    await expect(shaken({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' })).rejects.toThrow()
  }, 60_000)

  it('TC_088_CSMS WebSocket subprotocol negotiation: OCPP 1.6 is chosen where it is offered, and nothing else accepted', async () => {
    const id = 'TC-088'
    await expect(here.connect(client, id, { protocols: ['ocpp0.1'] })).rejects.toThrow()
    const cp = await here.connect(client, id, { protocols: ['ocpp0.1', 'ocpp1.6'] })
    expect(cp.protocol).toBe('ocpp1.6')
    expect(await cp.boot()).toMatchObject({ status: 'Accepted' })
  })
})

describe.each(['ocpp-rpc', 'ocpp-ts'] as const)('the password of a charger, with %s', (by) => {
  it('TC_085_CSMS Basic authentication, valid combination: id and password let it in, nothing less does', async () => {
    const id = `TC-085-${by}`
    const password = 'twenty-bytes-of-key!'
    await register(id, 1, password)
    await expect(here.connect(by, id, { password: 'another-password' })).rejects.toThrow()
    await expect(here.connect(by, id)).rejects.toThrow()
    await boots(await here.connect(by, id, { password }))
    await here.rest.eventually<ChargerDetail>(path(id), ({ connected }) => connected)
  })
})

describe('certificates, with ocpp-rpc', () => {
  const organisation = 'Acme Charging'
  const certificates = (id: string, holds: (view: ChargerCertificatesView) => boolean) =>
    here.rest.eventually<ChargerCertificatesView>(path(id, '/certificates'), holds, 30_000)
  /** A charger whose serial number is recorded, and what it needs to ask for its certificate. */
  const known = async (id: string) => {
    const cp = await here.ready(client, id)
    const identities = [{ kind: 'common-name', commonName: `SN-${id}`, organisation }]
    await here.rest.send('PUT', path(id, '/client-identities'), { identities })
    const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
    return { cp, key, csr: await requestOf({ CN: `SN-${id}`, O: organisation }, {}, key) }
  }
  const certified = async (id: string) => {
    const { cp, key, csr } = await known(id)
    expect(await cp.call('SignCertificate', { csr })).toEqual({ status: 'Accepted' })
    const { certificateChain } = await asked<{ certificateChain: string }>(cp, 'CertificateSigned')
    return { cp, key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: certificateChain }
  }

  it('TC_074_CSMS Update the charge point certificate by request of the central system: what comes is for its key and serial number', async () => {
    const { cp, key, csr } = await known('TC-074')
    expect(await here.command(cp.id, 'TriggerMessage', { message: 'SignChargingStationCertificate' })).toMatchObject({
      outcome: 'result',
      status: 'Accepted',
    })
    expect(cp.received('ExtendedTriggerMessage')).toEqual([{ requestedMessage: 'SignChargePointCertificate' }])
    expect(await cp.call('SignCertificate', { csr })).toEqual({ status: 'Accepted' })
    const { certificateChain } = await asked<{ certificateChain: string }>(cp, 'CertificateSigned')
    const [own, issuer] = readCertificates(certificateChain)
    expect(own!.verify(issuer!.publicKey)).toBe(true)
    expect(own!.publicKey.equals(createPublicKey(createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }))))).toBe(
      true,
    )
    expect(own!.subject).toContain('CN=SN-TC-074')
    expect((await certificates(cp.id, ({ delivery }) => delivery?.outcome === 'Accepted')).certificate).not.toBeNull()
  })

  it('TC_087_CSMS TLS, client certificate: the one that we signed lets the charger in, none and another’s do not', async () => {
    const { cp, key, cert } = await certified('TC-087')
    await cp.close()
    const other = await certified('TC-087-other')
    await register(cp.id, 3)
    const mtls = (own: { cert: string; key: string } | Record<string, never>): Link => ({
      url: `wss://${local}:${ports.mtls}/ocpp`,
      tls: secure(own),
    })
    await expect(here.connect(client, cp.id)).rejects.toThrow()
    await expect(here.connect(client, cp.id, mtls({}))).rejects.toThrow()
    await expect(here.connect(client, cp.id, mtls({ cert: other.cert, key: other.key }))).rejects.toThrow()
    await boots(await here.connect(client, cp.id, mtls({ cert, key })))
  }, 60_000)

  type Use = 'ManufacturerRootCertificate' | 'CentralSystemRootCertificate'
  const ourRoot = async () =>
    (await here.rest.eventually<z.infer<typeof TrustedRoots>>('/v1/pki/roots', ({ roots }) => roots.length > 0))
      .roots[0]!
  /** The charger lists that root from now on. */
  const lists = (cp: CaseCharger, use: Use, hash: object): void => {
    cp.answers['GetInstalledCertificateIds'] = ({ certificateType }) =>
      certificateType === use ? { status: 'Accepted', certificateHashData: [hash] } : { status: 'NotFound' }
  }
  const installs = async (id: string, use: Use, pem: string, body: object): Promise<void> => {
    const cp = await here.ready(client, id)
    const [root] = readCertificates(pem)
    lists(cp, use, certificateHash(root!, root!))
    expect(await here.rest.send('POST', path(id, '/certificates/install'), { use, ...body })).toMatchObject({
      outcomes: [{ outcome: 'result', status: 'Accepted' }],
    })
    expect(cp.received('InstallCertificate')).toEqual([{ certificateType: use, certificate: certificatePem(root!) }])
    await here.rest.send('POST', path(id, '/certificates/refresh'), {})
    expect(cp.received('GetInstalledCertificateIds')).toContainEqual({ certificateType: use })
    const { roots } = await certificates(id, (view) => view.roots.length === 1)
    expect(roots).toMatchObject([{ use, hash: certificateHash(root!, root!), facts: expect.anything() }])
  }

  it('TC_075_1_CSMS Install a certificate, manufacturer root: it is sent, and then listed', async () => {
    const pem = (await openTestAuthority('A maker')).cert
    await installs('TC-075-1', 'ManufacturerRootCertificate', pem, { pem })
  })

  it('TC_075_2_CSMS Install a certificate, central system root: ours is sent, and then listed', async () => {
    await installs('TC-075-2', 'CentralSystemRootCertificate', (await ourRoot()).pem, {})
  })

  it('TC_076_CSMS Delete a certificate: it is named as the charger listed it, by each hash algorithm', async () => {
    const cp = await here.ready(client, 'TC-076')
    const { hash } = await ourRoot()
    for (const hashAlgorithm of ['SHA256', 'SHA384', 'SHA512']) {
      const listed = { ...hash, hashAlgorithm }
      lists(cp, 'CentralSystemRootCertificate', listed)
      await here.rest.send('POST', path(cp.id, '/certificates/refresh'), {})
      const { roots } = await certificates(cp.id, (view) => view.roots[0]?.hash.hashAlgorithm === hashAlgorithm)
      const certificate = roots[0]!.hash
      expect(await here.rest.send('POST', path(cp.id, '/certificates/delete'), { certificate })).toMatchObject({
        outcomes: [{ outcome: 'result', status: 'Accepted' }],
      })
      expect(cp.received('DeleteCertificate').at(-1)).toEqual({ certificateHashData: listed })
    }
  })

  it('TC_077_CSMS Invalid charge point certificate, security event: the refusal is kept, the event taken', async () => {
    const { cp, csr } = await known('TC-077')
    cp.answers['CertificateSigned'] = { status: 'Rejected' }
    expect(await cp.call('SignCertificate', { csr })).toEqual({ status: 'Accepted' })
    await asked(cp, 'CertificateSigned')
    await certificates(cp.id, ({ delivery }) => delivery?.outcome === 'Rejected')
    await eventTold(cp, 'InvalidChargePointCertificate')
  })

  it('TC_078_CSMS Invalid central system certificate, security event: the operator is told, the event taken', async () => {
    const cp = await here.ready(client, 'TC-078')
    cp.answers['InstallCertificate'] = { status: 'Rejected' }
    expect(await here.rest.send('POST', path(cp.id, '/certificates/install'), {})).toMatchObject({
      outcomes: [{ outcome: 'result', status: 'Rejected' }],
    })
    await eventTold(cp, 'InvalidCentralSystemCertificate')
  })
})

describe('logs and firmware that are secured, with ocpp-rpc', () => {
  const begin = (cp: CaseCharger, what: 'firmware' | 'logs', body: object) =>
    here.rest.send<z.infer<typeof TransferAnswer>>('POST', path(cp.id, `/${what}`), body)
  const ended = async (cp: CaseCharger, requestId: number): Promise<TransferView> => {
    const of = ({ items }: z.infer<typeof TransferList>) => items.find((one) => one.requestId === requestId)
    const list = await here.rest.eventually<z.infer<typeof TransferList>>(
      path(cp.id, '/transfers'),
      (one) => of(one)?.outcome !== null,
    )
    return of(list) as TransferView
  }

  it('TC_079_CSMS Get the security log: the upload is done', async () => {
    const cp = await here.ready(client, 'TC-079')
    cp.answers['GetLog'] = { status: 'Accepted', filename: 'security.log' }
    const { requestId } = await begin(cp, 'logs', { log: 'SecurityLog', location: 'https://logs.example.com/in' })
    expect(cp.received('GetLog')).toMatchObject([
      { logType: 'SecurityLog', requestId, log: { remoteLocation: 'https://logs.example.com/in' } },
    ])
    for (const status of ['Uploading', 'Uploaded'])
      expect(await cp.call('LogStatusNotification', { status, requestId })).toEqual({})
    expect(await ended(cp, requestId)).toMatchObject({ kind: 'SecurityLog', outcome: 'Done' })
  })

  const signed = async (id: string) => {
    const cp = await here.ready(client, id)
    const firmware = {
      location: 'https://firmware.example.com/acme.bin',
      signature: 'c2lnbmF0dXJl',
      signingCertificate: (await servers.issue('CN=Firmware')).cert,
    }
    const { requestId } = await begin(cp, 'firmware', { ...firmware, version: '2.0' })
    expect(cp.received('SignedUpdateFirmware')).toMatchObject([{ requestId, firmware }])
    const report = async (...statuses: string[]): Promise<void> => {
      for (const status of statuses)
        expect(await cp.call('SignedFirmwareStatusNotification', { status, requestId })).toEqual({})
    }
    return { cp, requestId, report }
  }
  it('TC_080_CSMS Secure firmware update: it is done by the boot of the new version', async () => {
    const { cp, requestId, report } = await signed('TC-080')
    await report('Downloading', 'Downloaded', 'SignatureVerified', 'Installing', 'InstallRebooting')
    expect(await cp.boot({ firmwareVersion: '2.0' })).toMatchObject({ status: 'Accepted' })
    await report('Installed')
    await eventTold(cp, 'FirmwareUpdated')
    expect(await ended(cp, requestId)).toMatchObject({ outcome: 'Done', firmwareVersion: '2.0' })
  })
  it('TC_081_CSMS Secure firmware update, invalid signature: it has failed, by the charger’s word', async () => {
    const { cp, requestId, report } = await signed('TC-081')
    await report('Downloading', 'Downloaded', 'InvalidSignature')
    await eventTold(cp, 'InvalidFirmwareSignature')
    expect(await ended(cp, requestId)).toMatchObject({ outcome: 'Failed', detail: 'InvalidSignature' })
  })
})
