import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { CommandResult } from '@voltrail/contracts/facts'
import { CommandId, EvseId, TokenRef, TransactionId } from '@voltrail/contracts/ids'
import type { StoredIdToken } from '@voltrail/contracts/personal'
import { at, given } from '../fixtures/given.ts'
import { applyOutcome } from './command-outcome.ts'
import { device } from './device.ts'
import { expireReservation, heldOn, honourStart, releaseReservation, reservationUnsent } from './reservation-end.ts'
import { requestReservation, reservationRefusal, type ReservationAsked } from './reservation-request.ts'

const token = (letter: string): StoredIdToken => {
  const ref = TokenRef.parse(letter.repeat(32))
  return { ref, type: 'ISO14443', sealed: { owner: ref, key: 'k', text: 't' } }
}
const own = token('a')
const other = token('b')
const group = token('c').ref
const one = EvseId.parse(1)
const commandId = (name: string) => CommandId.parse(name)
const transactionId = TransactionId.parse('4711')

const asked = (more: Partial<ReservationAsked> = {}): ReservationAsked => ({
  commandId: commandId('c-1'),
  evseId: one,
  idToken: own,
  expiresAt: at(30),
  requestedAt: at(0),
  ...more,
})
const requested = (more: object = {}): DeviceEvent => ({
  type: 'ReservationRequested',
  data: {
    reservationId: 1,
    evseId: one,
    tokenRef: own.ref,
    expiresAt: at(30),
    idToken: own,
    commandId: commandId('c-1'),
    ...more,
  },
})
const made = (more: object = {}): DeviceEvent => {
  const { data } = requested(more) as Extract<DeviceEvent, { type: 'ReservationRequested' }>
  return { type: 'ReservationMade', data }
}
const ended = (reason: string, more: object = {}) => ({
  type: 'ReservationEnded',
  data: { reservationId: 1, reason, ...more },
})
const end = (reason: string, more: object = {}) => ended(reason, more) as DeviceEvent

const reserveNow = { type: 'ReserveNow', reservationId: 1, evseId: one, expiresAt: at(30), idToken: own } as const
const answer = (status: string): CommandResult => ({ outcome: 'result', status, payload: { status } })
const settled = (result: CommandResult, command: object = reserveNow, name = 'c-1', settledAt = at(1)) => ({
  commandId: commandId(name),
  command: command as never,
  result,
  revision: 5,
  settledAt,
})
const start = (more: object = {}) => ({
  transactionId,
  evseId: one,
  tokenRef: own.ref,
  startedAt: { receivedAt: at(10), effectiveAt: at(10), reason: 'received' as const },
  ...more,
})

describe('a reservation that is asked for', () => {
  const ask = (more: Partial<ReservationAsked> = {}) => requestReservation(asked(more), given(device).state)

  it('gets a number that its charger never had, and keeps it when it is asked again', () => {
    given(device)
      .when((state) => requestReservation(asked(), state))
      .then(requested())
    given(device, requested())
      .when((state) => requestReservation(asked(), state))
      .thenNothing()
    given(device, requested(), end('cancelled'))
      .when((state) => requestReservation(asked({ commandId: commandId('c-2') }), state))
      .then(requested({ reservationId: 2, commandId: 'c-2' }))
  })

  it('by hand under a number that was used is refused, under one that it holds it is a change', () => {
    const byHand = (reservationId: number) => asked({ commandId: commandId('c-2'), reservationId })
    given(device, requested(), end('used'))
      .when((state) => requestReservation(byHand(1), state))
      .thenRejected({ kind: 'used-number', detail: expect.stringContaining('leave it out') })
    given(device, requested(), made())
      .when((state) => requestReservation(byHand(1), state))
      .thenNothing()
    given(device, requested(), made())
      .when((state) => requestReservation(byHand(2_000_000_000), state))
      .then(requested({ reservationId: 2_000_000_000, commandId: 'c-2' }))
    // which leaves the numbers that we make as they were
    given(device, requested(), requested({ reservationId: 2_000_000_000 }))
      .when((state) => requestReservation(asked({ commandId: commandId('c-3') }), state))
      .then(requested({ reservationId: 2, commandId: 'c-3' }))
  })

  it('that would be over already is refused', () => {
    expect(ask({ expiresAt: at(0) })).toMatchObject({ rejected: { kind: 'expired' } })
  })

  it('and cannot be kept is recorded, with the reason, and ends at once', () => {
    given(device)
      .when((state) =>
        requestReservation(asked({ refusal: { reason: 'unknown-connector', detail: 'no connector 1' } }), state),
      )
      .then(requested(), ended('unknown-connector', { detail: 'no connector 1' }))
  })
})

