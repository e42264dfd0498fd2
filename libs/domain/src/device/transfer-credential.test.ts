import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { transferCredential, transferLocation, transferOwner, verifyTransfer } from './transfer-credential.ts'

const key = Buffer.alloc(32, 7)
const expiresAt = Date.UTC(2026, 0, 31, 14)
const request = {
  tenant: 'default' as TenantId,
  chargerId: 'CP1' as ChargerId,
  requestId: 41,
  kind: 'DiagnosticsLog',
  expiresAt,
} as const

const largest = {
  ...request,
  tenant: 't'.repeat(48) as TenantId,
  chargerId: '充'.repeat(48) as ChargerId,
  requestId: 2_147_483_647,
}

it('a credential says its request to whoever has the key, and nobody else can make one', () => {
  const { user, password } = transferCredential(request, key)
  expect(verifyTransfer(user, password, expiresAt - 1, key)).toEqual({
    outcome: 'good',
    claim: {
      kind: 'DiagnosticsLog',
      requestId: 41,
      expiresAt,
      owner: transferOwner(request.tenant, request.chargerId, key),
    },
  })
  expect(verifyTransfer(user, password, 0, Buffer.alloc(32, 8))).toEqual({ outcome: 'wrong' })
})

it.each([
  { requestId: 42 },
  { kind: 'SecurityLog' as const },
  { expiresAt: expiresAt + 1_000 },
  { chargerId: 'CP2' as ChargerId },
  { tenant: 'other' as TenantId },
])('the password of one request is wrong for another: %j', (other) => {
  const { password } = transferCredential(request, key)
  const { user } = transferCredential({ ...request, ...other }, key)
  expect(verifyTransfer(user, password, 0, key)).toEqual({ outcome: 'wrong' })
})

it('a credential ends at its time', () => {
  const { user, password } = transferCredential(request, key)
  expect(verifyTransfer(user, password, expiresAt, key)).toEqual({ outcome: 'expired' })
})

it.each(['', 'x', 'root', 'é'.repeat(26)])('text that is no credential is wrong: "%s"', (text) => {
  const { user, password } = transferCredential(request, key)
  expect(verifyTransfer(text, password, 0, key)).toEqual({ outcome: 'wrong' })
  expect(verifyTransfer(user, text, 0, key)).toEqual({ outcome: 'wrong' })
})

it.each([request, largest])('user and password are letters and digits, of one length for every charger', (one) => {
  const { user, password } = transferCredential(one, key)
  expect(user).toMatch(/^[a-z0-9]{30}$/)
  expect(password).toMatch(/^[a-z2-7]{26}$/)
})

it('a location has no query and at most 200 characters, with and without a file name', () => {
  const host = `${'files.'.repeat(12)}example.com`
  for (const fileName of ['', 'diagnostics-2026-01-31.tar.gz']) {
    const url = transferLocation({ ...largest, protocol: 'https', host, port: 65_535, fileName }, key)
    expect(url.length).toBeLessThanOrEqual(200)
    expect(new URL(url)).toMatchObject({
      username: transferCredential(largest, key).user,
      search: '',
      pathname: `/${fileName}`,
    })
  }
})

it('a location carries the credential as user and password, or in the path for stacks that leave those out', () => {
  const { user, password } = transferCredential(request, key)
  const at = { ...request, host: '::1', port: 2121, fileName: 'a.zip' }
  expect(transferLocation({ ...at, protocol: 'ftp' }, key)).toBe(`ftp://${user}:${password}@[::1]:2121/a.zip`)
  expect(transferLocation({ ...at, protocol: 'http', credentialIn: 'path' }, key)).toBe(
    `http://[::1]:2121/${user}/${password}/a.zip`,
  )
  expect(() => transferLocation({ ...at, protocol: 'sftp', credentialIn: 'path' }, key)).toThrow(/only http and https/)
})

it('a location that would be too long, or name a path, is refused with what to do', () => {
  const at = { ...request, protocol: 'ftp', host: 'h'.repeat(140) } as const
  expect(() => transferLocation(at, key)).toThrow(/may have 200: shorten the host/)
  expect(() => transferLocation({ ...at, host: 'h', fileName: '../a' }, key)).toThrow(/cannot name the file/)
})
