import { readCsr } from './csr.ts'
import { requestOf } from './fixtures/request.ts'
import { judgeCsr as judge } from './judge-csr.ts'
import type { ExpectedSubject } from '@voltrail/domain/device/certificate-request'

const judgeCsr = (text: string, given: ExpectedSubject) => {
  const csr = readCsr(text)
  return { facts: 'unreadable' in csr ? undefined : csr.facts, problems: judge(csr, given) }
}

const expected = { identities: [{ kind: 'common-name', commonName: 'SN-1' }], organisation: 'Acme Charging' } as const

describe('a charger’s certificate request', () => {
  it('can be signed when it names the recorded serial number and the operator', async () => {
    const judged = judgeCsr(await requestOf({ CN: 'SN-1', O: 'Acme Charging' }), expected)
    expect(judged.problems).toEqual([])
    expect(judged.facts).toMatchObject({ commonNames: ['SN-1'], signature: 'ECDSA with SHA-256', signatureValid: true })
  })
  it('is the same request as PEM, on one line, with escaped line breaks and as bare base64', async () => {
    const pem = await requestOf({ CN: 'SN-1', O: 'Acme Charging' })
    const bare = pem.replace(/-----[^-]+-----|\s/g, '')
    const shapes = [pem, pem.replaceAll('\n', '\\n'), pem.replaceAll('\n', ' '), bare, pem.replaceAll('\n', '\r\n')]
    const judged = shapes.map((text) => judgeCsr(text, expected))
    expect(judged.map(({ problems }) => problems)).toEqual(shapes.map(() => []))
    expect(new Set(judged.map(({ facts }) => facts?.digest)).size).toBe(1)
  })
  it('is refused when its CN is another charger’s', async () => {
    const { problems } = judgeCsr(await requestOf({ CN: 'SN-2', O: 'Acme Charging' }), expected)
    expect(problems).toEqual([expect.stringContaining('"SN-2" is not the recorded serial number')])
  })
  it('is refused while no serial number is recorded', async () => {
    const { problems } = judgeCsr(await requestOf({ CN: 'SN-1', O: 'Acme Charging' }), { ...expected, identities: [] })
    expect(problems).toEqual([expect.stringContaining('no serial number is recorded')])
  })
  it('is refused when its O is another operator’s', async () => {
    const { problems } = judgeCsr(await requestOf({ CN: 'SN-1', O: 'Evil' }), expected)
    expect(problems).toEqual([expect.stringContaining('"Evil" is not "Acme Charging"')])
  })
  it.each([
    ['RSA of 1024 bits', { rsa: 1024 }, /1024 bits is weak/],
    ['a curve of 192 bits', { curve: 'prime192v1' }, /prime192v1 is weak/],
    ['SHA-1', { hash: 'sha1' }, /SHA-1, which is weak/],
  ] as const)('is refused for %s', async (_name, key, reason) => {
    const { problems } = judgeCsr(await requestOf({ CN: 'SN-1', O: 'Acme Charging' }, key), expected)
    expect(problems).toEqual([expect.stringMatching(reason)])
  })
  it.each([
    ['RSA of 2048 bits', { rsa: 2048 }],
    ['a curve of 224 bits', { curve: 'secp224r1' }],
    ['a curve of 384 bits', { curve: 'secp384r1', hash: 'sha384' }],
  ] as const)('is fine with %s', async (_name, key) => {
    expect(judgeCsr(await requestOf({ CN: 'SN-1', O: 'Acme Charging' }, key), expected).problems).toEqual([])
  })
  it('is refused when its signature is not of its key', async () => {
    const pem = await requestOf({ CN: 'SN-1', O: 'Acme Charging' }, { forged: true })
    expect(judgeCsr(pem, expected).problems).toEqual([expect.stringContaining('is not of its key')])
  })
  it('is refused with the reason when it is none', () => {
    expect(judgeCsr('hello', expected).problems).toEqual([expect.stringContaining('it cannot be read')])
    expect(judgeCsr('', expected).problems).toEqual([expect.stringContaining('neither PEM nor base64')])
    expect(judgeCsr('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', expected).problems).toEqual([
      'the text has no certificate request in it',
    ])
  })
})