describe('what is known of a charger refuses a reservation before it is sent', () => {
  const connectors = [0, 1, 2].map((evseId) => ({ evseId: EvseId.parse(evseId) }) as never)
  const keys = (...pairs: [string, string][]) => ({
    keys: pairs.map(([key, value]) => ({ key, value, readonly: true })),
  })
  const verdict = { status: 'Accepted', reason: 'as issued' } as const
  const refuse = (evseId: number, known: Parameters<typeof reservationRefusal>[1], given: object = { verdict }) =>
    reservationRefusal({ evseId: EvseId.parse(evseId), verdict: undefined, ...given }, known)

  it('of a connector that it does not have', () => {
    expect(refuse(3, { connectors })).toMatchObject({
      reason: 'unknown-connector',
      detail: expect.stringMatching('1 to 2'),
    })
    expect(refuse(2, { connectors })).toBeUndefined()
    expect(refuse(2, { connectors: [], configuration: keys(['NumberOfConnectors', '1']) })).toMatchObject({
      reason: 'unknown-connector',
    })
    expect(refuse(9, { connectors: [] })).toBeUndefined()
  })

  it('of any connector where it says that it does not support that', () => {
    const zero = (value: string) =>
      refuse(0, { connectors, configuration: keys(['ReserveConnectorZeroSupported', value]) })
    expect(zero('false')).toMatchObject({ reason: 'unsupported' })
    const spelt = { connectors, configuration: keys(['reserveConnectorZeroSupported', 'false']) }
    expect(refuse(0, spelt)).toMatchObject({ reason: 'unsupported' })
    expect(zero('true')).toBeUndefined()
    expect(refuse(0, { connectors })).toBeUndefined()
  })

  it('for a token that may not charge', () => {
    expect(refuse(1, { connectors }, { verdict: { status: 'Blocked', reason: 'as issued' } })).toMatchObject({
      reason: 'token-refused',
      detail: expect.stringContaining('Blocked'),
    })
  })
})

describe('the charger’s answer to a reservation', () => {
  it('accepts it', () =>
    given(device, requested())
      .when((state) => applyOutcome(settled(answer('Accepted')), state))
      .then(made()))

  it.each([
    ['Faulted', 'faulted'],
    ['Occupied', 'occupied'],
    ['Rejected', 'rejected'],
    ['Unavailable', 'unavailable'],
  ])('%s ends it as %s', (status, reason) =>
    given(device, requested())
      .when((state) => applyOutcome(settled(answer(status)), state))
      .then(ended(reason, { detail: `it answered ${status}`, commandId: 'c-1' })),
  )

  it('that it knows no reservations, or that it never got it, ends it', () => {
    given(device, requested())
      .when((state) =>
        applyOutcome(settled({ outcome: 'callError', code: 'NotSupported', description: 'no such profile' }), state),
      )
      .thenMatching(ended('unsupported', { detail: 'it answered NotSupported: no such profile', commandId: 'c-1' }))
    given(device, requested())
      .when((state) => applyOutcome(settled({ outcome: 'notSent', reason: 'full' }), state))
      .thenMatching(ended('unsent', { detail: 'full', commandId: 'c-1' }))
    given(device, requested())
      .when((state) => reservationUnsent({ reservationId: 1, detail: 'not connected' }, state))
      .then(ended('unsent', { detail: 'not connected' }))
  })

  it('to a change that it refuses leaves what it holds as it was', () =>
    given(device, requested(), made())
      .when((state) => applyOutcome(settled(answer('Occupied'), { ...reserveNow, expiresAt: at(60) }, 'c-2'), state))
      .thenNothing())

  it('that accepts another one in its place loses it', () =>
    given(device, requested(), made(), requested({ reservationId: 2, commandId: 'c-2' }))
      .when((state) => applyOutcome(settled(answer('Accepted'), { ...reserveNow, reservationId: 2 }, 'c-2'), state))
      .then(ended('lost', { detail: 'reservation 2 took its place' }), made({ reservationId: 2, commandId: 'c-2' })))

  it('that comes when it is over changes nothing', () =>
    given(device, requested(), end('expired'))
      .when((state) => applyOutcome(settled(answer('Accepted')), state))
      .thenNothing())
})

