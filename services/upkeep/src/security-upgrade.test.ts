import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import { ChargerId, TenantId, type FactId, type TransactionId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { judgeConnection } from '@voltrail/domain/charger/connection'
import type { DutyDeps } from './duty.ts'
import { openHouse } from './fixtures/duty-house.ts'
import { securityUpgrade } from './security-upgrade.ts'

const begin = Date.UTC(2026, 0, 31, 12)
const stream = chargerStream(TenantId.parse('default'), ChargerId.parse('CP1'))
const connected = (onNext = false): ChargerEvent => ({
  type: 'ChargerConnected',
  data: {
    edge: 'e',
    subprotocol: 'ocpp1.6',
    remoteAddress: '::1',
    tls: false,
    authenticatedBy: 'basic',
    heartbeatSeconds: 300,
    ...(onNext ? { onNext: true as const } : {}),
  },
})
const disconnected = (epoch: string): ChargerEvent => ({
  type: 'ChargerDisconnected',
  data: { epoch: epoch as never, edge: 'e', code: 1006, reason: '' },
})
const opened: ChargerEvent = {
  type: 'TransactionOpened',
  data: {
    transactionId: '7' as TransactionId,
    evseId: 1,
    connectorId: 1,
    startKey: 'k',
    tokenRef: 'a'.repeat(32) as never,
    authorization: 'Accepted',
    startedAt: { effectiveAt: instant(begin), reason: 'received', receivedAt: instant(begin) },
  },
}

/** A charger whose key is rotated from now on, for ten minutes. `prepare`: how it answers; `before`: what happens before that. */
const rotation = async (
  prepare: (house: ReturnType<typeof openHouse>) => void = () => {},
  ...before: readonly ChargerEvent[]
) => {
  let deps: DutyDeps | undefined
  const house = openHouse([
    (given) => {
      deps = given
      return securityUpgrade(given)
    },
  ])
  prepare(house)
  await house.told(
    { type: 'ChargerRegistered', data: { registration: 'Accepted', by: 'operator', securityProfile: 1 } },
    { type: 'ChargerCredentialsChanged', data: { securityProfile: 1, passwordDigests: ['old-digest'] } },
    connected(),
    ...before,
  )
  await house.onDevice({
    type: 'SecurityUpgradeBegun',
    data: {
      upgradeId: 'u1',
      toProfile: 1,
      until: instant(begin + 10 * 60_000),
      passwordDigests: ['new-digest'],
      sealedKey: { key: 'k', owner: 'b'.repeat(32), text: 't' } as never,
    },
  })
  await house.wait(1)
  const judged = async (proof: string) => {
    const { state } = await deps!.loop.load(charger, stream)
    return judgeConnection(
      {
        factId: 'f' as FactId,
        adoption: 'closed',
        heartbeatSeconds: 1,
        now: instant(house.now()),
        edge: 'e',
        remoteAddress: '::1',
        tls: false,
        credential: { kind: 'basic', proofs: [proof] },
        subprotocol: 'ocpp1.6',
      },
      state,
    ).kind
  }
  return { house, judged: async () => [await judged('old-digest'), await judged('new-digest')] }
}

describe('a key that is rotated', () => {
  it('is never withdrawn from a charger that took it and lost its power until the time was over', async () => {
    const { house, judged } = await rotation()
    expect(house.answers.get).toHaveProperty('AuthorizationKey')
    await house.told(disconnected('2'))
    await house.wait(30)
    expect((await house.state()).securityUpgrade).toBeUndefined()
    expect(await judged()).toEqual(['welcome', 'welcome'])
  })

  it('is never withdrawn from a charger that is back with it in a session, where it does not boot', async () => {
    const { house, judged } = await rotation()
    const resets = () => house.asked.filter(({ type }) => type === 'Reset').length
    const before = resets()
    await house.told(opened, connected(true))
    await house.wait(30)
    expect(resets()).toBe(before)
    expect(await judged()).toEqual(['welcome', 'welcome'])
  })

  it('has a charger that takes it after a boot only reset at once, and once its session is over where there is one', async () => {
    const resets = (house: ReturnType<typeof openHouse>) => house.asked.filter(({ type }) => type === 'Reset').length
    const idle = await rotation(({ answers }) => (answers.set = 'RebootRequired'))
    expect(resets(idle.house)).toBe(1)
    const { house } = await rotation(({ answers }) => (answers.set = 'RebootRequired'), opened)
    expect(resets(house)).toBe(0)
    await house.told({ type: 'TransactionClosed', data: { transactionId: '7' as TransactionId, reason: 'stopped' } })
    await house.wait(1)
    expect(resets(house)).toBe(1)
  })

  it('is sent again to a charger whose answer was lost with its connection, and locks it out neither way', async () => {
    const { house, judged } = await rotation((made) => made.loseAnswers('ChangeConfiguration'))
    const keys = () => house.asked.filter(({ type }) => type === 'ChangeConfiguration').length
    expect(keys()).toBe(1)
    await house.told(disconnected('2'))
    await house.restart()
    expect([keys(), await judged()]).toEqual([1, ['welcome', 'welcome']])
    house.keepAnswers('ChangeConfiguration')
    await house.told(connected())
    await house.wait(1)
    expect(keys()).toBe(2)
    // it boots with it
    const proven = { securityProfile: 1, passwordDigests: ['new-digest'], upgradeId: 'u1' }
    await house.told(connected(true), { type: 'ChargerCredentialsChanged', data: proven })
    expect((await house.state()).securityUpgrade).toBeUndefined()
    expect(await judged()).toEqual(['bad-credential', 'welcome'])
  })

  it('is withdrawn where the charger refused it, or never got it', async () => {
    const refused = await rotation(({ answers }) => (answers.set = 'Rejected'))
    expect(await refused.judged()).toEqual(['welcome', 'bad-credential'])
    const offline = await rotation(({ cutOff }) => cutOff('ChangeConfiguration'))
    await offline.house.told(disconnected('2'))
    await offline.house.wait(30)
    expect(await offline.judged()).toEqual(['welcome', 'bad-credential'])
  })
})
