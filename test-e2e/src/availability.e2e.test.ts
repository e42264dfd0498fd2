import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandAnswer, CommandView } from '@voltrail/contracts/rest/commands'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, timestamp, type Charger } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'

describe('what a charger agreed to do later, on the wire', () => {
  let folder: string
  let product: Product
  let rest: Rest
  const chargers: Charger[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-availability-'))
    product = await startProduct({ dataDir: folder, apiPort: 0, ocppPort: 0 })
    rest = openRest(product.apiUrl, product.operatorKey)
    await rest.send('POST', '/v1/id-tokens', { token: 'GOOD' })
  }, 180_000)
  afterAll(async () => {
    await Promise.all(chargers.map((one) => one.close()))
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('a change of availability that waits for a transaction is followed until the charger tells that it is done', async () => {
    const cp = openCharger(product.ocppUrl, { id: 'LATER-1', answers: { ChangeAvailability: { status: 'Scheduled' } } })
    chargers.push(cp)
    await cp.connect()
    await cp.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'X' })
    const status = (told: string) =>
      cp.call('StatusNotification', { connectorId: 1, status: told, errorCode: 'NoError' })
    await status('Charging')
    const { transactionId } = await cp.call<{ transactionId: number }>('StartTransaction', {
      connectorId: 1,
      idTag: 'GOOD',
      meterStart: 0,
      timestamp: timestamp(10),
    })
    const answer = await rest.send<CommandAnswer>('POST', '/v1/chargers/LATER-1/commands/change-availability', {
      connectorId: 1,
      availability: 'Inoperative',
    })
    expect(answer).toMatchObject({ status: 'Scheduled', meaning: 'scheduled' })
    const told = (holds: (one: CommandView) => boolean) =>
      rest.eventually<{ items: CommandView[] }>('/v1/chargers/LATER-1/commands', ({ items }) =>
        items.some((one) => one.commandId === answer.commandId && holds(one)),
      )
    await told((one) => one.meaning === 'scheduled' && one.detail === null)
    await cp.call('StopTransaction', { transactionId, meterStop: 1_000, timestamp: timestamp(0) })
    await status('Unavailable')
    await told((one) => /connectors tell that it is done/.test(one.detail ?? ''))
  }, 60_000)
})
