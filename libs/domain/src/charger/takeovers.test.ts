import type { FactId } from '@voltrail/contracts/ids'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { Decision } from '../decider.ts'
import { at, recorded } from '../fixtures/given.ts'
import { charger, unknownCharger } from './charger.ts'
import { bootCharger, connectCharger, disconnectCharger, type ConnectVerdict } from './connection.ts'
import { settleReview } from './reviews.ts'

/**
 * What happens at a charger: it connects from an address, with a boot under a serial number or without. `end` is the end of
 * the newest connection, `dismissal` what an operator makes of the alarm.
 */
type Step =
  | string
  | { readonly from: string; readonly serial?: string; readonly password?: string }
  | { readonly set: string }
  | { readonly minutes: number }

/** Steps a minute apart (or as told); says for each connection and each end what came of it. */
const live = (...steps: readonly Step[]) => {
  let state = unknownCharger
  let revision = 0
  let now = at(0)
  const told: string[][] = []
  const take = (decided: Decision<ChargerEvent, ConnectVerdict | { readonly kind: string }>): boolean => {
    if ('rejected' in decided) {
      told.push([decided.rejected.kind])
      return false
    }
    told.push(decided.accepted.map(({ type }) => type))
    for (const event of decided.accepted) {
      const one = recorded<ChargerEvent>(event, revision++)
      state = charger.evolve(state, { ...one, metadata: { ...one.metadata, receivedAt: now } })
    }
    return decided.accepted.some(({ type }) => type === 'ChargerConnected')
  }
  const connect = (remoteAddress: string, proof?: string) =>
    connectCharger(
      {
        edge: 'e',
        subprotocol: 'ocpp1.6',
        remoteAddress,
        tls: false,
        credential: proof === undefined ? { kind: 'none' } : { kind: 'basic', proofs: [proof] },
        factId: `f.${told.length}` as FactId,
        adoption: 'open',
        heartbeatSeconds: 300,
        now,
      },
      state,
    )
  for (const [i, step] of steps.entries()) {
    if (typeof step === 'object' && 'minutes' in step) {
      now = at(i + step.minutes)
      continue
    }
    now = now > at(i) ? now : at(i)
    if (step === 'end')
      take(disconnectCharger({ epoch: state.connection!.epoch, edge: 'e', code: 1000, reason: '' }, state))
    else if (step === 'dismissal')
      take(settleReview({ subject: `charger-default.CP1@${state.contestedRevision}`, decision: 'dismissed' }, state))
    else if (typeof step === 'object' && 'set' in step)
      take({
        accepted: [{ type: 'ChargerCredentialsChanged', data: { securityProfile: 1, passwordDigests: [step.set] } }],
      })
    else if (typeof step === 'string') take(connect(step))
    else if (take(connect(step.from, step.password)) && step.serial !== undefined) {
      const boot = {
        vendor: 'V',
        model: 'M',
        serialNumber: step.serial,
        factId: `b.${i}` as FactId,
        intervalSeconds: 60,
      }
      take(bootCharger(boot, state))
      told.pop()
    }
  }
  return { told: told.slice(1), state }
}
const times = (count: number, ...outcome: string[]): string[][] => Array.from({ length: count }, () => outcome)
const connected = ['ChargerConnected']
const contested = ['ChargerIdentityContested', 'ChargerConnectionRefused']
const refused = ['contested-identity']
const box = (serial: string) => ({ from: 'balancer', serial })
const [a, b] = [box('A'), box('B')]

describe('one identity', () => {
  it('of a charger that reconnects from the same address is never contested', () => {
    expect(live(...times(12, 'a').flat()).told).toEqual(times(11, ...connected))
  })

  it('of two boxes: the sixth takeover within ten minutes is refused and told once; the incumbent stays', () => {
    expect(live('a', 'b', 'a', 'b', 'a', 'b', 'a', 'a', 'b').told).toEqual([
      ...times(5, ...connected),
      contested,
      refused,
      connected,
    ])
  })

  it('goes to the other box once the incumbent has gone', () => {
    expect(live('a', 'b', 'a', 'b', 'a', 'b', 'a', 'end', 'a').told.slice(5)).toEqual([
      contested,
      ['ChargerDisconnected'],
      connected,
    ])
  })

  it('of two boxes behind one address is told from the serial numbers that they boot with', () => {
    const { told, state } = live(a, b, a, b, a, b, a, b)
    expect(told).toEqual([...times(5, ...connected), contested, refused])
    expect(state.bootedSerials?.map(({ serialNumber }) => serialNumber)).toEqual(['A', 'B'])
  })

  it('of two boxes behind one address that do not boot each time is contested all the same', () => {
    const silent = { from: 'balancer' }
    expect(live(a, b, silent, silent, silent, silent, silent).told).toEqual([...times(5, ...connected), contested])
  })

  it('of one box that boots again and again behind a balancer is never contested', () => {
    expect(live(...Array.from({ length: 12 }, () => a)).told).toEqual(times(11, ...connected))
  })

  it('goes to the box behind the same address once the incumbent has gone', () => {
    expect(live(a, b, a, b, a, b, a, 'end', a).told.slice(5)).toEqual([contested, ['ChargerDisconnected'], connected])
  })

  it('serves a single box again when the ten minutes are over', () => {
    const { told } = live(a, b, a, b, a, b, a, { minutes: 20 }, a, a, a, a, a, a, a)
    expect(told.slice(5)).toEqual([contested, ...times(7, ...connected)])
  })

  it('serves a single box again when the alarm is dismissed, and is contested anew if both go on', () => {
    const { told } = live(a, b, a, b, a, b, a, 'dismissal', a, b, a, b, a, b)
    expect(told.slice(5)).toEqual([contested, ['ReviewSettled'], ...times(5, ...connected), contested])
  })

  it('is not taken by a box with a wrong password, nor do its attempts count', () => {
    const right = { from: 'a', password: 'right' }
    const wrong = { from: 'b', password: 'wrong' }
    const { told, state } = live('a', { set: 'right' }, right, ...times(8, 'x').map(() => wrong), right)
    expect(told.slice(2).flat()).not.toContain('ChargerIdentityContested')
    expect(told.slice(2, -1).flat()).not.toContain('ChargerConnected')
    expect(told.at(-1)).toEqual(connected)
    expect(state.takeovers?.filter(({ sameAddress }) => sameAddress !== true)).toEqual([])
  })
})
