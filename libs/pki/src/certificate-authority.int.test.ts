import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { openAuthorityFolder } from './authority-folder.ts'
import { newServerCertificate, type BuiltInAuthority } from './built-in-authority.ts'
import { readCertificates } from '@voltrail/domain/x509/certificate'
import { AuthorityAway, RequestRefused, type CertificateAuthority } from './certificate-authority.ts'
import { readCsr, type CertificateRequest } from './csr.ts'
import { estAuthority } from './est-authority.ts'
import { startEstServer, type EstServer } from './fixtures/est-server.ts'
import { requestOf, type RequestKey } from './fixtures/request.ts'
import { scriptAuthority } from './script-authority.ts'

const terms = { now: Date.now, days: 365 }
const request = async (subject: { CN?: string; O?: string }, key: RequestKey = {}): Promise<CertificateRequest> => {
  const read = readCsr(await requestOf(subject, key))
  if ('unreadable' in read) throw new Error(read.unreadable)
  return read
}

let folder: string
let ours: BuiltInAuthority
let est: EstServer
let script: string
const authorities: Record<string, CertificateAuthority> = {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voltrail-pki-'))
  ours = await openAuthorityFolder({ ...terms, folder: join(folder, 'ca'), organisation: 'Acme', create: true })
  const server = await newServerCertificate(ours, 'ECDSA', ['127.0.0.1'])
  est = await startEstServer({ authority: ours, key: server.key, chain: server.chain, user: 'cpo', password: 'secret' })
  const [root = ''] = await ours.roots()
  // what stands behind the script is the same authority, asked over a file
  script = join(folder, 'sign')
  await writeFile(
    script,
    `#!/bin/sh
cat > ${folder}/asked.pem
if [ -f ${folder}/answer.pem ]; then cat ${folder}/answer.pem; exit 0; fi
echo "no answer is prepared" >&2; exit 3
`,
  )
  await chmod(script, 0o700)
  const signedElsewhere = scriptAuthority({ command: script, roots: [root], timeoutMs: 20_000 })
  authorities['built-in'] = ours
  authorities['EST'] = estAuthority({ url: est.url, trust: root, user: 'cpo', password: 'secret', timeoutMs: 20_000 })
  authorities['script'] = {
    ...signedElsewhere,
    async issue(asked) {
      const made = await ours.issue(asked).catch(() => undefined)
      const answer = join(folder, 'answer.pem')
      if (made === undefined) await rm(answer, { force: true })
      else await writeFile(answer, made.chain)
      return signedElsewhere.issue(asked)
    },
  }
}, 60_000)
afterAll(async () => {
  await est?.close()
  await rm(folder, { recursive: true, force: true })
})

