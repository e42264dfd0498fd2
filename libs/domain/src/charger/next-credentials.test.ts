import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { ConnectionEpoch, FactId } from '@voltrail/contracts/ids'
import { at, given } from '../fixtures/given.ts'
import { charger } from './charger.ts'
import { bootCharger, connectCharger, registerCharger, type Connect } from './connection.ts'
import { keepCredentials, offerCredentials, withdrawCredentials } from './next-credentials.ts'

const registered: ChargerEvent = {
  type: 'ChargerRegistered',
  data: { registration: 'Accepted', by: 'operator', securityProfile: 1 },
}
const today = { securityProfile: 1, passwordDigests: ['old'] }
const password: ChargerEvent = { type: 'ChargerCredentialsChanged', data: today }
const next = { upgradeId: 'u1', securityProfile: 2, passwordDigests: ['new'], until: at(10) }
const offered: ChargerEvent = { type: 'ChargerCredentialsChanged', data: { ...today, next } }
const proven: ChargerEvent = {
  type: 'ChargerCredentialsChanged',
  data: { securityProfile: 2, passwordDigests: ['new'], upgradeId: 'u1' },
}

let facts = 0
const connect = (proof: string, more: Partial<Connect> = {}): Connect => ({
  factId: `f${++facts}` as FactId,
  adoption: 'closed',
  heartbeatSeconds: 300,
  now: at(1),
  edge: 'edge-0',
  subprotocol: 'ocpp1.6',
  remoteAddress: '192.0.2.7',
  tls: true,
  credential: { kind: 'basic', proofs: [proof] },
  ...more,
})
const connected = (onNext?: true): ChargerEvent => ({
  type: 'ChargerConnected',
  data: {
    edge: 'edge-0',
    subprotocol: 'ocpp1.6',
    remoteAddress: '192.0.2.7',
    tls: true,
    authenticatedBy: 'basic',
    heartbeatSeconds: 300,
    ...(onNext === undefined ? {} : { onNext }),
  },
})
const boot = (epoch: string) => ({
  factId: `f${++facts}` as FactId,
  epoch: epoch as ConnectionEpoch,
  intervalSeconds: 300,
  vendor: 'V',
  model: 'M',
})

const types = (decided: { readonly events: readonly { readonly type: string }[] }) =>
  decided.events.map(({ type }) => type)

