import { brands } from './brands.ts'
import { Configuration } from './configuration.ts'

const configuration = () => new Configuration(brands.norden, { MeterValueSampleInterval: '10' })

it('has the brand values at delivery, and what the fleet set differently', () => {
  expect(configuration().number('NumberOfConnectors')).toBe(2)
  expect(configuration().number('MeterValueSampleInterval')).toBe(10)
})

it.each([
  ['HeartbeatInterval', '60', 'Accepted'],
  ['heartbeatinterval', '60', 'Accepted'],
  ['HeartbeatInterval', '-1', 'Rejected'],
  ['HeartbeatInterval', 'soon', 'Rejected'],
  ['NumberOfConnectors', '9', 'Rejected'],
  ['MeterValuesSampledData', 'Energy.Active.Import.Register,Voltage', 'Accepted'],
  ['MeterValuesSampledData', 'RPM', 'Rejected'],
  ['LocalAuthorizeOffline', 'maybe', 'Rejected'],
  ['Nonsense', '1', 'NotSupported'],
] as const)('ChangeConfiguration %s=%s is %s', (key, value, status) => {
  expect(configuration().change(key, value)).toBe(status)
})

it('shows what was asked for and names what it does not have', () => {
  expect(configuration().show(['heartbeatInterval', 'Nonsense'])).toEqual({
    configurationKey: [{ key: 'HeartbeatInterval', readonly: false, value: '300' }],
    unknownKey: ['Nonsense'],
  })
  expect(configuration().show().configurationKey.length).toBeGreaterThan(20)
})

it('never shows its AuthorizationKey', () => {
  const keys = configuration()
  expect(keys.change('AuthorizationKey', '0123456789abcdef0123')).toBe('Accepted')
  expect(JSON.stringify(keys.show())).not.toContain('0123456789abcdef0123')
  expect(keys.text('AuthorizationKey')).toBe('0123456789abcdef0123')
})
