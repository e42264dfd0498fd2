import { staticLimit } from './static-limit.ts'

describe('a static limit', () => {
  it.each([
    ['EVBox', 16, 'evb_MaximumStationCurrent', '160'],
    ['EV-BOX', 6.55, 'evb_MaximumStationCurrent', '65'],
    ['Keba AG', 16.1, 'MaxAvailableCurrent', '16100'],
    ['Schneider Electric', 31.9, 'maxintensitysocket', '31'],
  ])('%s is told %s A as %s=%s', (vendor, amperes, key, value) =>
    expect(staticLimit({ vendor }, amperes)).toEqual({ key, value }),
  )

  it('is not known of other makes', () => expect(staticLimit({ vendor: 'Acme' }, 16)).toBeUndefined())
})
