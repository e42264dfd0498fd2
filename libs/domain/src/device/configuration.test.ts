import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { CommandId } from '@voltrail/contracts/ids'
import { accept } from '../decider.ts'
import { at, given } from '../fixtures/given.ts'
import { applyOutcome } from './command-outcome.ts'
import type { SettledCommand } from './settled-command.ts'
import {
  bootAfterChange,
  desireConfiguration,
  keyStep,
  noticeDrift,
  settleMs,
  suspendKey,
  type KeyTried,
  type Wanted,
} from './configuration.ts'
import { device } from './device.ts'

const desired = (key = 'HeartbeatInterval', value = '60'): DeviceEvent => ({
  type: 'ConfigurationDesired',
  data: { keys: [{ key, value, redacted: false }] },
})
const tried = (outcome: KeyTried['outcome'], given: Partial<KeyTried> = {}): DeviceEvent => ({
  type: 'ConfigurationKeyTried',
  data: { key: 'HeartbeatInterval', outcome, attempts: 1, at: at(0), ...given },
})
const shows = (value: string, full = false): DeviceEvent => ({
  type: 'ConfigurationChanged',
  data: { full, set: [{ key: 'HeartbeatInterval', value, readonly: false }], gone: [] },
})
const settled = (
  command: SettledCommand['command'],
  status: string,
  payload: object = {},
  commandId = 'cfg-1',
): SettledCommand => ({
  commandId: commandId as CommandId,
  command,
  result: { outcome: 'result', status, payload: { status, ...payload } },
  revision: 9,
  settledAt: at(0),
})
const change = { type: 'ChangeConfiguration', key: 'HeartbeatInterval', value: '60', redacted: false } as const
const wanted: Wanted = { key: 'HeartbeatInterval', value: '60', since: at(-60) }
const step = (...history: DeviceEvent[]) => keyStep(wanted, given(device, ...history).state, undefined)

describe('what a charger shows of its configuration', () => {
  it('is kept by what changed, and the whole of it says what is gone', () => {
    const answer = {
      configurationKey: [
        { key: 'HeartbeatInterval', value: '300', readonly: false },
        { key: 'NumberOfConnectors', value: '2', readonly: true },
      ],
    }
    const before: DeviceEvent = {
      type: 'ConfigurationChanged',
      data: {
        full: true,
        set: [
          { key: 'NumberOfConnectors', value: '2', readonly: true },
          { key: 'Old', value: '1', readonly: false },
        ],
        gone: [],
      },
    }
    given(device, before)
      .when((state) => applyOutcome(settled({ type: 'GetConfiguration' }, 'Accepted', answer), state))
      .then({
        type: 'ConfigurationChanged',
        data: {
          full: true,
          set: [{ key: 'HeartbeatInterval', value: '300', readonly: false }],
          gone: ['Old'],
          commandId: 'cfg-1',
        },
      })
  })
  it('of some keys says nothing of the others, and nothing at all when all is as it was', () =>
    given(device, shows('300'))
      .when((state) =>
        applyOutcome(
          settled({ type: 'GetConfiguration', keys: ['HeartbeatInterval'] }, 'Accepted', {
            configurationKey: [{ key: 'HeartbeatInterval', value: '300', readonly: false }],
          }),
          state,
        ),
      )
      .thenNothing())
})

describe('what is desired of a configuration', () => {
  it('is recorded once', () => {
    const command = { keys: [{ key: 'HeartbeatInterval', value: '60' }] }
    given(device)
      .when((state) => desireConfiguration(command, state))
      .then(desired())
    given(device, desired())
      .when((state) => desireConfiguration(command, state))
      .thenNothing()
  })
  it('is taken up anew when it is said again of a key that was left alone', () => {
    given(device, desired(), tried('Quarantined'))
      .when((state) => desireConfiguration({ keys: [{ key: 'HeartbeatInterval', value: '60' }] }, state))
      .then(desired())
    expect(step(desired(), tried('Quarantined'), desired())).toEqual({ do: 'set', attempt: 1, at: 0 })
  })
  it('is no longer, once it is released', () => {
    const { state } = given(device, desired(), tried('Accepted'), {
      type: 'ConfigurationDesired',
      data: { keys: [], released: ['HeartbeatInterval'] },
    })
    expect([state.desired, state.keys]).toEqual([[], []])
  })
  it.each([
    ['AuthorizationKey', 'x', 'secret-key', /security/],
    ['SecurityProfile', '2', 'secret-key', /security/],
    ['WifiPassword', 'x', 'secret-key', /never kept/],
    ['LogUrl', 'ftp://a:b@host', 'secret-key', /never kept/],
    ['LogUrl', ' "ftp://a:b@host"', 'secret-key', /never kept/],
    ['LogUrl', 'https://bucket.example.com/x?X-Amz-Signature=abcdef', 'secret-key', /never kept/],
    ['LogUrl', 'https://api.example.com/v1?token=abcdef', 'secret-key', /never kept/],
    [
      'LogUrl',
      `https://files.example.com/${'f00000g0000000'}${'a'.repeat(16)}/${'b'.repeat(26)}/x.bin`,
      'secret-key',
      /never kept/,
    ],
  ])('is never %s=%s: %s', (key, value, kind, detail) =>
    given(device)
      .when((state) => desireConfiguration({ keys: [{ key, value }] }, state))
      .thenRejected({ kind, detail: expect.stringMatching(detail) }),
  )
})