describe.each(['built-in', 'EST', 'script'])('a certificate authority: %s', (name) => {
  it.each([
    ['ECDSA', {}],
    ['RSA', { rsa: 2048 }],
  ] as const)('signs a request of an %s key: a client certificate that leads to its root', async (_kind, key) => {
    const authority = authorities[name]!
    const asked = await request({ CN: 'SN-1', O: 'Acme' }, key)
    const { chain, facts } = await authority.issue(asked)
    expect(chain.length).toBeLessThanOrEqual(10_000)
    const [own, issuer, ...more] = readCertificates(chain)
    const root = (await authority.roots()).flatMap(readCertificates)[0]!
    expect(more).toEqual([])
    expect(own!.publicKey.export({ type: 'spki', format: 'der' })).toEqual(Buffer.from(asked.publicKey))
    expect(own!.checkIssued(issuer!) && own!.verify(issuer!.publicKey)).toBe(true)
    expect(issuer!.checkIssued(root) && issuer!.verify(root.publicKey)).toBe(true)
    expect(own!.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect(own!.ca).toBe(false)
    expect(own!.subject.split('\n')).toEqual(['O=Acme', 'CN=SN-1'])
    expect(facts.serial).toMatch(/^[0-9a-f]{32}$/)
    expect(facts.fingerprint).toBe(own!.fingerprint256.replaceAll(':', '').toLowerCase())
    expect(Date.parse(facts.notAfter) - Date.now()).toBeGreaterThan(364 * 86_400_000)
  })
  it('refuses a weak request for good, with the reason', async () => {
    const asked = await request({ CN: 'SN-1', O: 'Acme' }, { rsa: 1024 })
    await expect(authorities[name]!.issue(asked)).rejects.toThrow(RequestRefused)
  })
})

describe('the built-in authority', () => {
  it('is made once, and its files are readable by its owner alone', async () => {
    const again = await openAuthorityFolder({
      ...terms,
      folder: join(folder, 'ca'),
      organisation: 'Other',
      create: true,
    })
    expect(await again.roots()).toEqual(await ours.roots())
    const modes = await Promise.all(
      ['', 'root-key.pem', 'issuing-key.pem'].map(async (file) => (await stat(join(folder, 'ca', file))).mode & 0o777),
    )
    expect(modes).toEqual([0o700, 0o600, 0o600])
  })
  it('is one authority when two start at once', async () => {
    const open = () =>
      openAuthorityFolder({ ...terms, folder: join(folder, 'race'), organisation: 'Acme', create: true })
    const [one, other] = await Promise.all([open(), open()])
    expect(await other.roots()).toEqual(await one.roots())
  })
  it('says which file is missing', async () => {
    const missing = join(folder, 'nowhere')
    await expect(
      openAuthorityFolder({ ...terms, folder: missing, organisation: 'Acme', create: false }),
    ).rejects.toThrow(missing)
  })
  it('refuses a key that is not of its certificate', async () => {
    const other = join(folder, 'mixed')
    await openAuthorityFolder({ ...terms, folder: other, organisation: 'Acme', create: true })
    await writeFile(join(other, 'issuing-key.pem'), await readFile(join(folder, 'ca', 'issuing-key.pem')))
    await expect(openAuthorityFolder({ ...terms, folder: other, organisation: 'Acme', create: false })).rejects.toThrow(
      /is not the key of its certificate/,
    )
  })
  it('can be of RSA', async () => {
    const rsa = await openAuthorityFolder({
      ...terms,
      folder: join(folder, 'rsa'),
      organisation: 'Acme',
      kind: 'RSA',
      create: true,
    })
    const { chain } = await rsa.issue(await request({ CN: 'SN-1', O: 'Acme' }, { rsa: 2048 }))
    expect(readCertificates(chain)[1]!.publicKey.asymmetricKeyType).toBe('rsa')
    expect(chain.length).toBeLessThanOrEqual(10_000)
  }, 60_000)
  it('gives servers a certificate with CN and SAN, keyEncipherment with RSA only', async () => {
    for (const kind of ['RSA', 'ECDSA'] as const) {
      const { chain, key } = await newServerCertificate(ours, kind, ['ocpp.example.com', 'ocpp2.example.com'])
      const own = new X509Certificate(chain)
      expect(own.subject).toBe('CN=ocpp.example.com')
      expect(own.subjectAltName).toBe('DNS:ocpp.example.com, DNS:ocpp2.example.com')
      expect(own.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
      expect(own.checkPrivateKey(createPrivateKey(key))).toBe(true)
    }
  }, 60_000)
})

describe('an authority behind EST', () => {
  it('may say later, and for how long', async () => {
    est.next = { status: 202, retryAfter: '120' }
    const asked = await request({ CN: 'SN-1', O: 'Acme' })
    const later: unknown = await authorities['EST']!.issue(asked).catch((error: unknown) => error)
    expect(later).toBeInstanceOf(AuthorityAway)
    expect(later).toMatchObject({ retryAfterMs: 120_000 })
  })
  it('is away when it fails, when it is not there and when it does not know us', async () => {
    const asked = await request({ CN: 'SN-1', O: 'Acme' })
    est.next = { status: 503 }
    await expect(authorities['EST']!.issue(asked)).rejects.toThrow(AuthorityAway)
    const gone = estAuthority({ url: 'https://127.0.0.1:1', timeoutMs: 5_000 })
    await expect(gone.issue(asked)).rejects.toThrow(AuthorityAway)
    const [trust] = await ours.roots()
    const stranger = estAuthority({ url: est.url, trust, user: 'cpo', password: 'wrong', timeoutMs: 20_000 })
    await expect(stranger.issue(asked)).rejects.toThrow(/does not accept our credential/)
  })
  it('is not believed when nobody vouches for it', async () => {
    const asked = await request({ CN: 'SN-1', O: 'Acme' })
    const before = est.enrolments()
    const unknown = estAuthority({ url: est.url, user: 'cpo', password: 'secret', timeoutMs: 20_000 })
    await expect(unknown.issue(asked)).rejects.toThrow(AuthorityAway)
    expect(est.enrolments()).toBe(before)
  })
})

describe('an authority behind a script', () => {
  const asScript = async (text: string, timeoutMs = 20_000): Promise<CertificateAuthority> => {
    const command = join(folder, `script-${Math.random().toString(36).slice(2)}`)
    await writeFile(command, `#!/bin/sh\n${text}\n`)
    await chmod(command, 0o700)
    return scriptAuthority({ command, roots: await ours.roots(), timeoutMs })
  }
  it('says why it refuses on its standard error', async () => {
    const authority = await asScript('echo "not today" >&2; exit 1')
    await expect(authority.issue(await request({ CN: 'SN-1' }))).rejects.toThrow(new RequestRefused('not today'))
  })
  it('says later with exit code 75', async () => {
    const authority = await asScript('echo "busy" >&2; exit 75')
    await expect(authority.issue(await request({ CN: 'SN-1' }))).rejects.toThrow(AuthorityAway)
  })
  it('is stopped when it takes too long', async () => {
    const authority = await asScript('sleep 60', 200)
    await expect(authority.issue(await request({ CN: 'SN-1' }))).rejects.toThrow(/did not end within 200 ms/)
  })
  it('is not believed when its answer is for another key, or of another authority', async () => {
    const { chain } = await ours.issue(await request({ CN: 'SN-1' }))
    await writeFile(join(folder, 'other.pem'), chain)
    const authority = await asScript(`cat ${folder}/other.pem`)
    await expect(authority.issue(await request({ CN: 'SN-1' }))).rejects.toThrow(/no certificate of the requested key/)
    const asked = await request({ CN: 'SN-1' })
    const foreign = await openAuthorityFolder({
      ...terms,
      folder: join(folder, 'foreign'),
      organisation: 'F',
      create: true,
    })
    await writeFile(join(folder, 'foreign.pem'), (await foreign.issue(asked)).chain)
    await expect((await asScript(`cat ${folder}/foreign.pem`)).issue(asked)).rejects.toThrow(
      /none of the authority's roots/,
    )
  })
})
