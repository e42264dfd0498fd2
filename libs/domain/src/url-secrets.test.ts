import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { transferLocation } from './device/transfer-credential.ts'
import { hasUrlSecret, replaceUrlSecrets } from './url-secrets.ts'

const without = (text: string) => replaceUrlSecrets(text, () => '')
const hidden = (text: string) => replaceUrlSecrets(text, (secret) => `#${secret.length}`)
const own = (credentialIn: 'userinfo' | 'path', requestId = 41) =>
  transferLocation(
    {
      tenant: 'default' as TenantId,
      chargerId: 'CP1' as ChargerId,
      requestId,
      kind: 'DiagnosticsLog',
      expiresAt: Date.UTC(2026, 0, 31),
      protocol: 'http',
      host: 'files.example',
      fileName: 'diag.zip',
      credentialIn,
    },
    Buffer.alloc(32, 7),
  )

describe('a URL in a text', () => {
  it.each([
    ['ftp://user:p@ss@files.example/up', 'ftp://files.example/up', 'ftp://#9@files.example/up'],
    [String.raw`ftp:\/\/user:pass@files.example\/up`, String.raw`ftp:\/\/files.example\/up`, undefined],
    [
      'https://s3.example/b/f.bin?X-Amz-Date=1&X-Amz-Signature=ab12',
      'https://s3.example/b/f.bin?X-Amz-Date=1&X-Amz-Signature=',
      undefined,
    ],
    [
      'see https://x.example/?token=abc now',
      'see https://x.example/?token= now',
      'see https://x.example/?token=#3 now',
    ],
  ])('loses its user and the parameters that give access: %s', (text, bare, digested) => {
    expect([without(text), hasUrlSecret(text)]).toEqual([bare, true])
    if (digested !== undefined) expect(hidden(text)).toBe(digested)
  })
  it.each([
    'https://files.example/a@b?version=1.2&page=3',
    'no address, token=1&key=2',
    'ftp://files.example/',
    `https://x.example/${'a'.repeat(30)}/${'b'.repeat(20)}`,
  ])('stays when it gives no access: %s', (text) => expect([hidden(text), hasUrlSecret(text)]).toEqual([text, false]))
})

describe('a location at our own file service', () => {
  it('loses its credential, whether it is the user or in the path', () => {
    expect(without(own('userinfo'))).toBe('http://files.example/diag.zip')
    expect(without(own('path'))).toBe('http://files.example//diag.zip')
    expect(hidden(own('path'))).toBe('http://files.example/#57/diag.zip')
    for (let requestId = 0; requestId < 500; requestId++) expect(hasUrlSecret(own('path', requestId))).toBe(true)
  })
  it('loses it also where only the path of it is told, in capitals, or with escaped slashes', () => {
    const path = new URL(own('path')).pathname
    for (const text of [path, path.toUpperCase(), path.replaceAll('/', String.raw`\/`), `stored as ${path}!`])
      expect(hidden(text)).not.toMatch(/[a-z2-7]{26}/i)
  })
})

it('is searched in the time of its length, whatever it is', () => {
  const texts = [
    'a'.repeat(300_000),
    `ftp://${'a:'.repeat(150_000)}`,
    '?a='.repeat(100_000) + '://',
    'd0'.repeat(150_000),
  ]
  for (const text of texts) {
    const began = performance.now()
    replaceUrlSecrets(text, () => '')
    expect(performance.now() - began).toBeLessThan(2_000)
  }
})
