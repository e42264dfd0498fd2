import { chooseAddress, ownLocation, readFileAddresses } from './file-addresses.ts'

const addresses = readFileAddresses('https://files.example.com, http://files.example.com:8081,ftp://[::1]:2121')

describe('where chargers reach the file service', () => {
  it('is read from base addresses', () =>
    expect(addresses).toEqual([
      { protocol: 'https', host: 'files.example.com' },
      { protocol: 'http', host: 'files.example.com', port: 8081 },
      { protocol: 'ftp', host: '::1', port: 2121 },
    ]))
  it.each(['gopher://x', 'ftp://user@x', 'http://x/path', 'http://x:99999', 'files'])('cannot be %s', (text) =>
    expect(() => readFileAddresses(text)).toThrow(/is no address of a file service/),
  )
  it.each([
    ['SFTP,FTP,HTTPS', 'ftp'],
    ['HTTPS HTTP', 'https'],
    [undefined, 'http'],
    ['', 'http'],
    ['SFTP', undefined],
  ])('is the first that a charger with %p speaks', (supported, protocol) =>
    expect(chooseAddress(addresses, supported)?.protocol).toBe(protocol),
  )
  it('is handed over as a location with a credential of its own', () => {
    const request = { tenant: 'default', chargerId: 'CP1', requestId: 1, kind: 'Firmware', expiresAt: 1e12 } as never
    const location = ownLocation({ addresses, key: Buffer.alloc(32, 1) }, request, 'FTP') ?? ''
    expect(location).toMatch(/^ftp:\/\/f[a-z0-9]+:[a-z2-7]{26}@\[::1\]:2121\/$/)
  })
})
