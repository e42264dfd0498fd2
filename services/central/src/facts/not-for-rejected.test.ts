import type { MetadataInput } from '@voltrail/contracts/envelope'
import { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { accept } from '@voltrail/domain/decider'
import { createMemoryLog } from '@voltrail/event-store/memory-log'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { deciding } from '../deciding.ts'
import { ChargerRejected, notForRejected } from './not-for-rejected.ts'

const tenant = TenantId.parse('default')
const CP1 = chargerStream(tenant, ChargerId.parse('CP1'))
const at = instant(1_700_000_000_000)
const because = (correlation: string): MetadataInput => ({
  tenant,
  causation: { pod: 'test' },
  correlation,
  actor: { kind: 'charger', id: 'CP1' },
  receivedAt: at,
  decision: { build: 'test', clock: at, lookups: [], settings: {} },
})

const twoPods = () => {
  const log = createMemoryLog()
  const pod = () => deciding(createWriteLoop({ log, cacheSize: 10, build: 'test' }))
  const [here, elsewhere] = [pod(), pod()]
  return {
    log,
    tell: (vendorId: string) =>
      notForRejected(here).decide(
        charger,
        CP1,
        () => accept({ type: 'VendorDataReceived', data: { vendorId, status: 'Accepted' } }),
        because(vendorId),
      ),
    register: (registration: 'Accepted' | 'Rejected', on = elsewhere) =>
      on.decide(
        charger,
        CP1,
        () => accept({ type: 'ChargerRegistrationChanged', data: { registration } }),
        because(registration),
      ),
    here,
  }
}

describe('a decision that is not for rejected chargers', () => {
  it('is not made after another pod has rejected the charger, whatever this one remembers', async () => {
    const { log, tell, register } = twoPods()
    await register('Accepted')
    await tell('before')
    await register('Rejected')
    await expect(tell('after')).rejects.toThrow(ChargerRejected)
    expect(log.stored(CP1).map(({ type }) => type)).toEqual([
      'ChargerRegistrationChanged',
      'VendorDataReceived',
      'ChargerRegistrationChanged',
    ])
  })

  it('is made once another pod has accepted the charger again', async () => {
    const { log, tell, register, here } = twoPods()
    await register('Rejected', here)
    await expect(tell('before')).rejects.toThrow(ChargerRejected)
    await register('Accepted')
    await tell('after')
    expect(log.stored(CP1)).toHaveLength(3)
  })
})