describe('a desired key', () => {
  it('is set when the charger shows another value, or none, and left when it is right', () => {
    expect(step(desired())).toEqual({ do: 'set', attempt: 1, at: 0 })
    expect(step(desired(), shows('300'))).toEqual({ do: 'set', attempt: 1, at: 0 })
    expect(step(desired(), shows('60'))).toEqual({ do: 'nothing' })
  })
  it('that the charger took is what it shows', () =>
    given(device, desired(), shows('300'))
      .when((state) => applyOutcome(settled(change, 'Accepted'), state))
      .then(
        {
          type: 'ConfigurationChanged',
          data: {
            full: false,
            set: [{ key: 'HeartbeatInterval', value: '60', readonly: false }],
            gone: [],
            commandId: 'cfg-1',
          },
        },
        tried('Accepted', { commandId: 'cfg-1' } as object),
      ))
  it.each(['Rejected', 'NotSupported'])('that is %s is remembered and not tried again', (status) => {
    given(device, desired())
      .when((state) => applyOutcome(settled(change, status), state))
      .thenMatching({ data: { key: 'HeartbeatInterval', outcome: status, attempts: 1, at: at(0), commandId: 'cfg-1' } })
    expect(step(desired(), tried(status as 'Rejected'))).toEqual({ do: 'nothing' })
  })
  it('that nobody answered is tried again, later each time', () => {
    const silent: SettledCommand = {
      ...settled(change, ''),
      result: { outcome: 'callError', code: 'x', description: '' },
    }
    for (const [attempts, minutes] of [
      [0, 5],
      [1, 10],
      [2, 20],
      [20, 1_440],
    ] as const)
      given(device, desired(), tried('Failed', { attempts }))
        .when((state) => applyOutcome(silent, state))
        .thenMatching({ data: expect.objectContaining({ outcome: 'Failed', nextAt: at(minutes) }) })
  })
  it('that needs a boot waits for it, and for no second one', () => {
    const history = [desired(), shows('300'), tried('RebootRequired')] as const
    expect(step(...history)).toEqual({ do: 'reset' })
    const { state } = given(device, ...history, shows('60'))
    expect(keyStep(wanted, state, at(5))).toEqual({ do: 'nothing' })
  })
  it('that shows another value again has drifted, and is set again later', () => {
    const history = [desired(), tried('Accepted'), shows('300')] as const
    expect(step(...history)).toEqual({ do: 'drift' })
    given(device, ...history)
      .when((state) => noticeDrift('HeartbeatInterval', at(60), state))
      .then(tried('Drifted', { at: at(60), nextAt: at(65) }))
  })
  it('that an operator sets by hand is left to the operator', () => {
    const by = { kind: 'operator', id: 'ann' } as const
    given(device, desired())
      .when((state) => applyOutcome({ ...settled({ ...change, value: '90' }, 'Accepted', {}, 'by-hand'), by }, state))
      .thenMatching(
        { type: 'ConfigurationChanged' },
        { data: { key: 'HeartbeatInterval', outcome: 'Suspended', attempts: 0, at: at(0), by } },
      )
    expect(step(desired(), tried('Suspended'))).toEqual({ do: 'nothing' })
    given(device)
      .when((state) => suspendKey('HeartbeatInterval', at(0), { kind: 'operator', id: 'ann' }, state))
      .then(tried('Suspended', { attempts: 0, by: { kind: 'operator', id: 'ann' } }))
    given(device, desired(), tried('Suspended'))
      .when((state) => applyOutcome(settled({ ...change, value: '60' }, 'Accepted'), state))
      .thenMatching({ type: 'ConfigurationChanged' })
  })
  it('is left alone once the charger has booted twice after it, and says so', () => {
    given(device, desired(), tried('Accepted'))
      .when((state) => bootAfterChange(at(9), state))
      .then(tried('Rebooted', { boots: 1, bootAt: at(9), nextAt: at(19) }))
    const twice = given(device, desired(), tried('Accepted', { at: at(20), boots: 1, bootAt: at(9) }))
    twice
      .when((state) => bootAfterChange(at(21), state))
      .then(tried('Quarantined', { at: at(20), boots: 2, bootAt: at(21) }))
    expect(step(desired(), tried('Quarantined', { boots: 2 }))).toEqual({ do: 'nothing' })
  })
  it('is not to blame for a boot that it needed, or that came long after, nor twice for the same', () => {
    for (const event of [tried('RebootRequired'), tried('Accepted', { boots: 1, bootAt: at(5) })])
      given(device, desired(), event)
        .when((state) => bootAfterChange(at(5), state))
        .thenNothing()
    given(device, desired(), tried('Accepted'))
      .when((state) => bootAfterChange(at(10), state))
      .thenNothing()
  })
  it('waits until a boot has settled, twice as long for each boot that we caused', () => {
    expect(settleMs(given(device).state)).toBe(60_000)
    expect(settleMs(given(device, tried('Rebooted', { boots: 1 })).state)).toBe(120_000)
  })
})

