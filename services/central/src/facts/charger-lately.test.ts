import type { MetadataInput } from '@voltrail/contracts/envelope'
import { ChargerId, TenantId, type ConnectionEpoch } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { accept } from '@voltrail/domain/decider'
import { createMemoryLog } from '@voltrail/event-store/memory-log'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { deciding } from '../deciding.ts'
import { chargerLately } from './charger-lately.ts'

const tenant = TenantId.parse('default')
const chargerId = ChargerId.parse('CP1')
const at = instant(1_700_000_000_000)
const meta: MetadataInput = {
  tenant,
  causation: { pod: 'test' },
  correlation: 'test',
  actor: { kind: 'charger', id: 'CP1' },
  receivedAt: at,
  decision: { build: 'test', clock: at, lookups: [], settings: {} },
}

describe('the charger as it was a moment ago', () => {
  it('is never that from before the connection that speaks, though another pod let it in', async () => {
    const log = createMemoryLog()
    const pod = () => deciding(createWriteLoop({ log, cacheSize: 10, build: 'test', ticks: () => 0 }))
    const [here, elsewhere] = [pod(), pod()]
    const connect = async (on: typeof here) => {
      const connected = {
        type: 'ChargerConnected',
        data: {
          edge: 'e',
          subprotocol: 'ocpp1.6',
          remoteAddress: '::1',
          tls: false,
          authenticatedBy: 'none',
          heartbeatSeconds: 300,
        },
      } as const
      const { revision } = await on.decide(charger, chargerStream(tenant, chargerId), () => accept(connected), meta)
      return String(revision) as ConnectionEpoch
    }
    const lately = async (epoch: ConnectionEpoch) =>
      (await chargerLately({ tenant, chargerId, epoch }, here)).connection?.epoch
    const first = await connect(here)
    expect(await lately(first)).toBe(first)
    const second = await connect(elsewhere)
    // what is remembered is good enough for who speaks on the first one
    expect(await lately(first)).toBe(first)
    expect(await lately(second)).toBe(second)
  })
})
