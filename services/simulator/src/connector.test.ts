import { brands } from './brands.ts'
import { Connector } from './connector.ts'
import type { LocalTransaction } from './transaction.ts'
import { vehicles } from './vehicles.ts'

const [cityCar] = vehicles
const transaction: LocalTransaction = {
  number: 1,
  connectorId: 1,
  idTag: 'A',
  startedAt: new Date(0),
  meterStartWh: 5_000,
  startedOffline: false,
}
const plugged = (socPercent = 50) => {
  const connector = new Connector(1, brands.norden.supply, 5_000)
  if (cityCar) connector.plug(cityCar, socPercent)
  return connector
}
const hour = 3_600_000

it('goes through the states of a session', () => {
  const connector = new Connector(1, brands.norden.supply, 5_000)
  const seen = [connector.status]
  if (cityCar) connector.plug(cityCar, 50)
  seen.push(connector.status)
  connector.begin(transaction, 0)
  seen.push(connector.status)
  connector.end(60_000)
  seen.push(connector.status)
  connector.unplug()
  seen.push(connector.status)
  expect(seen).toEqual(['Available', 'Preparing', 'Charging', 'Finishing', 'Available'])
})

it('meters by the time that has passed, however often somebody looks', () => {
  const often = plugged()
  const once = plugged()
  for (const connector of [often, once]) connector.begin(transaction, 0)
  for (let at = 0; at < hour; at += 10_000) often.read(at, new Date())
  for (const connector of [often, once]) connector.end(hour)
  // 7.36 kW on one phase, less the seconds of negotiation and ramp
  expect(once.meter.wattHours).toBeGreaterThan(5_000 + 7_300)
  expect(once.meter.wattHours).toBeLessThan(5_000 + 7_360)
  expect(often.meter.wattHours).toBeCloseTo(once.meter.wattHours, 0)
})

it('keeps its register over sessions', () => {
  const connector = plugged()
  connector.begin(transaction, 0)
  connector.end(hour)
  const after = connector.meter.wattHours
  connector.unplug()
  connector.read(5 * hour, new Date())
  expect(connector.meter.wattHours).toBe(after)
})

it('is SuspendedEV once the car is full, and then takes nothing', () => {
  const connector = plugged(95)
  connector.begin(transaction, 0)
  connector.read(3 * hour, new Date())
  expect(connector.status).toBe('SuspendedEV')
  const full = connector.meter.wattHours
  connector.read(4 * hour, new Date())
  expect(connector.meter.wattHours).toBe(full)
})

it('that is made inoperative in a session becomes Unavailable after it', () => {
  const connector = plugged()
  connector.begin(transaction, 0)
  connector.setOperative(false)
  expect(connector.status).toBe('Charging')
  connector.end(1_000)
  expect(connector.status).toBe('Unavailable')
})
