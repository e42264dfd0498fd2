import { chooseAddress, fileHabits, ownLocation, readFileAddresses, type FileHabits } from './file-addresses.ts'

const addresses = readFileAddresses('https://files.example.com, http://files.example.com:8081,ftp://[::1]:2121')
const request = { tenant: 'default', chargerId: 'CP1', requestId: 1, kind: 'Firmware', expiresAt: 1e12 } as never

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
    expect(chooseAddress(addresses, { supported })?.protocol).toBe(protocol),
  )
  it('is what is set for the charger before what it says, and what it says before what its make is known for', () => {
    const chosen = (habits: FileHabits) => chooseAddress(addresses, habits)?.protocol
    expect(chosen({ protocol: 'https', supported: 'FTP', ofMake: 'http' })).toBe('https')
    expect(chosen({ supported: 'FTP', ofMake: 'https' })).toBe('ftp')
    expect(chosen({ ofMake: 'https' })).toBe('https')
    // a make's habit is no word of the charger: what is not served is passed over, what is set is not
    expect(chosen({ ofMake: 'sftp' })).toBe('http')
    expect(chosen({ protocol: 'sftp', supported: 'FTP' })).toBeUndefined()
  })
  it('is of HTTP where the credential is to stand in the path', () => {
    expect(chooseAddress(addresses, { credentialIn: 'path', supported: 'FTP,HTTPS' })?.protocol).toBe('https')
    expect(chooseAddress(addresses, { credentialIn: 'path', supported: 'FTP' })).toBeUndefined()
    expect(ownLocation({ addresses, key: Buffer.alloc(32, 1) }, request, { credentialIn: 'path' })).toMatch(
      /^http:\/\/files\.example\.com:8081\/f[a-z0-9]{29}\/[a-z2-7]{26}\/$/,
    )
  })
  it('is known of a charger by its settings, its configuration and its make', () => {
    const keys = [{ key: 'SupportedFileTransferProtocols', value: 'FTP', readonly: true }]
    const charger = {
      settings: { rulesOff: [], rulesOn: [], fileProtocol: 'sftp', fileCredential: 'userinfo' },
      identity: { vendor: 'OpenEVSE', model: 'x' },
    } as never
    expect(fileHabits(charger, { configuration: { keys } })).toEqual({
      protocol: 'sftp',
      credentialIn: 'userinfo',
      supported: 'FTP',
      ofMake: 'http',
    })
    expect(fileHabits({}, {})).toEqual({})
  })
  it('is handed over as a location with a credential of its own', () => {
    const location = ownLocation({ addresses, key: Buffer.alloc(32, 1) }, request, { supported: 'FTP' })
    expect(location).toMatch(/^ftp:\/\/f[a-z0-9]+:[a-z2-7]{26}@\[::1\]:2121\/$/)
  })
})
