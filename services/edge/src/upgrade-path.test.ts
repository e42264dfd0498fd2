import { readUpgradePath } from './upgrade-path.ts'

const read = (target: string) => readUpgradePath(target, new Set(['default', 'acme']))
const names = (target: string): string => {
  const path = read(target)
  return path.kind === 'charger' ? `${path.tenant} ${path.chargerId}` : `${path.status} ${path.detail}`
}

describe('the path of an upgrade', () => {
  it.each([
    ['/ocpp/CP1', 'default CP1'],
    ['/ocpp/CP1/', 'default CP1'],
    ['/ocpp//CP1///', 'default CP1'],
    ['/ocpp/CP1?x=1', 'default CP1'],
    ['/ocpp/acme/CP1', 'acme CP1'],
    ['/ocpp/acme/CP1/', 'acme CP1'],
    ['/ocpp/default/CP1', 'default CP1'],
    ['/ocpp/CP%201%3A2', 'default CP 1:2'],
    ['/ocpp/S%C3%A4ule', 'default Säule'],
    ['/ocpp/CP1/CP1', 'default CP1'],
    ['/ocpp/CP%3A1/CP:1', 'default CP:1'],
    ['/ocpp/acme/acme', 'acme acme'],
    ['/ocpp/acme', 'default acme'],
    ['/ocpp/acme/CP1/CP1', 'acme CP1'],
    ['//ocpp//CP1', 'default CP1'],
    ['ws://csms.example:9000/ocpp/CP1', 'default CP1'],
    ['HTTP://csms.example/ocpp/acme/CP1?x=1', 'acme CP1'],
    ['/ocpp/%43P1/CP1', 'default CP1'],
    ['/ocpp/CP1#fragment', 'default CP1'],
  ])('%s names %s', (target, expected) => expect(names(target)).toBe(expected))

  it.each([
    '/',
    '/ocpp',
    '/ocpp/',
    '/steve/CP1',
    '/ocpp/nobody/CP1',
    '/ocpp/acme/CP1/more',
    '/ocpp/CP1/CP1/CP1',
    '/ocpp/acme/CP1/CP1/CP1',
    'ws://csms.example',
    '/OCPP/CP1',
  ])('%s is answered 404 with the right form', (target) => {
    expect(names(target)).toMatch(/^404 /)
    expect(names(target)).toContain('/ocpp/<chargerId> or /ocpp/<tenant>/<chargerId>')
  })

  it.each(['/ocpp/%', '/ocpp/%E0%A4%A', '/ocpp/CP%2F1', '/ocpp/a%00b', `/ocpp/${'x'.repeat(49)}`])(
    '%s is answered 400',
    (target) => expect(names(target)).toMatch(/^400 /),
  )
})