describe('an upgrade of a charger’s credentials', () => {
  it('makes the next ones good beside those of today', () => {
    given(charger, registered, password)
      .when((state) => offerCredentials(next, state))
      .then(offered)
    const during = given(charger, registered, password, offered)
    during
      .when((state) => connectCharger(connect('old', { tls: false }), state))
      .thenMatching({
        type: 'ChargerConnected',
        data: expect.not.objectContaining({ onNext: true }),
      })
    during
      .when((state) => connectCharger(connect('new'), state))
      .thenMatching({
        type: 'ChargerConnected',
        data: expect.objectContaining({ onNext: true }),
      })
  })

  it('is offered once, and never at a lower profile', () => {
    given(charger, registered, password, offered)
      .when((state) => offerCredentials(next, state))
      .thenNothing()
    given(charger, registered, password, proven)
      .when((state) => offerCredentials({ ...next, upgradeId: 'u2', securityProfile: 1 }, state))
      .thenNothing()
  })

  it('lets a charger in that took the key and not yet the profile; a boot there proves nothing', () => {
    const during = given(charger, registered, password, offered)
    const between = during.when((state) => connectCharger(connect('new', { tls: false }), state))
    between.thenMatching({ type: 'ChargerConnected', data: expect.objectContaining({ withNextKey: true }) })
    expect(between.events[0]?.data).not.toHaveProperty('onNext')
    const connectedSo = given(charger, registered, password, offered, ...between.events)
    expect(types(connectedSo.when((state) => bootCharger(boot('3'), state)))).toEqual(['ChargerBooted'])
    during
      .when((state) => connectCharger(connect('new', { tls: false, now: at(11) }), state))
      .thenMatching({ type: 'ChargerConnectionRefused' })
  })

  it('takes the profile that the charger connects by: the old password over TLS is not the next profile by itself', () => {
    const old = given(charger, registered, password, offered).when((state) => connectCharger(connect('old'), state))
    expect(old.events[0]?.data).not.toHaveProperty('onNext')
  })

  it('is over with the first accepted boot on them: then the old ones are refused for good', () => {
    const history = [registered, password, offered, connected(true)] as const
    const booted = given(charger, ...history).when((state) => bootCharger(boot('3'), state))
    expect(types(booted)).toEqual(['ChargerBooted', 'ChargerCredentialsChanged'])
    expect(booted.events[1]).toEqual(proven)
    const after = given(charger, ...history, ...booted.events)
    expect(after.state.nextCredentials).toBeUndefined()
    after.when((state) => connectCharger(connect('old'), state)).thenMatching({ type: 'ChargerConnectionRefused' })
    after.when((state) => connectCharger(connect('new'), state)).thenMatching({ type: 'ChargerConnected' })
  })

  it('is not over by a boot on the old ones, of a charger that waits for approval, or of an older connection', () => {
    const old = given(charger, registered, password, offered, connected()).when((state) =>
      bootCharger(boot('3'), state),
    )
    expect(types(old)).toEqual(['ChargerBooted'])
    const stale = given(charger, registered, password, offered, connected(), connected(true))
    expect(types(stale.when((state) => bootCharger(boot('3'), state)))).toEqual(['ChargerBooted'])
    const pending: ChargerEvent = { type: 'ChargerRegistrationChanged', data: { registration: 'Pending' } }
    const waits = given(charger, registered, password, offered, connected(true), pending)
    expect(types(waits.when((state) => bootCharger(boot('3'), state)))).toEqual(['ChargerBooted'])
  })

  it('is not proven by a boot on a connection that was made for an upgrade before it', () => {
    const second: ChargerEvent = {
      type: 'ChargerCredentialsChanged',
      data: { ...proven.data, next: { ...next, upgradeId: 'u2', securityProfile: 3 } },
    }
    const during = given(charger, registered, password, offered, connected(true), proven, second)
    expect(during.state.connection?.onNext).toBeUndefined()
    expect(types(during.when((state) => bootCharger(boot('3'), state)))).toEqual(['ChargerBooted'])
  })

  it('fails when it is withdrawn, or its time is over: the old ones stay', () => {
    const during = given(charger, registered, password, offered)
    during.when((state) => withdrawCredentials('u1', state)).then(password)
    during.when((state) => withdrawCredentials('u0', state)).thenNothing()
    during
      .when((state) => connectCharger(connect('new', { now: at(11) }), state))
      .thenMatching({ type: 'ChargerConnectionRefused' })
    const after = given(charger, registered, password, offered, password)
    after.when((state) => connectCharger(connect('old'), state)).thenMatching({ type: 'ChargerConnected' })
    after.when((state) => connectCharger(connect('new'), state)).thenMatching({ type: 'ChargerConnectionRefused' })
  })

  it('that the charger may have taken stays good beside the old ones, for however long, until a boot proves it', () => {
    const kept = given(charger, registered, password, offered).when((state) => keepCredentials('u1', state))
    kept.then({ type: 'ChargerCredentialsChanged', data: { ...today, next: { ...next, kept: true } } })
    const history = [registered, password, offered, ...kept.events] as const
    const after = given(charger, ...history)
    after.when((state) => keepCredentials('u1', state)).thenNothing()
    after.when((state) => keepCredentials('u0', state)).thenNothing()
    const late = { now: at(100_000) }
    after
      .when((state) => connectCharger(connect('old', { ...late, tls: false }), state))
      .thenMatching({ type: 'ChargerConnected' })
    const back = after.when((state) => connectCharger(connect('new', late), state))
    back.thenMatching({ type: 'ChargerConnected', data: expect.objectContaining({ onNext: true }) })
    const connectedSo = given(charger, ...history, ...back.events)
    const booted = connectedSo.when((state) => bootCharger(boot(state.connection?.epoch ?? ''), state))
    expect(booted.events[1]).toEqual(proven)
  })

  it('after one that may have been taken leaves the key of that one good until it has come true itself', () => {
    const kept: ChargerEvent = {
      type: 'ChargerCredentialsChanged',
      data: { ...today, next: { ...next, securityProfile: 1, kept: true } },
    }
    const second = { ...next, upgradeId: 'u2', securityProfile: 1, passwordDigests: ['newer'] }
    const history = [registered, password, kept] as const
    const offer = given(charger, ...history).when((state) => offerCredentials(second, state))
    for (const proof of ['old', 'new', 'newer'])
      given(charger, ...history, ...offer.events)
        .when((state) => connectCharger(connect(proof), state))
        .thenMatching({ type: 'ChargerConnected' })
    // also where it comes to nothing
    const withdrawn = given(charger, ...history, ...offer.events).when((state) => withdrawCredentials('u2', state))
    given(charger, ...history, ...offer.events, ...withdrawn.events)
      .when((state) => connectCharger(connect('new'), state))
      .thenMatching({ type: 'ChargerConnected' })
    const sameKey = { ...second, securityProfile: 2, passwordDigests: ['old'] }
    given(charger, ...history)
      .when((state) => offerCredentials(sameKey, state))
      .then({
        type: 'ChargerCredentialsChanged',
        data: { ...today, passwordDigests: ['old', 'new'], next: { ...sameKey, passwordDigests: ['old', 'new'] } },
      })
  })

  it('comes too late to be withdrawn once it has come true', () => {
    given(charger, registered, password, offered, connected(true), proven)
      .when((state) => withdrawCredentials('u1', state))
      .thenNothing()
  })

  it('is ended by an operator who says how the charger connects', () => {
    const said = given(charger, registered, password, offered).when((state) =>
      registerCharger({ registration: 'Accepted', passwordDigests: ['other'] }, state),
    )
    const after = given(charger, registered, password, offered, ...said.events)
    expect(after.state.nextCredentials).toBeUndefined()
  })

  it('rids a charger of a short password when it brings a new key, and not when it keeps the old one', () => {
    const short: ChargerEvent = { type: 'ChargerCredentialsChanged', data: { ...today, passwordShort: true } }
    const over = (digest: string) => {
      const offer = given(charger, registered, short).when((state) =>
        offerCredentials({ ...next, passwordDigests: [digest] }, state),
      )
      const during = given(charger, registered, short, ...offer.events)
      expect(during.state.passwordShort).toBe(true)
      const back = given(charger, registered, short, ...offer.events, connected(true))
      const booted = back.when((state) => bootCharger(boot(state.connection?.epoch ?? ''), state))
      expect(types(booted)).toEqual(['ChargerBooted', 'ChargerCredentialsChanged'])
      return given(charger, registered, short, ...offer.events, connected(true), ...booted.events).state.passwordShort
    }
    expect([over('new'), over('old')]).toEqual([undefined, true])
  })
})