it('a summary of a configuration is its fold', () => {
  const history = [desired(), shows('300', true), tried('Accepted'), shows('60'), tried('Drifted')] as const
  const { state } = given(device, ...history)
  const summarised = given(device, { type: 'DeviceSummarised', data: { summary: state } }).state
  expect({ ...summarised, eventsSinceSummary: 0 }).toEqual({ ...state, eventsSinceSummary: 0 })
  expect(accept()).toEqual({ accepted: [] })
})

describe('a charger that writes the names of its keys in another case', () => {
  const showsOwn = (value: string): DeviceEvent => ({
    type: 'ConfigurationChanged',
    data: { full: true, set: [{ key: 'heartbeatInterval', value, readonly: false }], gone: [] },
  })
  it('shows the value that is desired: nothing is sent', () => {
    expect(step(desired(), showsOwn('60'))).toEqual({ do: 'nothing' })
    expect(step(desired(), tried('Accepted'), showsOwn('60'))).toEqual({ do: 'nothing' })
    expect(step(desired(), tried('Accepted'), showsOwn('300'))).toEqual({ do: 'drift' })
  })
  it('is taken to show what it accepted under its own name', () => {
    given(device, desired(), showsOwn('300'))
      .when((state) => applyOutcome(settled(change, 'Accepted'), state))
      .thenMatching(
        { data: expect.objectContaining({ set: [{ key: 'heartbeatInterval', value: '60', readonly: false }] }) },
        { type: 'ConfigurationKeyTried' },
      )
  })
  it('has each key once, also when it writes its name otherwise than before', () => {
    const secret = { key: 'AuthorizationKey', readonly: false }
    const before: DeviceEvent = { type: 'ConfigurationChanged', data: { full: false, set: [secret], gone: [] } }
    const answer = { configurationKey: [{ key: 'authorizationKey', readonly: false }] }
    for (const keys of [undefined, ['AuthorizationKey']] as const) {
      const read = given(device, before).when((state) =>
        applyOutcome(settled({ type: 'GetConfiguration', ...(keys && { keys: [...keys] }) }, '', answer), state),
      )
      const [event] = read.events
      expect(event).toMatchObject({ data: { set: [{ key: 'authorizationKey' }], gone: ['AuthorizationKey'] } })
      expect(given(device, before, ...read.events).state.configuration?.keys).toEqual([
        { key: 'authorizationKey', readonly: false },
      ])
    }
  })
  it('has no key desired twice, nor left to somebody under one spelling and set under another', () => {
    const other = { ...change, key: 'HEARTBEATINTERVAL', value: '10' }
    const byHand = given(device, desired()).when((state) => applyOutcome(settled(other, 'Accepted', {}, 'op-1'), state))
    expect(step(desired(), ...byHand.events)).toEqual({ do: 'nothing' })
    const twice = [
      { key: 'HeartbeatInterval', value: '60' },
      { key: 'heartbeatinterval', value: '61' },
    ]
    expect(desireConfiguration({ keys: twice }, given(device).state)).toMatchObject({
      rejected: { kind: 'repeated-key' },
    })
    const { state } = given(device, desired(), desired('heartbeatinterval', '61'))
    expect(state.desired?.map(({ key, value }) => [key, value])).toEqual([['heartbeatinterval', '61']])
  })
})
