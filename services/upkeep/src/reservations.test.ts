import type { EventNamed } from '@voltrail/contracts/events/registry'
import { CommandId, EvseId, TokenRef, TransactionId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { openHouse } from './fixtures/duty-house.ts'
import { outcomes } from './outcomes.ts'
import { reservations } from './reservations.ts'

const begin = Date.UTC(2026, 0, 31, 12)
const minutes = (count: number) => instant(begin + count * 60_000)
const ref = (letter: string) => TokenRef.parse(letter.repeat(32))
const token = (letter: string) => ({
  ref: ref(letter),
  type: 'ISO14443' as const,
  sealed: { owner: ref(letter), key: 'k', text: 't' },
})
const evseId = EvseId.parse(1)
const commandId = CommandId.parse('c-1')
const terms = { reservationId: 1, evseId, tokenRef: ref('a'), idToken: token('a'), expiresAt: minutes(10) }

const house = () => {
  const opened = openHouse([outcomes, reservations])
  return {
    ...opened,
    ask: () => opened.onDevice({ type: 'ReservationRequested', data: { ...terms, commandId } }),
    send: () => {
      const { tokenRef: _, ...command } = terms
      return opened.told({
        type: 'CommandRequested',
        data: { commandId, deadline: minutes(1), command: { type: 'ReserveNow', ...command } },
      })
    },
    answer: (status: string) =>
      opened.told({
        type: 'CommandSettled',
        data: { commandId, result: { outcome: 'result', status, payload: { status } }, late: false, frames: {} },
      }),
    status: (status: EventNamed<'ConnectorStatusChanged'>['data']['status']) =>
      opened.told({
        type: 'ConnectorStatusChanged',
        data: { evseId, connectorId: 1, status, errorCode: 'NoError' },
      }),
    async starts(letter: string, more: object = {}) {
      const at = instant(opened.now())
      await opened.onSession(TransactionId.parse('4711'), {
        type: 'SessionStarted',
        data: {
          transactionId: TransactionId.parse('4711'),
          evseId,
          connectorId: 1,
          idToken: token(letter),
          authorization: { status: 'Accepted', reason: 'as issued' },
          startKey: 'k',
          startedAt: { receivedAt: at, effectiveAt: at, reason: 'received' },
          ...more,
        },
      })
    },
    /** without a new connection */
    bootAgain: () =>
      opened.told({
        type: 'ChargerBooted',
        data: { vendor: 'Acme', model: 'X', registration: 'Accepted', intervalSeconds: 300 },
      }),
    live: async () => (await opened.state()).reservations ?? [],
    ends: async () => (await opened.state()).endedReservations ?? [],
  }
}
const held = async () => {
  const opened = house()
  await opened.ask()
  await opened.send()
  await opened.answer('Accepted')
  await opened.status('Reserved')
  expect(await opened.live()).toMatchObject([{ reservationId: 1 }])
  return opened
}

describe('a reservation that upkeep follows', () => {
  it('is used by a start that names it, and by one of its token that names none', async () => {
    for (const more of [{ reservationId: '1' }, {}]) {
      const { starts, ends, live } = await held()
      await starts('a', more)
      expect(await ends()).toMatchObject([{ reason: 'used', transactionId: '4711' }])
      expect(await live()).toEqual([])
    }
  })

  it('is lost to another token that the charger let begin there', async () => {
    const { starts, ends } = await held()
    await starts('b')
    expect(await ends()).toMatchObject([{ reason: 'lost', transactionId: '4711' }])
  })

  it('expires when its time is over and the charger lets go of it, and is not cancelled', async () => {
    const { status, wait, ends, asked } = await held()
    await wait(9.5)
    await status('Available')
    expect(await ends()).toMatchObject([{ reason: 'expired' }])
    expect(asked).toEqual([])
  })

  it('expires by itself when the charger never showed it', async () => {
    const { ask, send, answer, wait, ends, asked } = house()
    await ask()
    await send()
    await answer('Accepted')
    await wait(9.5)
    expect(await ends()).toEqual([])
    await wait(1)
    expect(await ends()).toMatchObject([{ reason: 'expired' }])
    expect(asked).toEqual([])
  })

  it('is cancelled once at its end where the charger still shows it a minute later', async () => {
    const { wait, ends, asked } = await held()
    await wait(10.5)
    expect(asked).toEqual([])
    await wait(1)
    expect(asked).toEqual([{ type: 'CancelReservation', reservationId: 1 }])
    expect(await ends()).toMatchObject([{ reason: 'expired', detail: 'the charger let go of it when it was told to' }])
    await wait(10)
    expect(asked).toHaveLength(1)
  })

  it('is over also when the charger never releases it', async () => {
    const { wait, ends, asked, cutOff } = await held()
    cutOff('CancelReservation')
    await wait(12)
    expect(asked).toHaveLength(1)
    expect(await ends()).toMatchObject([
      { reason: 'expired', detail: 'the charger still shows the connector as Reserved' },
    ])
  })

  it('is lost when the charger restarts and shows its connector as Available', async () => {
    const { boot, status, wait, ends } = await held()
    await boot()
    await status('Available')
    expect(await ends()).toEqual([])
    await wait(1)
    expect(await ends()).toMatchObject([
      { reason: 'lost', detail: 'the charger restarted, and shows the connector as Available' },
    ])
  })

  it('is lost when the charger boots again on its connection and does not show it as Reserved', async () => {
    const shownNever = house()
    await shownNever.ask()
    await shownNever.send()
    await shownNever.answer('Accepted')
    await shownNever.bootAgain()
    expect(await shownNever.ends()).toEqual([])
    await shownNever.wait(1)
    expect(await shownNever.ends()).toMatchObject([
      { reason: 'lost', detail: 'the charger restarted, and does not show the connector as Reserved' },
    ])

    const overUnavailable = await held()
    await overUnavailable.bootAgain()
    await overUnavailable.status('Unavailable')
    await overUnavailable.status('Available')
    await overUnavailable.wait(1)
    expect(await overUnavailable.ends()).toMatchObject([{ reason: 'lost' }])
  })

  it('goes on over a boot after which the charger shows it as Reserved, or a start uses it', async () => {
    const shown = house()
    await shown.ask()
    await shown.send()
    await shown.answer('Accepted')
    await shown.bootAgain()
    await shown.status('Reserved')
    await shown.wait(2)
    expect(await shown.ends()).toEqual([])

    const unchanged = await held()
    await unchanged.bootAgain()
    await unchanged.wait(2)
    expect(await unchanged.ends()).toEqual([])

    const used = house()
    await used.ask()
    await used.send()
    await used.answer('Accepted')
    await used.bootAgain()
    await used.status('Preparing')
    await used.starts('a')
    await used.wait(2)
    expect(await used.ends()).toMatchObject([{ reason: 'used' }])
  })

  it('is used, not lost, where the charger shows its connector as Available just before the start', async () => {
    const { status, starts, wait, ends } = await held()
    await status('Available')
    await status('Preparing')
    await starts('a')
    await wait(1)
    expect(await ends()).toMatchObject([{ reason: 'used' }])
  })

  it('whose command was never asked, or met no connection, is unsent', async () => {
    const never = house()
    await never.ask()
    await never.wait(1.5)
    expect(await never.ends()).toEqual([])
    await never.wait(1)
    expect(await never.ends()).toMatchObject([{ reason: 'unsent', detail: 'it was never sent to the charger' }])
    const offline = house()
    await offline.ask()
    await offline.send()
    await offline.told({ type: 'CommandOffline', data: { commandId } })
    expect(await offline.ends()).toMatchObject([{ reason: 'unsent', detail: 'the charger was not connected' }])
  })

  it('whose answer was lost is taken once the charger shows the connector as Reserved since it was asked', async () => {
    const lost = { type: 'CommandOutcomeUnknown', data: { commandId, reason: 'timeout' } } as const
    const shownLater = house()
    await shownLater.ask()
    await shownLater.send()
    await shownLater.told(lost)
    expect(await shownLater.live()).toMatchObject([{ state: 'requested' }])
    await shownLater.status('Reserved')
    const taken = async ({ live }: typeof shownLater) =>
      (await live()).map(({ reservationId, state }) => [reservationId, state])
    expect(await taken(shownLater)).toEqual([[1, undefined]])

    const shownBefore = house()
    await shownBefore.ask()
    await shownBefore.send()
    await shownBefore.status('Reserved')
    await shownBefore.told(lost)
    expect(await taken(shownBefore)).toEqual([[1, undefined]])

    // it was Reserved for somebody else
    const other = house()
    await other.status('Reserved')
    await other.wait(1)
    await other.ask()
    await other.send()
    await other.told(lost)
    await other.wait(1)
    expect(await other.live()).toMatchObject([{ state: 'requested' }])
  })

  it('that the charger refuses ends with its word', async () => {
    const { ask, send, answer, ends } = house()
    await ask()
    await send()
    await answer('Occupied')
    expect(await ends()).toMatchObject([{ reason: 'occupied' }])
  })

  it('stands the same after upkeep was killed, whatever it had heard', async () => {
    const { wait, restart, ends, asked } = await held()
    await wait(5)
    await restart()
    await wait(7)
    expect(asked).toEqual([{ type: 'CancelReservation', reservationId: 1 }])
    expect(await ends()).toMatchObject([{ reason: 'expired' }])
    await restart()
    await wait(2)
    expect(asked).toHaveLength(1)
  })
})