describe('a reservation that is taken back', () => {
  const cancel = { type: 'CancelReservation', reservationId: 1 }
  const cancelled = (result: CommandResult, settledAt = at(5)) =>
    given(device, requested(), made()).when((state) => applyOutcome(settled(result, cancel, 'c-9', settledAt), state))

  it('is cancelled when the charger says so', () =>
    cancelled(answer('Accepted')).then(ended('cancelled', { commandId: 'c-9' })))

  it('is lost when the charger does not know it', () =>
    cancelled(answer('Rejected')).thenMatching(
      ended('lost', { detail: 'the charger knows no such reservation: Rejected', commandId: 'c-9' }),
    ))

  it('after its time has expired', () => {
    cancelled(answer('Accepted'), at(31)).thenMatching(
      ended('expired', { detail: 'the charger let go of it when it was told to', commandId: 'c-9' }),
    )
    cancelled(answer('Rejected'), at(31)).thenMatching(
      ended('expired', { detail: 'the charger would not let go of it: Rejected', commandId: 'c-9' }),
    )
  })

  it('goes on when nobody knows whether it was', () => cancelled({ outcome: 'timeout' }).thenNothing())
})

describe('a start and a reservation', () => {
  const honour = (more: object, ...history: DeviceEvent[]) =>
    given(device, requested(), made(), ...history).when((state) => honourStart(start(more), state))
  const used = ended('used', { transactionId })

  it('that names it uses it, whoever began, and once', () => {
    honour({ reservationId: '1', tokenRef: other.ref, evseId: EvseId.parse(2) }).then(used)
    honour({ reservationId: '1' }, end('used', { transactionId })).thenNothing()
  })

  it('that names it late is believed, also when it seemed to be over', () => {
    honour({ reservationId: '1' }, end('expired')).then(used)
    honour({ reservationId: '1' }, end('lost')).then(used)
  })

  it('by its token on its connector uses it, without naming it or under a number that is none', () => {
    honour({}).then(used)
    honour({ reservationId: '-1' }).then(used)
    honour({ reservationId: '0' }).then(used)
  })

  it('by its token elsewhere does not, but of one for any connector', () => {
    honour({ evseId: EvseId.parse(2) }).thenNothing()
    given(device, requested({ evseId: 0 }), made({ evseId: 0 }))
      .when((state) => honourStart(start({ evseId: EvseId.parse(2) }), state))
      .then(used)
  })

  it('by another token of its group uses it', () => {
    given(device, requested({ groupRef: group }), made({ groupRef: group }))
      .when((state) => honourStart(start({ tokenRef: other.ref, groupRef: group }), state))
      .then(used)
    given(device, requested({ tokenRef: group, groupRef: group }), made({ tokenRef: group, groupRef: group }))
      .when((state) => honourStart(start({ tokenRef: group }), state))
      .then(used)
  })

  it('by another token that the charger let begin there loses it', () =>
    honour({ tokenRef: other.ref }).then(
      ended('lost', { detail: 'the charger let another id token begin in its place', transactionId }),
    ))

  it('that began before it was asked for, or long after it was over, has nothing to do with it', () => {
    const began = (minutes: number) => ({
      startedAt: { receivedAt: at(Math.max(1, minutes)), effectiveAt: at(minutes), reason: 'charger-clock' },
    })
    honour(began(-5)).thenNothing()
    honour({ ...began(-5), tokenRef: other.ref }).thenNothing()
    honour(began(40)).thenNothing()
  })
})

describe('a reservation whose time passes', () => {
  it('expires, and not before', () => {
    const expire = (minutes: number, held = false) =>
      given(device, requested(), made()).when((state) =>
        expireReservation({ reservationId: 1, now: at(minutes), held }, state),
      )
    expire(29).thenNothing()
    expire(30).then(ended('expired'))
    expire(32, true).then(ended('expired', { detail: 'the charger still shows the connector as Reserved' }))
    given(device, requested())
      .when((state) => expireReservation({ reservationId: 1, now: at(30), held: false }, state))
      .then(ended('expired', { detail: 'the charger never said whether it took it' }))
  })

  it('has expired when the charger shows its connector as Available about then, and is lost when it does so before', () => {
    const release = (minutes: number, restarted = false) =>
      given(device, requested(), made()).when((state) =>
        releaseReservation({ evseId: one, at: at(minutes), restarted }, state),
      )
    release(29.5).then(ended('expired'))
    release(10).then(ended('lost', { detail: 'the charger shows the connector as Available before its time' }))
    release(10, true).then(ended('lost', { detail: 'the charger restarted, and shows the connector as Available' }))
  })

  it('holds its connector until then, once the charger took it', () => {
    const on = (minutes: number, ...history: DeviceEvent[]) => heldOn(given(device, ...history).state, one, at(minutes))
    expect(on(10, requested())).toBeUndefined()
    expect(on(10, requested(), made())).toMatchObject({ reservationId: 1 })
    expect(on(30, requested(), made())).toBeUndefined()
    expect(on(10, requested(), made(), end('cancelled'))).toBeUndefined()
  })
})
