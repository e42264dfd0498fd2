import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReservationView } from '@voltrail/contracts/rest/reservations'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, type Charger } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'

interface Answer {
  reservation: ReservationView
  command: { outcome: string; status?: string }
}
interface ReserveNow {
  connectorId: number
  idTag: string
  parentIdTag?: string
  reservationId: number
}

/** a charger that answers as the test says, and shows what OCPP 1.6 §4.9 wants it to show */
interface Reserving extends Charger {
  readonly answers: Record<string, object>
  status(connectorId: number, status: string): Promise<unknown>
  start(idTag: string, more?: object): Promise<{ transactionId: number; idTagInfo: { status: string } }>
}

describe('reservations on the wire, with chargers that are not ours', () => {
  let folder: string
  let product: Product
  let rest: Rest
  const chargers: Charger[] = []
  const kill = (...names: string[]) => names.forEach((name) => product.processes.get(name)!.kill('SIGKILL'))

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-reserve-'))
    product = await startProduct({ dataDir: folder, apiPort: 0, ocppPort: 0 })
    rest = openRest(product.apiUrl, product.operatorKey)
    for (const [token, groupToken] of [['OWN'], ['OTHER'], ['FAMILY-1', 'FAMILY'], ['FAMILY-2', 'FAMILY']])
      await rest.send('POST', '/v1/id-tokens', {
        token,
        type: 'ISO14443',
        status: 'Accepted',
        ...(groupToken === undefined ? {} : { groupToken }),
      })
    await rest.send('POST', '/v1/id-tokens', { token: 'STOLEN', type: 'ISO14443', status: 'Blocked' })
  }, 180_000)
  afterAll(async () => {
    await Promise.all(chargers.map((one) => one.close()))
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  /** A charger with two connectors, booted. */
  const booted = async (id: string): Promise<Reserving> => {
    const answers: Record<string, object> = {}
    const one = openCharger(product.ocppUrl, { id, answers })
    chargers.push(one)
    await one.connect()
    await one.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'Reserving' })
    const status = (connectorId: number, word: string) =>
      one.call('StatusNotification', { connectorId, status: word, errorCode: 'NoError' })
    for (const connectorId of [1, 2]) await status(connectorId, 'Available')
    return {
      ...one,
      answers,
      status,
      start: (idTag, more = {}) =>
        one.call('StartTransaction', {
          connectorId: 1,
          idTag,
          meterStart: 0,
          timestamp: new Date().toISOString(),
          ...more,
        }),
    }
  }
  const reserve = (id: string, body: object = {}, forMs = 600_000) =>
    rest.send<Answer>('POST', `/v1/chargers/${id}/reservations`, {
      connectorId: 1,
      idToken: 'OWN',
      expiresAt: new Date(Date.now() + forMs).toISOString(),
      ...body,
    })
  const cancel = async (id: string): Promise<Answer> => {
    const response = await fetch(new URL(`/v1/reservations/${id}`, product.apiUrl), {
      method: 'DELETE',
      headers: { authorization: `Bearer ${product.operatorKey}` },
    })
    const answer = (await response.json()) as Answer & { detail: string }
    if (!response.ok) throw new Error(`${response.status} ${answer.detail}`)
    return answer
  }
  const ended = (id: string, state: string, withinMs = 20_000) =>
    rest.eventually<{ items: ReservationView[] }>(
      `/v1/chargers/${id}/reservations`,
      ({ items }) => items[0]?.state === state,
      withinMs,
    )
  const told = (one: Charger, action: string) =>
    one.calls.filter((call) => call.action === action).map(({ params }) => params as ReserveNow)

  it('are taken, shown, honoured by the number that the start carries, and the event names the session', async () => {
    const cp = await booted('RES-1')
    const { reservation, command } = await reserve('RES-1')
    expect(reservation).toMatchObject({ state: 'accepted', reservationId: 1, idToken: { token: 'OWN' } })
    expect(command).toMatchObject({ outcome: 'result', status: 'Accepted' })
    expect(told(cp, 'ReserveNow')).toMatchObject([{ connectorId: 1, idTag: 'OWN', reservationId: 1 }])
    await cp.status(1, 'Reserved')
    const open = await rest.get<{ items: ReservationView[] }>('/v1/reservations?limit=500')
    expect(open.items.map(({ id }) => id)).toContain(reservation.id)
    const { transactionId, idTagInfo } = await cp.start('OWN', { reservationId: 1 })
    expect(idTagInfo.status).toBe('Accepted')
    const { items } = await ended('RES-1', 'used')
    expect(items[0]).toMatchObject({ transactionId: String(transactionId), sessionId: `RES-1.${transactionId}` })
    await expect(cancel(reservation.id)).rejects.toThrow(/409 .*used/)
    // and the next one has a number of its own
    expect((await reserve('RES-1', { connectorId: 2 })).reservation.reservationId).toBe(2)
  }, 60_000)

  it('are honoured by another token of the group, without a number', async () => {
    const cp = await booted('RES-2')
    await reserve('RES-2', { idToken: 'FAMILY-1' })
    expect(told(cp, 'ReserveNow')).toMatchObject([{ idTag: 'FAMILY-1', parentIdTag: 'FAMILY' }])
    expect((await cp.start('FAMILY-2')).idTagInfo).toMatchObject({ status: 'Accepted', parentIdTag: 'FAMILY' })
    await ended('RES-2', 'used')
    await reserve('RES-2', { idToken: undefined, group: 'FAMILY', connectorId: 2 })
    expect(told(cp, 'ReserveNow')[1]).toMatchObject({ idTag: 'FAMILY', parentIdTag: 'FAMILY' })
    await cp.start('FAMILY-1', { connectorId: 2 })
    await ended('RES-2', 'used')
  }, 60_000)

  it('are lost to a token that the charger lets begin in their place, whose start is what it is', async () => {
    const cp = await booted('RES-3')
    await reserve('RES-3')
    const { transactionId, idTagInfo } = await cp.start('OTHER')
    expect(idTagInfo.status).toBe('Accepted')
    const { items } = await ended('RES-3', 'lost')
    expect(items[0]).toMatchObject({ transactionId: String(transactionId) })
  }, 60_000)

  it.each(['Faulted', 'Occupied', 'Rejected', 'Unavailable'])(
    'that a charger answers %s say so',
    async (status) => {
      const id = `RES-${status}`
      const cp = await booted(id)
      cp.answers['ReserveNow'] = { status }
      const { reservation, command } = await reserve(id)
      expect(command).toMatchObject({ outcome: 'result', status })
      expect(reservation).toMatchObject({ state: status.toLowerCase() })
    },
    60_000,
  )

  it('of an unknown connector, for a token that may not charge or in the past are refused, and nothing is sent', async () => {
    const cp = await booted('RES-4')
    await expect(reserve('RES-4', { connectorId: 3 })).rejects.toThrow(/422 .*no connector 3: it has 1 to 2/)
    await expect(reserve('RES-4', { idToken: 'STOLEN' })).rejects.toThrow(/422 .*Blocked/)
    await expect(reserve('RES-4', {}, -1_000)).rejects.toThrow(/422 .*over already/)
    await expect(reserve('RES-4', { group: 'FAMILY' })).rejects.toThrow(/400 .*either idToken or group/)
    await expect(reserve('NOBODY')).rejects.toThrow(/404/)
    expect(told(cp, 'ReserveNow')).toEqual([])
    const { items } = await rest.get<{ items: ReservationView[] }>('/v1/chargers/RES-4/reservations')
    expect(items.map(({ state }) => state).toSorted()).toEqual(['token-refused', 'unknown-connector'])
  }, 60_000)

  it('are cancelled, and one that the charger does not know is told as lost', async () => {
    const cp = await booted('RES-5')
    const first = await reserve('RES-5')
    expect(await cancel(first.reservation.id)).toMatchObject({ reservation: { state: 'cancelled' } })
    const second = await reserve('RES-5')
    cp.answers['CancelReservation'] = { status: 'Rejected' }
    expect(await cancel(second.reservation.id)).toMatchObject({
      reservation: { state: 'lost', detail: 'the charger knows no such reservation: Rejected' },
      command: { outcome: 'result', status: 'Rejected' },
    })
    expect(told(cp, 'CancelReservation')).toEqual([{ reservationId: 1 }, { reservationId: 2 }])
    await expect(cancel('RES-5.99')).rejects.toThrow(/404/)
  }, 60_000)

  it('keep a remote start of another token away, unless it is forced', async () => {
    const cp = await booted('RES-6')
    await reserve('RES-6')
    const remoteStart = (body: object) =>
      rest.send<{ status: string }>('POST', '/v1/chargers/RES-6/commands/RemoteStart', { connectorId: 1, ...body })
    await expect(remoteStart({ idToken: 'OTHER' })).rejects.toThrow(/422 .*is reserved for another id token/)
    expect(told(cp, 'RemoteStartTransaction')).toEqual([])
    expect(await remoteStart({ idToken: 'OWN' })).toMatchObject({ status: 'Accepted' })
    expect(await remoteStart({ idToken: 'OTHER', connectorId: 2 })).toMatchObject({ status: 'Accepted' })
    expect(await remoteStart({ idToken: 'OTHER', force: true })).toMatchObject({ status: 'Accepted' })
  }, 60_000)

  it('end as expired when the charger lets go of them, also when upkeep and timers were killed meanwhile', async () => {
    const cp = await booted('RES-7')
    await reserve('RES-7', {}, 6_000)
    await cp.status(1, 'Reserved')
    kill('upkeep', 'timers')
    await cp.status(1, 'Available')
    const { items } = await ended('RES-7', 'expired', 60_000)
    expect(items).toHaveLength(1)
    expect(told(cp, 'CancelReservation')).toEqual([])
  }, 90_000)

  it('are cancelled once at their end where the charger never lets go, whatever was killed before', async () => {
    const cp = await booted('RES-8')
    await reserve('RES-8', {}, 3_000)
    await cp.status(1, 'Reserved')
    kill('upkeep', 'timers')
    const { items } = await ended('RES-8', 'expired', 120_000)
    expect(items[0]).toMatchObject({ detail: 'the charger let go of it when it was told to' })
    expect(told(cp, 'CancelReservation')).toEqual([{ reservationId: 1 }])
  }, 150_000)
})
